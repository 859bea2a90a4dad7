"""Second looks: a random sample of approvals that another moderator looks at again."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.core.clock import now
from marketplace.core.errors import ConflictError, InvalidError, NotFoundError
from marketplace.core.ids import new_id
from marketplace.moderation.decisions.models import Decision, Outcome
from marketplace.moderation.quality.models import SecondLook
from marketplace.moderation.rules import OWN_LISTING
from marketplace.moderation.states import DecisionKind, OutcomeKind

ONE_IN, ONE_IN_AUTOMATIC = 20, 4
"""One approval in so many is looked at again; of automatic ones more."""
LOOKED_BACK = timedelta(days=2)
_APPROVALS = (DecisionKind.APPROVE, DecisionKind.APPROVE_LIMITED)


def is_drawn(decision_id: str, automatic: bool) -> bool:
    """Whether a decision is in the sample: by its random id, so that nobody can steer it."""
    number = int.from_bytes(hashlib.sha256(decision_id.encode()).digest()[:8], "big")
    return number % (ONE_IN_AUTOMATIC if automatic else ONE_IN) == 0


def draw(session: Session) -> int:
    """Put the newest approvals that are in the sample on the list; returns how many are new."""
    lately = session.execute(
        select(Decision.id, Decision.automatic, Decision.moderator_id)
        .join(Outcome, Outcome.decision_id == Decision.id)
        .outerjoin(SecondLook, SecondLook.decision_id == Decision.id)
        .where(
            Outcome.kind == OutcomeKind.APPLIED,
            Decision.kind.in_(_APPROVALS),
            Decision.at > now() - LOOKED_BACK,
            SecondLook.id.is_(None),
        )
    )
    drawn = [
        {"id": new_id(), "decision_id": decision_id, "decider_id": moderator_id, "note": ""}
        for decision_id, automatic, moderator_id in lately
        if is_drawn(decision_id, automatic)
    ]
    if drawn:
        session.execute(insert(SecondLook).values(drawn).on_conflict_do_nothing())
    return len(drawn)


def waiting(session: Session, limit: int = 50) -> list[SecondLook]:
    """Second looks nobody has taken yet, the oldest first."""
    query = select(SecondLook).where(SecondLook.done_at.is_(None))
    return list(session.scalars(query.order_by(SecondLook.created_at).limit(limit)))


def waiting_count(session: Session) -> int:
    """How many wait."""
    query = select(func.count()).select_from(SecondLook).where(SecondLook.done_at.is_(None))
    return session.scalar(query) or 0


def record(session: Session, look_id: str, reviewer: User, agrees: bool, note: str) -> SecondLook:
    """Say whether one would have decided alike.

    Raises:
        NotFoundError: when there is no such look.
        InvalidError: for one's own decision or listing, or a disagreement without a word.
        ConflictError: when somebody has looked already.
    """
    look = session.get(SecondLook, look_id, with_for_update={"of": SecondLook})
    if look is None:
        raise NotFoundError
    if look.decider_id == reviewer.id:
        raise InvalidError("The decision was yours; another moderator has to look at it.")
    if look.decision.case.listing.seller_id == reviewer.id:
        raise InvalidError(OWN_LISTING)
    if look.done_at is not None:
        raise ConflictError("Somebody has looked at it already.")
    note = note.strip()[:1000]
    if not agrees and not note:
        raise InvalidError("Say in a sentence what you would have decided.", field="note")
    look.reviewer_id, look.agrees, look.note, look.done_at = reviewer.id, agrees, note, now()
    session.flush()
    return look
