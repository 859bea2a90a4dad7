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
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class ListingAction(StrEnum):
    """What can happen to a listing."""

    SUBMIT = "submit"
    FINISH_VERIFICATION = "finish_verification"
    CANCEL = "cancel"
    APPROVE = "approve"
    REJECT = "reject"
    REVISE = "revise"
    WITHDRAW = "withdraw"
    RELIST = "relist"
    RECONSIDER = "reconsider"
    """An appeal was right: back to the moderators as it was."""
    RETIRE = "retire"
    """The system takes it off sale because its model has been switched off."""


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
        (S.LIVE, A.WITHDRAW): S.WITHDRAWN,
        (S.LIVE, A.RETIRE): S.WITHDRAWN,
        (S.WITHDRAWN, A.RETIRE): Ignore.DUPLICATE,
        (S.WITHDRAWN, A.WITHDRAW): Ignore.DUPLICATE,
        (S.WITHDRAWN, A.RELIST): S.LIVE,
        # A new version, for another model say; its buyers keep the one they bought.
        (S.WITHDRAWN, A.REVISE): S.DRAFT,
    },
)
