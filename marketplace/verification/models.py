"""Tables of runs, their measurements and copy-search hits."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.columns import CreatedAt, EventColumns, Id, Moment, RefId, enum_column
from marketplace.core.database import Base
from marketplace.listings.models import FingerprintColumns, ListingVersion, Sample
from marketplace.verification.similarity import Band
from marketplace.verification.states import RunState, Verdict


class VerificationRun(Base):
    """One attempt to reproduce a version's samples; the truth about the job."""

    __tablename__ = "verification_runs"
    __table_args__ = (
        CheckConstraint(
            "(state = 'completed') = (verdict IS NOT NULL)", name="completed_has_verdict"
        ),
        # At most one open run per version: submitting twice cannot start two.
        Index(
            "uq_verification_runs_open",
            "version_id",
            unique=True,
            postgresql_where=text("state IN ('queued', 'running')"),
        ),
    )

    id: Mapped[Id]
    version_id: Mapped[RefId] = mapped_column(
        ForeignKey("listing_versions.id", ondelete="CASCADE"), index=True
    )
    state: Mapped[RunState] = mapped_column(
        enum_column(RunState, "run_state"), default=RunState.QUEUED
    )
    verdict: Mapped[Verdict | None] = mapped_column(enum_column(Verdict, "verdict"))
    lease: Mapped[str | None] = mapped_column(String(32))
    """Random token of the worker that holds the run; only its holder may record."""
    heartbeat_at: Mapped[Moment | None] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    samples_total: Mapped[int]
    samples_done: Mapped[int] = mapped_column(default=0)
    step: Mapped[int] = mapped_column(default=0)
    steps: Mapped[int]
    """Denoising steps of one sample; ``step`` counts within the current one."""
    engine: Mapped[str] = mapped_column(String(40))
    provenance: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """Model id, weights hash, library versions, device… of the machine that ran it."""
    error_code: Mapped[str | None] = mapped_column(String(60))
    created_at: Mapped[CreatedAt]
    started_at: Mapped[Moment | None]
    finished_at: Mapped[Moment | None]

    version: Mapped[ListingVersion] = relationship()
    checks: Mapped[list[SampleCheck]] = relationship(
        back_populates="run", order_by="SampleCheck.position"
    )
    copy_hits: Mapped[list[CopyHit]] = relationship(order_by="CopyHit.distance")


class SampleCheck(Base, FingerprintColumns):
    """One sample re-run and measured. The hash columns belong to the re-run's picture."""

    __tablename__ = "sample_checks"
    __table_args__ = (UniqueConstraint("run_id", "sample_id"),)

    id: Mapped[Id]
    run_id: Mapped[RefId] = mapped_column(ForeignKey("verification_runs.id", ondelete="CASCADE"))
    sample_id: Mapped[RefId] = mapped_column(
        ForeignKey("samples.id", ondelete="CASCADE"), index=True
    )
    position: Mapped[int]
    band: Mapped[Band] = mapped_column(enum_column(Band, "band"))
    decided_by: Mapped[str] = mapped_column(String(20))
    pdq_distance: Mapped[int]
    phash_distance: Mapped[int]
    dct_distance: Mapped[int]
    quality: Mapped[int]
    """The lower PDQ quality of the two pictures (0-100); under 50 the DCT hash decides."""
    seconds: Mapped[float]
    derivatives: Mapped[list[Any]] = mapped_column(JSONB)
    """Public pictures of the re-run, as in samples.derivatives."""
    created_at: Mapped[CreatedAt]

    run: Mapped[VerificationRun] = relationship(back_populates="checks")
    sample: Mapped[Sample] = relationship(lazy="joined")


class CopyHit(Base):
    """A sample of this version that looks like a picture of someone else's listing."""

    __tablename__ = "copy_hits"
    __table_args__ = (UniqueConstraint("run_id", "sample_id", "other_sample_id"),)

    id: Mapped[Id]
    run_id: Mapped[RefId] = mapped_column(ForeignKey("verification_runs.id", ondelete="CASCADE"))
    sample_id: Mapped[RefId] = mapped_column(ForeignKey("samples.id", ondelete="CASCADE"))
    other_sample_id: Mapped[RefId] = mapped_column(ForeignKey("samples.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))
    """same_file, same_pixels, same_picture or mirrored."""
    distance: Mapped[int]
    """PDQ distance in bits of 256 (0 for equal files or pixels)."""
    other_is_earlier: Mapped[bool]

    sample: Mapped[Sample] = relationship(foreign_keys=[sample_id], lazy="joined")
    other_sample: Mapped[Sample] = relationship(foreign_keys=[other_sample_id], lazy="joined")


class RunEvent(Base, EventColumns):
    """Append-only history of a run's states."""

    __tablename__ = "verification_run_events"

    run_id: Mapped[RefId] = mapped_column(
        ForeignKey("verification_runs.id", ondelete="CASCADE"), index=True
    )
