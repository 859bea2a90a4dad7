"""Tables of engine workers, noticed changes of models, and what follows for each listing."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.columns import (
    CreatedAt,
    EventColumns,
    Id,
    JsonList,
    Moment,
    RefId,
    enum_column,
)
from marketplace.core.database import Base
from marketplace.listings.models import ListingVersion
from marketplace.verification.changes.states import ReverificationState, WorkerState
from marketplace.verification.models import VerificationRun


class EngineWorker(Base):
    """One worker and one model it runs: what it runs it on, and whether it still draws the same."""

    __tablename__ = "engine_workers"
    __table_args__ = (UniqueConstraint("name", "engine"),)

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(200))
    """Of the worker process: the same after a restart. Shown to staff only."""
    engine: Mapped[str] = mapped_column(String(200))
    """As in target_models.source."""
    state: Mapped[WorkerState] = mapped_column(
        enum_column(WorkerState, "engine_worker_state"), default=WorkerState.SERVING
    )
    weights_sha256: Mapped[str | None] = mapped_column(String(64))
    environment: Mapped[str | None] = mapped_column(String(64))
    """Digest of libraries, processor and precision, as in a run's provenance."""
    calibration_version: Mapped[str | None] = mapped_column(String(400))
    """Of the records whose golden prompts were run; null where there are none for its weights."""
    distances: Mapped[JsonList]
    """Bits between each golden picture and the one it drew now."""
    distance_max: Mapped[int | None]
    message: Mapped[str | None] = mapped_column(String(300))
    checked_at: Mapped[Moment | None]
    seen_at: Mapped[Moment]


class EngineWorkerEvent(Base, EventColumns):
    """Append-only history: when a worker withdrew, and when it came back."""

    __tablename__ = "engine_worker_events"

    worker_id: Mapped[RefId] = mapped_column(
        ForeignKey("engine_workers.id", ondelete="CASCADE"), index=True
    )


class ModelChange(Base):
    """A model that is not what live listings were verified on any more. Never altered but once,
    when its listings have been queued."""

    __tablename__ = "model_changes"
    __table_args__ = (
        # A second worker with the same weights and libraries is no second change. Those asked
        # for by hand have neither, and nulls do not equal each other.
        UniqueConstraint("engine", "weights_sha256", "environment"),
    )

    id: Mapped[Id]
    engine: Mapped[str] = mapped_column(String(200))
    weights_sha256: Mapped[str | None] = mapped_column(String(64))
    environment: Mapped[str | None] = mapped_column(String(64))
    what: Mapped[str] = mapped_column(String(200))
    """What changed, in words that the public history shows."""
    planned_at: Mapped[Moment | None]
    """When its listings were queued."""
    created_at: Mapped[CreatedAt]

    reverifications: Mapped[list[Reverification]] = relationship(back_populates="change")


class Reverification(Base):
    """One version that has to prove itself again after one change."""

    __tablename__ = "reverifications"
    __table_args__ = (
        UniqueConstraint("change_id", "version_id"),
        Index(
            "ix_reverifications_waiting",
            text("sales DESC"),
            "created_at",
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    id: Mapped[Id]
    change_id: Mapped[RefId] = mapped_column(ForeignKey("model_changes.id"))
    version_id: Mapped[RefId] = mapped_column(
        ForeignKey("listing_versions.id", ondelete="CASCADE"), index=True
    )
    run_id: Mapped[RefId | None] = mapped_column(
        ForeignKey("verification_runs.id", ondelete="SET NULL"), index=True
    )
    """The newest run made for it."""
    state: Mapped[ReverificationState] = mapped_column(
        enum_column(ReverificationState, "reverification_state"),
        default=ReverificationState.WAITING,
        index=True,
    )
    sales: Mapped[int] = mapped_column(default=0)
    """How often the listing had been paid for when the change was noticed: most first."""
    tries: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[Moment | None]
    reason: Mapped[str | None] = mapped_column(String(500))
    """Why a person has to look, or what came of it."""
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[Moment | None]

    change: Mapped[ModelChange] = relationship(back_populates="reverifications", lazy="joined")
    version: Mapped[ListingVersion] = relationship(lazy="joined")
    run: Mapped[VerificationRun | None] = relationship(lazy="joined")


class ReverificationEvent(Base, EventColumns):
    """Append-only history of a re-verification's states."""

    __tablename__ = "reverification_events"

    reverification_id: Mapped[RefId] = mapped_column(
        ForeignKey("reverifications.id", ondelete="CASCADE"), index=True
    )
