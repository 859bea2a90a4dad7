"""A listing's changes of state, each with its event row. Nothing here commits."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.errors import ConflictError
from marketplace.core.states import Ignore
from marketplace.core.task_queue import TaskQueue, enqueue
from marketplace.core.vault import PromptVault
from marketplace.listings.checks import SubmissionError
from marketplace.listings.models import Listing, ListingEvent, ListingVersion
from marketplace.listings.queries import archived_models, lock_listing
from marketplace.listings.readiness import readiness_problems
from marketplace.listings.states import (
    LISTING_STATES,
    TURNED_AWAY,
    ListingAction,
    ListingState,
)
from marketplace.listings.tiers import Tier
from marketplace.listings.wizard.rows import forget
from marketplace.listings.words import keep, show_words, words_of
from marketplace.task_names import TaskName, queue_of_engine

ABOUT_THE_OFFER = frozenset(
    {
        *(ListingAction.WITHDRAW, ListingAction.RELIST, ListingAction.RETIRE),
        *(ListingAction.TAKE_DOWN, ListingAction.HOLD_BACK, ListingAction.RESTORE),
    }
)
"""What happens to a listing on sale, whatever becomes of an edit of it."""


def submit(
    session: Session, vault: PromptVault, queue: TaskQueue, listing: Listing, actor_id: str
) -> Listing:
    """Hand a draft to verification; from here its version never changes.

    Sending it twice (two tabs, a double click) changes nothing the second time.

    Raises:
        SubmissionError: with everything that is still missing.
        ConflictError: when the listing is past that point.
    """
    lock_listing(session, listing)
    if LISTING_STATES.next(listing.working_state, ListingAction.SUBMIT) is Ignore.DUPLICATE:
        return listing
    may_trade(listing)
    problems = readiness_problems(session, vault, listing)
    if problems:
        raise SubmissionError(problems)
    move(session, listing, ListingAction.SUBMIT, actor_id)
    forget(session, listing.id)
    listing.submitted_at = now()
    listing.rejection_code = listing.rejection_text = None
    version = session.get(ListingVersion, listing.version_id) if listing.version_id else None
    if version is None:
        raise ConflictError("This listing has no prompt yet.")
    to = queue_of_engine(version.target_model.engine)
    enqueue(session, queue, TaskName.CHECK_POLICY, version.id)
    enqueue(session, queue, TaskName.VERIFY_LISTING, version.id, to=to)
    return listing


def cancel_verification(session: Session, listing: Listing, actor_id: str) -> None:
    """Make a listing a draft again whose verification its seller has stopped."""
    lock_listing(session, listing)
    move(session, listing, ListingAction.CANCEL, actor_id)


def finish_verification(session: Session, listing: Listing, reason: str | None = None) -> None:
    """Verification is over, whatever it found: a moderator decides next."""
    lock_listing(session, listing)
    move(session, listing, ListingAction.FINISH_VERIFICATION, None, reason)


def publish(
    session: Session,
    listing: Listing,
    version: ListingVersion,
    actor_id: str,
    reason: str | None = None,
) -> None:
    """Put a version on sale. An edit brings its words along and takes the place of the one before.

    Raises:
        ConflictError: when the version is not the one under review, or the listing is elsewhere.
    """
    lock_listing(session, listing)
    if version.listing_id != listing.id or version.id != listing.version_id:
        raise ConflictError("The listing has another version by now; review that one.")
    is_edit, words = version.edit_state is not None, words_of(listing, version)
    if move(session, listing, ListingAction.APPROVE, actor_id, reason):
        listing.live_version_id = version.id
        version.published_at = now()
        keep(version, words)
        version.words_before = None
        show_words(listing, words)
        if not is_edit:
            listing.published_at = version.published_at  # edits make nothing new of it
        elif listing.state in TURNED_AWAY:
            # It was taken off sale while the edit was under way: this is what it waited for.
            _set(session, listing, ListingAction.APPROVE, ListingState.LIVE, actor_id, reason)
        listing.rejection_code = listing.rejection_text = None


def reject(
    session: Session, listing: Listing, actor_id: str, code: str, text: str, mend: bool = False
) -> None:
    """Turn a listing away with a reason that its seller reads.

    Args:
        mend: it is only to be changed; the state says so.
    """
    lock_listing(session, listing)
    action = ListingAction.REQUEST_CHANGES if mend else ListingAction.REJECT
    if move(session, listing, action, actor_id, code):
        listing.rejection_code, listing.rejection_text = code, text


def withdraw(session: Session, listing: Listing, actor_id: str) -> None:
    """Take a live listing off the shelves; its buyers keep what they bought."""
    lock_listing(session, listing)
    move(session, listing, ListingAction.WITHDRAW, actor_id)


def relist(session: Session, listing: Listing, actor_id: str) -> None:
    """Put a withdrawn listing back as it was: its version has been approved before.

    Raises:
        ConflictError: when its model has been switched off meanwhile, or has changed so that it
            no longer makes the samples.
    """
    lock_listing(session, listing)
    may_trade(listing)
    version = listing.live_version
    if version is not None and version.tier is Tier.ARCHIVED:
        raise ConflictError(
            f"{version.target_model.name} has been switched off. Choose another model for this "
            "prompt and submit it again.",
            "model_retired",
        )
    if version is not None and version.fix_window_is_over:
        raise ConflictError(
            f"{version.target_model.name} has changed and no longer makes these samples. Make a "
            "new version of the prompt with new samples and submit it.",
            "model_changed",
        )
    move(session, listing, ListingAction.RELIST, actor_id)


def retire(session: Session, listing: Listing, reason: str) -> bool:
    """Take a live listing off sale by the system's decision; False when it was not live."""
    lock_listing(session, listing)
    if listing.state is not ListingState.LIVE:
        return False
    return move(session, listing, ListingAction.RETIRE, None, reason)


