"""Tables of runs, their measurements and copy-search hits."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.columns import (
    CreatedAt,
    EventColumns,
    FingerprintColumns,
    Id,
    Moment,
    RefId,
    enum_column,
)
from marketplace.core.database import Base
from marketplace.core.leases import LeaseColumns
from marketplace.listings.models import ListingVersion, Sample
from marketplace.verification.similarity import Band
from marketplace.verification.states import RunKind, RunState, Verdict

ENGINE_QUEUE = "engine.diffusers"
RANDOM_BYTES = "uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())"


class VerificationRun(LeaseColumns, Base):
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
        Index(
            "ix_verification_runs_waiting",
            "queue",
            "created_at",
            postgresql_where=text("state = 'queued'"),
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
    samples_total: Mapped[int]
    samples_done: Mapped[int] = mapped_column(default=0)
    step: Mapped[int] = mapped_column(default=0)
    steps: Mapped[int]
    """Denoising steps of one sample; ``step`` counts within the current one."""
    engine: Mapped[str] = mapped_column(String(200))
    """The target model's source: the key of an engine in the workers' registry."""
    queue: Mapped[str] = mapped_column(
        String(60), default=ENGINE_QUEUE, server_default=ENGINE_QUEUE
    )
    """The broker's queue whose workers may take the run."""
    kind: Mapped[RunKind] = mapped_column(
        enum_column(RunKind, "run_kind"), default=RunKind.LISTING, server_default="listing"
    )
    reason: Mapped[str | None] = mapped_column(String(200))
    """Why it was asked for, where the kind does not say it all (which model changed, say)."""
    work_units: Mapped[int] = mapped_column(default=0, server_default="0")
    """Model evaluations if every sample were run in full: least work goes first."""
    evaluations: Mapped[int] = mapped_column(default=0, server_default="0")
    """Model evaluations spent on it so far; cached pictures cost none."""
    not_before: Mapped[Moment | None]
    """A failed run pauses until then."""
    waits: Mapped[int] = mapped_column(default=0, server_default="0")
    """Pauses that were nobody's failure (a busy provider); limited apart from attempts."""
    cancel_requested_at: Mapped[Moment | None]
    decision: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """How the samples decided: order, path of the log-likelihood ratio, outcome, reason."""
    calibration_version: Mapped[str | None] = mapped_column(String(80))
    order_secret: Mapped[bytes] = mapped_column(
        LargeBinary,
        default=lambda: secrets.token_bytes(32),
        server_default=text(RANDOM_BYTES),
        deferred=True,
    )
    """Keys the order in which samples are re-run: a seller cannot foresee it. Never shown."""
    content_digest: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    """Of prompt, settings and samples when work on it began (asking.content_digest)."""
    provenance: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """Model id, weights hash, library versions, device… of the machine that ran it."""
    error_code: Mapped[str | None] = mapped_column(String(60))
    created_at: Mapped[CreatedAt]
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
    colour_distance: Mapped[float | None]
    """Colour difference where it is largest (similarity.colour_distance); null: not compared."""
    quality: Mapped[int]
    """The lower PDQ quality of the two pictures (0-100); under 50 the DCT hash decides."""
    seconds: Mapped[float]
    """Time the picture took to make, whoever made it first."""
    hypothesis: Mapped[str] = mapped_column(
        String(20), default="declared", server_default="declared"
    )
    """Which source of noise came closest: declared, cpu or philox."""
    stopped_at_share: Mapped[float | None]
    """Share of the steps after which a preview had already rejected; null for a full run."""
    evaluations: Mapped[int] = mapped_column(default=0, server_default="0")
    """Model evaluations spent on this sample, over all hypotheses; 0 when all was cached."""
    cached: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True when no new picture had to be made."""
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
    """same_file, same_pixels, same_picture, mirrored, turned, part (of the other picture) or
    framed (the other picture within this one)."""
    method: Mapped[str] = mapped_column(String(20), default="digest", server_default="digest")
    """What led to it: digest, pdq, windows or features."""
    distance: Mapped[int]
    """Least distance of 256-bit hashes, turned and cut as the copy was (0 for equal files)."""
    agreement: Mapped[float] = mapped_column(default=1.0, server_default="1")
    """Share of the pictures' details that agree where both can be seen."""
    overlap: Mapped[float] = mapped_column(default=1.0, server_default="1")
    """Share of the other picture that can be seen in this one."""
    other_is_earlier: Mapped[bool]

    sample: Mapped[Sample] = relationship(foreign_keys=[sample_id], lazy="joined")
    other_sample: Mapped[Sample] = relationship(foreign_keys=[other_sample_id], lazy="joined")


class CachedGeneration(Base, FingerprintColumns):
    """A picture made once and never again: by the keyed digest of all that decides its pixels."""

    __tablename__ = "generation_cache"

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    """HMAC-SHA256 under the vault's key: says nothing of the prompt in it."""
    blob_key: Mapped[str] = mapped_column(String(160))
    """Private lossless PNG."""
    engine: Mapped[str] = mapped_column(String(200))
    derivatives: Mapped[list[Any]] = mapped_column(JSONB)
    provenance: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Without the seed."""
    evaluations: Mapped[int]
    seconds: Mapped[float]
    prompt_truncated: Mapped[bool]
    created_at: Mapped[CreatedAt]
    used_at: Mapped[Moment] = mapped_column(index=True, server_default=text("clock_timestamp()"))


class RunEvent(Base, EventColumns):
    """Append-only history of a run's states."""

    __tablename__ = "verification_run_events"

    run_id: Mapped[RefId] = mapped_column(
        ForeignKey("verification_runs.id", ondelete="CASCADE"), index=True
    )
