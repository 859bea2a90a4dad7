"""The demo's moderator: decides what the script foresees, and only on a report that agrees."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from demo.people import MODERATOR
from demo.script import ListingScript, Outcome
from marketplace.accounts.models import User
from marketplace.accounts.queries import user_by_email
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError
from marketplace.core.unit_of_work import unit_of_work
from marketplace.listings.models import Listing
from marketplace.moderation import operations
from marketplace.moderation.models import Case
from marketplace.moderation.queries import WAITING


def decide(services: Services, listing: ListingScript, listing_id: str) -> str:
    """Decide a listing whose verification is over; returns one line for the person who watches.

    Nothing is ever approved against its report, and a listing whose report is not the one that
    the script expects stays in the queue for a person.
    """
    with unit_of_work(services.database) as session:
        case = _waiting_case(session, listing_id)
        if case is None:
            return "decided already"
        case_id, verdict = case.id, case.verdict or "no report"
        proven = operations.has_proof(session, case)
    if listing.outcome is Outcome.WAIT:
        return f"waits in the moderation queue ({verdict})"
    expected = proven if listing.outcome is Outcome.PUBLISH else verdict == listing.expect.value
    if not expected:
        return f"left in the moderation queue: the report says {verdict}"
    try:
        with unit_of_work(services.database) as session:
            operations.claim(session, case_id, _moderator(session))
        with unit_of_work(services.database) as session:
            _pronounce(session, listing, case_id)
    except ConflictError:
        return "left to the moderator who is working on it"
    return "live" if listing.outcome is Outcome.PUBLISH else f"rejected ({listing.reason})"


def _pronounce(session: Session, listing: ListingScript, case_id: str) -> None:
    moderator = _moderator(session)
    if listing.reason is not None:
        operations.reject(session, case_id, moderator, listing.reason, listing.note)
    else:
        # Without an override: an unproven report is refused here once more, under the lock.
        operations.approve(session, case_id, moderator, listing.note)


def _waiting_case(session: Session, listing_id: str) -> Case | None:
    query = (
        select(Case)
        .join(Listing, Listing.version_id == Case.version_id)
        .where(Listing.id == listing_id, Case.state.in_(WAITING))
    )
    return session.scalar(query)


def _moderator(session: Session) -> User:
    user = user_by_email(session, MODERATOR)
    if user is None:
        raise LookupError("the demo's moderator has no account yet")
    return user
