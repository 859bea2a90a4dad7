"""Reads of appeals: those that wait, one, and a seller's."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from marketplace.core.errors import NotFoundError
from marketplace.core.ids import is_id
from marketplace.listings.models import Listing
from marketplace.moderation.appeals.models import Appeal, AppealState
from marketplace.moderation.decisions.models import Decision, Outcome
from marketplace.moderation.models import Case
from marketplace.moderation.states import DecisionKind, OutcomeKind

_WAITING = (AppealState.OPEN, AppealState.CLAIMED)
_TOLD = (DecisionKind.REJECT, DecisionKind.REQUEST_CHANGES, DecisionKind.APPROVE_LIMITED)


def waiting(session: Session, limit: int = 100) -> list[Appeal]:
    """Appeals without an answer, those due first at the top."""
    query = select(Appeal).where(Appeal.state.in_(_WAITING)).order_by(Appeal.due_at).limit(limit)
    return list(session.scalars(query))


def waiting_count(session: Session) -> int:
    """How many wait for an answer."""
    query = select(func.count()).select_from(Appeal).where(Appeal.state.in_(_WAITING))
    return session.scalar(query) or 0


def appeal_by_id(session: Session, appeal_id: str) -> Appeal:
    """One appeal with its sealed text. Raises NotFoundError."""
    query = select(Appeal).where(Appeal.id == appeal_id).options(undefer(Appeal.text_sealed))
    row = session.scalar(query)
    if row is None:
        raise NotFoundError
    return row


def appeals_of(session: Session, decision_ids: Sequence[str]) -> dict[str, Appeal]:
    """Appeals by the decision they are against."""
    rows = session.scalars(select(Appeal).where(Appeal.decision_id.in_(decision_ids)))
    return {row.decision_id: row for row in rows}


def decisions_about(session: Session, seller_id: str, limit: int = 50) -> list[Decision]:
    """Decisions that have taken effect on a seller's listings and that ask something of them."""
    query = (
        select(Decision)
        .join(Outcome, Outcome.decision_id == Decision.id)
        .join(Case, Case.id == Decision.case_id)
        .join(Listing, Listing.id == Case.listing_id)
        .where(
            Listing.seller_id == seller_id,
            Outcome.kind == OutcomeKind.APPLIED,
            Decision.kind.in_(_TOLD),
        )
        .order_by(Decision.at.desc())
        .limit(limit)
    )
    return list(session.scalars(query))


def decision_for(session: Session, decision_id: str, seller_id: str) -> Decision:
    """One such decision. Raises NotFoundError unless it is about this seller's listing."""
    found = session.get(Decision, decision_id) if is_id(decision_id) else None
    applied = (
        found is not None
        and found.outcome is not None
        and found.outcome.kind is OutcomeKind.APPLIED
    )
    if found is None or not applied or found.case.listing.seller_id != seller_id:
        raise NotFoundError
    return found
