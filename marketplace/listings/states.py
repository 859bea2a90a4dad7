"""The life of a listing, as data."""

from __future__ import annotations

from enum import StrEnum

from marketplace.core.states import Ignore, StateMachine


class ListingState(StrEnum):
    """Where a listing stands."""

    DRAFT = "draft"
    VERIFYING = "verifying"
    IN_REVIEW = "in_review"
    LIVE = "live"
    CHANGES = "changes_requested"
    """A moderator asks for changes; it counts for nothing against its seller."""
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


TURNED_AWAY = (ListingState.REJECTED, ListingState.CHANGES)
"""A moderator has said no, or not yet; the listing says why, and its seller may revise it."""


class ListingAction(StrEnum):
    """What can happen to a listing."""

    SUBMIT = "submit"
    FINISH_VERIFICATION = "finish_verification"
    CANCEL = "cancel"
    APPROVE = "approve"
    REJECT = "reject"
    REQUEST_CHANGES = "request_changes"
    REVISE = "revise"
    WITHDRAW = "withdraw"
    RELIST = "relist"
    RECONSIDER = "reconsider"
    """An appeal was right: back to the moderators as it was."""
    RETIRE = "retire"
    """The system takes it off sale because its model has been switched off."""
    TAKE_DOWN = "take_down"
    """A moderator takes it off sale; it can come back as a new version only."""
    HOLD_BACK = "hold_back"
    """A moderator takes it off sale until something is changed."""
    RESTORE = "restore"
    """An appeal against that was right."""


S, A = ListingState, ListingAction

LISTING_STATES: StateMachine[ListingState, ListingAction] = StateMachine(
    "listing",
    {
        (S.DRAFT, A.SUBMIT): S.VERIFYING,
        (S.DRAFT, A.REVISE): S.DRAFT,
        (S.VERIFYING, A.SUBMIT): Ignore.DUPLICATE,
        (S.VERIFYING, A.FINISH_VERIFICATION): S.IN_REVIEW,
        (S.IN_REVIEW, A.FINISH_VERIFICATION): Ignore.DUPLICATE,
        (S.VERIFYING, A.CANCEL): S.DRAFT,
        (S.IN_REVIEW, A.APPROVE): S.LIVE,
        (S.IN_REVIEW, A.REJECT): S.REJECTED,
        (S.REJECTED, A.REVISE): S.DRAFT,
        (S.REJECTED, A.RECONSIDER): S.IN_REVIEW,
        (S.IN_REVIEW, A.REQUEST_CHANGES): S.CHANGES,
        (S.CHANGES, A.REVISE): S.DRAFT,
        (S.CHANGES, A.RECONSIDER): S.IN_REVIEW,
        (S.LIVE, A.WITHDRAW): S.WITHDRAWN,
        (S.LIVE, A.RETIRE): S.WITHDRAWN,
        (S.WITHDRAWN, A.RETIRE): Ignore.DUPLICATE,
        (S.WITHDRAWN, A.WITHDRAW): Ignore.DUPLICATE,
        (S.WITHDRAWN, A.RELIST): S.LIVE,
        # A new version, for another model say; its buyers keep the one they bought.
        (S.WITHDRAWN, A.REVISE): S.DRAFT,
        **{(state, A.TAKE_DOWN): S.REJECTED for state in (S.LIVE, S.WITHDRAWN)},
        **{(state, A.HOLD_BACK): S.CHANGES for state in (S.LIVE, S.WITHDRAWN)},
        **{(state, A.RESTORE): S.WITHDRAWN for state in (S.REJECTED, S.CHANGES)},
    },
)