def retire_listings(session: Session, limit: int = 50) -> list[Listing]:
    """Take live listings off sale whose model is switched off; returns those it took.

    They were hidden and could not be bought from that day on; this gives them the state to show.
    """
    found = session.scalars(
        select(Listing)
        .join(ListingVersion, Listing.live_version_id == ListingVersion.id)
        .where(
            Listing.state == ListingState.LIVE,
            ListingVersion.target_model_slug.in_(archived_models()),
        )
        .limit(limit)
    ).all()
    for listing in found:
        lock_listing(session, listing)
        if listing.state is ListingState.LIVE:
            move(session, listing, ListingAction.RETIRE, None, "its model was switched off")
    return list(found)


def reopen(session: Session, listing: Listing, actor_id: str) -> None:
    """Turn a rejected or withdrawn listing into a draft; drafting.revise makes its new version."""
    move(session, listing, ListingAction.REVISE, actor_id)


def record_creation(session: Session, listing: Listing, actor_id: str) -> None:
    """The first line of a listing's history."""
    session.add(
        ListingEvent(
            listing_id=listing.id,
            action="create",
            from_state=None,
            to_state=ListingState.DRAFT.value,
            actor_id=actor_id,
        )
    )


def may_trade(listing: Listing) -> None:
    """Raise ConflictError while the listing's shop is suspended."""
    until = listing.seller.suspended_until
    if until is not None and until > now():
        raise ConflictError(
            "Your shop is suspended; your page “Decisions” says why and until when.",
            "seller_suspended",
        )


def record_edit(session: Session, listing: Listing, actor_id: str, given_up: bool = False) -> None:
    """A line of history: somebody began, or gave up, an edit of a listing on sale."""
    session.add(
        ListingEvent(
            listing_id=listing.id,
            action="edit_give_up" if given_up else "edit_begin",
            from_state=listing.working_state.value,
            to_state=listing.state.value if given_up else ListingState.DRAFT.value,
            actor_id=actor_id,
        )
    )


def record_touch_up(session: Session, listing: Listing, actor_id: str, reason: str) -> None:
    """A line of history: price or spelling changed without a new version."""
    session.add(
        ListingEvent(
            listing_id=listing.id,
            action="touch_up",
            from_state=listing.state.value,
            to_state=listing.state.value,
            actor_id=actor_id,
            reason=reason,
        )
    )


def move(
    session: Session,
    listing: Listing,
    action: ListingAction,
    actor_id: str | None,
    reason: str | None = None,
) -> bool:
    """Change the state and write its event; False when the action changes nothing.

    The listing is locked. For the features of this package; others have the verbs.
    """
    edit = None if action in ABOUT_THE_OFFER else listing.edit
    before = listing.state if edit is None else listing.working_state
    target = LISTING_STATES.next(before, action)
    if isinstance(target, Ignore):
        return False
    if edit is None:
        _set(session, listing, action, target, actor_id, reason)
        return True
    session.add(
        ListingEvent(
            listing_id=listing.id,
            action=f"edit_{action.value}",
            from_state=before.value,
            to_state=target.value,
            actor_id=actor_id,
            reason=reason,
        )
    )
    edit.edit_state = None if target is ListingState.LIVE else target
    return True


def _set(
    session: Session,
    listing: Listing,
    action: ListingAction,
    target: ListingState,
    actor_id: str | None,
    reason: str | None,
) -> None:
    session.add(
        ListingEvent(
            listing_id=listing.id,
            action=action.value,
            from_state=listing.state.value,
            to_state=target.value,
            actor_id=actor_id,
            reason=reason,
        )
    )
    listing.state = target
