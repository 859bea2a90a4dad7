"""Reads about changed models: how far each campaign is, and what waits for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.listings.models import Listing, TargetModel
from marketplace.verification.changes.models import (
    EngineWorkerEvent,
    ModelChange,
    Reverification,
    ReverificationEvent,
)
from marketplace.verification.changes.states import ReverificationState

SHOWN = 50


@dataclass(frozen=True)
class Campaign:
    """One change with what became of its listings so far."""

    change: ModelChange
    counts: dict[ReverificationState, int]

    @property
    def total(self) -> int:
        """Listings that it concerns."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class Affected:
    """A re-verification with its listing."""

    reverification: Reverification
    listing: Listing


def campaigns(session: Session, limit: int = SHOWN) -> list[Campaign]:
    """The newest changes."""
    changes = session.scalars(
        select(ModelChange).order_by(ModelChange.created_at.desc()).limit(limit)
    ).all()
    counted = session.execute(
        select(Reverification.change_id, Reverification.state, func.count())
        .where(Reverification.change_id.in_([change.id for change in changes]))
        .group_by(Reverification.change_id, Reverification.state)
    )
    found: dict[str, dict[ReverificationState, int]] = {}
    for change_id, state, number in counted:
        found.setdefault(change_id, {})[state] = number
    return [Campaign(change, found.get(change.id, {})) for change in changes]


def affected(
    session: Session, states: Sequence[ReverificationState], limit: int = SHOWN
) -> list[Affected]:
    """Re-verifications in these states with their listings, best-selling first."""
    query = (
        select(Reverification)
        .where(Reverification.state.in_(states))
        .order_by(Reverification.sales.desc(), Reverification.created_at)
        .limit(limit)
    )
    rows = list(session.scalars(query))
    listings = session.scalars(
        select(Listing).where(Listing.id.in_({one.version.listing_id for one in rows}))
    )
    by_id = {listing.id: listing for listing in listings}
    return [Affected(one, by_id[one.version.listing_id]) for one in rows]


def questions_of(session: Session, version_id: str, lock: bool = False) -> list[Reverification]:
    """A version's re-verifications that wait for a moderator's word, the newest first.

    Args:
        lock: hold their rows until the commit.
    """
    query = (
        select(Reverification)
        .where(
            Reverification.version_id == version_id,
            Reverification.state == ReverificationState.REFERRED,
        )
        .order_by(Reverification.created_at.desc())
    )
    if lock:
        query = query.with_for_update(of=Reverification).execution_options(populate_existing=True)
    return list(session.scalars(query))


def story(session: Session, reverification_id: str) -> list[ReverificationEvent]:
    """Everything that happened to one re-verification, oldest first."""
    query = select(ReverificationEvent).where(
        ReverificationEvent.reverification_id == reverification_id
    )
    return list(session.scalars(query.order_by(ReverificationEvent.at, ReverificationEvent.id)))


def worker_story(session: Session, worker_id: str) -> list[EngineWorkerEvent]:
    """When a worker withdrew and came back, oldest first."""
    query = select(EngineWorkerEvent).where(EngineWorkerEvent.worker_id == worker_id)
    return list(session.scalars(query.order_by(EngineWorkerEvent.at, EngineWorkerEvent.id)))


def model_names(session: Session) -> dict[str, str]:
    """Names of the target models by source, as people know them."""
    rows = session.execute(
        select(TargetModel.source, TargetModel.name).order_by(TargetModel.position.desc())
    )
    return {source: name for source, name in rows}  # noqa: C416
