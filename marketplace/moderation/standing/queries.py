"""Reads of how a seller stands."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import now
from marketplace.listings.models import Listing
from marketplace.listings.states import ListingState
from marketplace.moderation.decisions.models import Decision
from marketplace.moderation.models import Case
from marketplace.moderation.standing.models import SellerRisk, Strike, Suspension
from marketplace.moderation.states import About, CaseState


@dataclass(frozen=True)
class Standing:
    """What a moderator sees of a seller beside a case."""

    live: int
    approved: int
    turned_away: int
    points: int
    age_days: int
    suspension: Suspension | None
    risk: str | None
    """Why the seller's payments are a risk, if they are."""


def counts_now() -> ColumnElement[bool]:
    """SQL: the strike counts today."""
    return Strike.lifted_at.is_(None) & (Strike.expires_at > now())


def points_of(session: Session, seller_id: str) -> int:
    """Points that count today."""
    total = session.scalar(
        select(func.coalesce(func.sum(Strike.points), 0)).where(
            Strike.seller_id == seller_id, counts_now()
        )
    )
    return int(total or 0)


def strikes_of(session: Session, seller_id: str, limit: int = 50) -> list[Strike]:
    """A seller's strikes, the newest first; those that no longer count too."""
    query = (
        select(Strike)
        .where(Strike.seller_id == seller_id)
        .order_by(Strike.created_at.desc())
        .options(joinedload(Strike.decision).joinedload(Decision.case))
    )
    return list(session.scalars(query.limit(limit)))


def standing_suspension(session: Session, seller_id: str) -> Suspension | None:
    """The suspension that stands, if any."""
    return session.scalar(
        select(Suspension).where(Suspension.seller_id == seller_id, Suspension.lifted_at.is_(None))
    )


def suspensions_of(session: Session, seller_id: str) -> list[Suspension]:
    """All suspensions of a seller, the newest first."""
    query = select(Suspension).where(Suspension.seller_id == seller_id)
    return list(session.scalars(query.order_by(Suspension.created_at.desc())))


def standing_of(session: Session, seller: SellerProfile) -> Standing:
    """How a seller stands today."""
    live = (
        select(func.count())
        .select_from(Listing)
        .where(Listing.seller_id == seller.user_id, Listing.state == ListingState.LIVE)
        .scalar_subquery()
    )
    decided = (
        select(Case.state, func.count())
        .join(Listing, Listing.id == Case.listing_id)
        .where(
            Listing.seller_id == seller.user_id,
            or_(
                Case.state.in_([CaseState.REJECTED, CaseState.CHANGES]),
                # What stays on sale was not approved a second time.
                and_(Case.state == CaseState.APPROVED, Case.about == About.SUBMISSION),
            ),
        )
        .group_by(Case.state)
    )
    counted = {state: number for state, number in session.execute(decided)}  # noqa: C416
    risk = session.get(SellerRisk, seller.user_id)
    return Standing(
        live=session.scalar(select(live)) or 0,
        approved=counted.get(CaseState.APPROVED, 0),
        turned_away=counted.get(CaseState.REJECTED, 0) + counted.get(CaseState.CHANGES, 0),
        points=points_of(session, seller.user_id),
        age_days=(now() - seller.created_at).days,
        suspension=standing_suspension(session, seller.user_id),
        risk=risk.why if risk else None,
    )
