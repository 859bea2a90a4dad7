"""Notices that a model is not what live listings were verified on, and queues them. No commits."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from marketplace.core.clock import now
from marketplace.core.errors import NotFoundError
from marketplace.core.ids import new_id
from marketplace.listings.models import Listing, ListingVersion, TargetModel
from marketplace.listings.states import ListingState
from marketplace.verification.changes.models import (
    ModelChange,
    Reverification,
    ReverificationEvent,
)
from marketplace.verification.changes.states import ReverificationState
from marketplace.verification.models import VerificationRun
from marketplace.verification.report import PROOF_KINDS
from marketplace.verification.states import RunKind, RunState, Verdict

NEW_WEIGHTS = "the model's weights changed"
NEW_ENVIRONMENT = "the software or hardware it runs on changed"
BY_HAND = "asked for by Bracket"


def notice(
    session: Session, engine: str, weights_sha256: str, environment: str
) -> ModelChange | None:
    """Note a change if listings on sale were proved on something else, and nobody noted it yet.

    Cheap enough to be asked whenever a worker starts and whenever a run ends. Safe to race.

    Args:
        engine: as in target_models.source.
        weights_sha256, environment: as in a run's provenance.
    """
    pair = ModelChange.engine == engine, *_under(ModelChange, weights_sha256, environment)
    if session.scalar(select(ModelChange.id).where(*pair)) is not None:
        return None
    stale = _stale(engine, weights_sha256, environment).limit(1)
    if session.scalar(stale) is None:
        return None
    change_id = session.scalar(
        insert(ModelChange)
        .values(
            id=new_id(),
            engine=engine,
            weights_sha256=weights_sha256,
            environment=environment,
            what=_what(session, engine, weights_sha256),
        )
        .on_conflict_do_nothing()
        .returning(ModelChange.id)
    )
    return None if change_id is None else session.get_one(ModelChange, change_id)


def declare(session: Session, engine: str, note: str = "") -> ModelChange:
    """A change that the owner knows of and no worker can see (a provider's new release, say).

    Raises:
        NotFoundError: when no target model has that source.
    """
    if session.scalar(select(TargetModel.slug).where(TargetModel.source == engine)) is None:
        raise NotFoundError(f"No target model has the source “{engine}”.")
    change = ModelChange(engine=engine, what=note.strip()[:200] or BY_HAND)
    session.add(change)
    session.flush()
    return change


def unplanned(session: Session) -> list[ModelChange]:
    """Changes whose listings have not been queued yet, locked."""
    query = select(ModelChange).where(ModelChange.planned_at.is_(None))
    return list(session.scalars(query.order_by(ModelChange.created_at).with_for_update()))


def affected_versions(session: Session, change: ModelChange) -> list[str]:
    """Versions on sale (or off sale as degraded) that were not proved on what is there now."""
    return list(session.scalars(_stale(change.engine, change.weights_sha256, change.environment)))


def plan(session: Session, change: ModelChange, sales: Mapping[str, int]) -> int:
    """Queue the versions given, by how often each was sold; how many are new. Safe to repeat."""
    rows = [
        {
            "id": new_id(),
            "change_id": change.id,
            "version_id": version_id,
            "state": ReverificationState.WAITING,
            "sales": sold,
            "tries": 0,
        }
        for version_id, sold in sales.items()
    ]
    change.planned_at = now()
    if not rows:
        return 0
    planned = session.scalars(
        insert(Reverification).values(rows).on_conflict_do_nothing().returning(Reverification.id)
    ).all()
    session.add_all(
        ReverificationEvent(
            reverification_id=one,
            action="plan",
            to_state=ReverificationState.WAITING,
            reason=change.what,
        )
        for one in planned
    )
    session.flush()
    return len(planned)


def _stale(engine: str, weights: str | None, environment: str | None) -> Select[str]:
    """Versions that reproduced once, are on sale, and were never run on these."""
    proved = select(VerificationRun.id).where(
        VerificationRun.version_id == ListingVersion.id,
        VerificationRun.kind == RunKind.LISTING,
        VerificationRun.state == RunState.COMPLETED,
        # What went on sale by a moderator's decision has no proof that could be lost.
        VerificationRun.verdict == Verdict.REPRODUCED,
    )
    query = (
        select(ListingVersion.id)
        .join(Listing, Listing.live_version_id == ListingVersion.id)
        .join(TargetModel, TargetModel.slug == ListingVersion.target_model_slug)
        .where(TargetModel.source == engine, is_up_for_proof(), proved.exists())
    )
    if weights is None or environment is None:
        return query
    run = aliased(VerificationRun)
    same = select(run.id).where(
        run.version_id == ListingVersion.id,
        run.state == RunState.COMPLETED,
        run.kind.in_(PROOF_KINDS),
        run.provenance["weights_sha256"].astext == weights,
        run.provenance["environment"].astext == environment,
    )
    return query.where(~same.exists())


def is_up_for_proof() -> ColumnElement[bool]:
    """SQL: the listing's live version is on sale, or off sale only because it was degraded."""
    return or_(
        Listing.state == ListingState.LIVE,
        and_(Listing.state == ListingState.WITHDRAWN, ListingVersion.degraded_since.is_not(None)),
    )


def _under(
    table: type[ModelChange], weights: str, environment: str
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return table.weights_sha256 == weights, table.environment == environment


def _what(session: Session, engine: str, weights: str) -> str:
    known = select(VerificationRun.id).where(
        VerificationRun.engine == engine,
        VerificationRun.state == RunState.COMPLETED,
        VerificationRun.kind.in_(PROOF_KINDS),
        VerificationRun.provenance["weights_sha256"].astext == weights,
    )
    return NEW_ENVIRONMENT if session.scalar(select(known.exists())) else NEW_WEIGHTS
