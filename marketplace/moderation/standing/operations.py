"""Strike, suspend, reinstate. Each tells its seller by mail; nothing here commits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import now
from marketplace.core.errors import ConflictError, InvalidError, NotFoundError
from marketplace.moderation.decisions.models import Decision
from marketplace.moderation.standing.mails import tell_reinstated, tell_suspended
from marketplace.moderation.standing.models import SellerRisk, Strike, Suspension
from marketplace.moderation.standing.queries import points_of, standing_suspension
from marketplace.policy.codes import POINTS_LAST_DAYS, SUSPEND_AT, SUSPENDED_DAYS, code_of

STRIKE_LASTS = timedelta(days=POINTS_LAST_DAYS)
SUSPENDED_FOR = timedelta(days=SUSPENDED_DAYS)
FOR_GOOD = datetime(9999, 12, 31, tzinfo=UTC)
MAX_TERM_DAYS = 730
LEAST_CAUSE = 10


def strike_for(session: Session, decision: Decision, seller_id: str) -> Strike | None:
    """The strike that a rejection brings, by its reason's points; None where it has none.

    Where the points that count reach SUSPEND_AT, the seller is suspended.
    """
    assert decision.reason_code is not None
    points = code_of(decision.reason_code.value).points
    if not points:
        return None
    strike = Strike(
        seller_id=seller_id,
        decision_id=decision.id,
        reason_code=decision.reason_code,
        points=points,
        expires_at=now() + STRIKE_LASTS,
    )
    session.add(strike)
    session.flush()
    total = points_of(session, seller_id)
    if total >= SUSPEND_AT and standing_suspension(session, seller_id) is None:
        suspend(
            session,
            seller_id,
            f"{total} points from rejected listings count at the same time; from {SUSPEND_AT} on a "
            "shop is suspended.",
            SUSPENDED_FOR,
            None,
        )
    return strike


def lift_strike(session: Session, decision_id: str, moderator_id: str, note: str) -> None:
    """Take the strike of a decision back, if it brought one."""
    strike = session.scalar(
        select(Strike).where(Strike.decision_id == decision_id).with_for_update()
    )
    if strike is not None and strike.lifted_at is None:
        strike.lifted_at, strike.lifted_by, strike.lift_note = now(), moderator_id, note[:500]
        session.flush()


def suspend(
    session: Session, seller_id: str, cause: str, term: timedelta | None, by: str | None
) -> Suspension:
    """Let a seller submit nothing for a term (None: for good), and tell them why.

    Raises:
        InvalidError: without a cause that says something, or with a term that is none.
        ConflictError: when the seller is suspended already, or suspends themselves.
    """
    cause = cause.strip()
    if len(cause) < LEAST_CAUSE:
        raise InvalidError("Say why, in a sentence: the seller reads it.", field="cause")
    if term is not None and not timedelta() < term <= timedelta(days=MAX_TERM_DAYS):
        raise InvalidError(f"Choose between 1 and {MAX_TERM_DAYS} days.", field="days")
    profile = _locked(session, seller_id)
    if by == seller_id:
        raise ConflictError("Another moderator has to decide about your own shop.")
    if standing_suspension(session, seller_id) is not None:
        raise ConflictError("This shop is suspended already.")
    until = None if term is None else now() + term
    row = Suspension(seller_id=seller_id, cause=cause[:500], imposed_by=by, until=until)
    session.add(row)
    profile.suspended_until = until or FOR_GOOD
    session.flush()
    tell_suspended(session, profile, row)
    return row


def reinstate(session: Session, seller_id: str, note: str, by: str | None) -> Suspension:
    """End a suspension before its term, and tell the seller why.

    Raises:
        InvalidError: without a reason.
        ConflictError: when nothing is to be ended.
    """
    note = note.strip()
    if not note:
        raise InvalidError("Say why the suspension ends: the seller reads it.", field="note")
    profile = _locked(session, seller_id)
    row = standing_suspension(session, seller_id)
    if row is None:
        raise ConflictError("This shop is not suspended.")
    if by == seller_id:
        raise ConflictError("Another moderator has to decide about your own shop.")
    row.lifted_at, row.lifted_by, row.lift_note = now(), by, note[:500]
    profile.suspended_until = None
    session.flush()
    tell_reinstated(session, profile, row)
    return row


def end_terms(session: Session, limit: int = 50) -> int:
    """Reinstate sellers whose term is over; returns how many."""
    over = session.scalars(
        select(Suspension.seller_id)
        .where(Suspension.lifted_at.is_(None), Suspension.until <= now())
        .order_by(Suspension.until)
        .limit(limit)
    ).all()
    for seller_id in over:
        reinstate(session, seller_id, "The term is over.", None)
    return len(over)


def note_risks(session: Session, risks: dict[str, str]) -> None:
    """Replace the list of sellers whose payments are a risk: seller id to why, in words."""
    session.execute(delete(SellerRisk).where(SellerRisk.seller_id.not_in(risks)))
    for seller_id, why in sorted(risks.items()):
        row = insert(SellerRisk).values(seller_id=seller_id, why=why[:200])
        session.execute(
            row.on_conflict_do_update(
                index_elements=["seller_id"],
                set_={"why": row.excluded.why},
                where=text("seller_risks.why <> excluded.why"),
            )
        )


def _locked(session: Session, seller_id: str) -> SellerProfile:
    profile = session.get(SellerProfile, seller_id, with_for_update={"of": SellerProfile})
    if profile is None:
        raise NotFoundError
    return profile
