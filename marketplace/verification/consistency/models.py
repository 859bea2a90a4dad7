"""Tables of consistency reports, their planned pictures and their history."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
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
from marketplace.listings.models import ListingVersion
from marketplace.verification.consistency.states import PictureState, Purpose, ReportState


class ConsistencyReport(LeaseColumns, Base):
    """One contact sheet of a version with its map; the truth about the job."""

    __tablename__ = "consistency_reports"
    __table_args__ = (
        CheckConstraint(
            "(state = 'completed') = (summary IS NOT NULL)", name="completed_has_summary"
        ),
        # At most one open report per version and purpose: asking twice cannot start two.
        Index(
            "uq_consistency_reports_open",
            "version_id",
            "purpose",
            unique=True,
            postgresql_where=text("state IN ('queued', 'running')"),
        ),
    )

    id: Mapped[Id]
    version_id: Mapped[RefId] = mapped_column(
        ForeignKey("listing_versions.id", ondelete="CASCADE"), index=True
    )
    purpose: Mapped[Purpose] = mapped_column(enum_column(Purpose, "consistency_purpose"))
    state: Mapped[ReportState] = mapped_column(
        enum_column(ReportState, "consistency_state"), default=ReportState.QUEUED
    )
    engine: Mapped[str] = mapped_column(String(200))
    """What the engine loads, as in target_models.source."""
    queue: Mapped[str] = mapped_column(String(60))
    """The broker's queue whose workers may take it, as its version's runs have."""
    rule_version: Mapped[int]
    """Of the drawing rule, consistency.plan.RULE_VERSION."""
    fills: Mapped[int]
    seeds: Mapped[int]
    left_out: Mapped[int]
    """Choices that the map's limit left out."""
    pictures_total: Mapped[int]
    pictures_done: Mapped[int] = mapped_column(default=0)
    work_units: Mapped[int]
    """Denoising steps planned; the shortest report goes first."""
    provenance: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    summary: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """Everything computed from the pictures once they are all there; public."""
    error_code: Mapped[str | None] = mapped_column(String(60))
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[Moment | None]

    version: Mapped[ListingVersion] = relationship()
    pictures: Mapped[list[ConsistencyPicture]] = relationship(
        back_populates="report", order_by="ConsistencyPicture.number"
    )


class ConsistencyPicture(Base, FingerprintColumns):
    """One planned picture and what became of it. Never holds a filled prompt, nor its words."""

    __tablename__ = "consistency_pictures"
    __table_args__ = (
        UniqueConstraint("report_id", "number"),
        CheckConstraint("(fill IS NULL) = (variable IS NOT NULL)", name="grid_or_map"),
        CheckConstraint("(fill IS NULL) = (seed_column IS NULL)", name="grid_has_both"),
        CheckConstraint("(state = 'failed') = (failure IS NOT NULL)", name="failed_says_why"),
        CheckConstraint("seed >= 0 AND seed < 4294967296", name="seed_is_32_bit"),
    )

    id: Mapped[Id]
    report_id: Mapped[RefId] = mapped_column(
        ForeignKey("consistency_reports.id", ondelete="CASCADE")
    )
    number: Mapped[int]
    """From 1, the grid first."""
    fill: Mapped[int | None]
    seed_column: Mapped[int | None]
    variable: Mapped[str | None] = mapped_column(String(40))
    choice: Mapped[str | None] = mapped_column(String(120))
    values: Mapped[dict[str, str]] = mapped_column(JSONB)
    seed: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[PictureState] = mapped_column(
        enum_column(PictureState, "consistency_picture_state"), default=PictureState.PLANNED
    )
    failure: Mapped[str | None] = mapped_column(String(40))
    """flat, off_prompt, or the engine's error code in lower case."""
    hits: Mapped[int | None]
    """How many of the judged attributes the picture shows…"""
    judged: Mapped[int | None]
    """…of how many that the filled prompt names. Which ones would give the prompt away."""
    adherence: Mapped[float | None]
    """From 0 to 1 on the scorer's scale; null where nothing could be measured."""
    descriptor: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    """Style descriptor, little-endian float32 (workers.descriptors)."""
    seconds: Mapped[float | None]
    derivatives: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[CreatedAt]

    report: Mapped[ConsistencyReport] = relationship(back_populates="pictures")


class ConsistencyEvent(Base, EventColumns):
    """Append-only history of a report's states."""

    __tablename__ = "consistency_report_events"

    report_id: Mapped[RefId] = mapped_column(
        ForeignKey("consistency_reports.id", ondelete="CASCADE"), index=True
    )
