"""What a moderator can do about a re-verification that a machine would not decide. No commits."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.core.container import Services
from marketplace.core.errors import InvalidError, NotFoundError
from marketplace.listings.models import Listing
from marketplace.verification.changes.models import Reverification
from marketplace.verification.changes.moving import move
from marketplace.verification.changes.outcomes import degrade
from marketplace.verification.changes.states import ReverificationAction

MAX_NOTE = 400
DECISIONS = {
    "repeat": ReverificationAction.REPEAT,
    "dismiss": ReverificationAction.DISMISS,
    "degrade": ReverificationAction.DEGRADE,
}


def decide(
    session: Session,
    services: Services,
    reverification_id: str,
    moderator: User,
    decision: str,
    note: str = "",
) -> Reverification:
    """Run it again, let the listing stand, or hold the outcome against it, with a note.

    Raises:
        NotFoundError: no such re-verification or decision.
        InvalidError: without a note where one is asked for, or for one's own listing.
        ConflictError: when it waits for nobody any more.
    """
    action = DECISIONS.get(decision)
    one = session.scalar(
        select(Reverification)
        .where(Reverification.id == reverification_id)
        .with_for_update(of=Reverification)
    )
    if one is None or action is None:
        raise NotFoundError
    listing = session.get_one(Listing, one.version.listing_id)
    if listing.seller_id == moderator.id:
        raise InvalidError("This listing is your own; another moderator has to decide it.")
    note = note.strip()[:MAX_NOTE]
    if not note and action is not ReverificationAction.REPEAT:
        raise InvalidError("Say why, please: the note stays with the decision.", field="note")
    move(session, one, action, moderator.id, note or None)
    if action is ReverificationAction.REPEAT:
        one.tries, one.not_before = 0, None
    elif action is ReverificationAction.DEGRADE:
        degrade(session, services, one)
    return one
