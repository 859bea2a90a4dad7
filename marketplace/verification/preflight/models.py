"""The table of preflights: a draft as it stood, the run that measured it, and what was found."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.columns import CreatedAt, Id, Moment, RefId, enum_column
from marketplace.core.database import Base
from marketplace.verification.consistency.models import ConsistencyReport
from marketplace.verification.models import VerificationRun


class Outcome(StrEnum):
    """How a preflight ended."""

    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"


class Preflight(Base):
    """One preflight of a draft. Open while it has no outcome; private to its seller."""

    __tablename__ = "preflights"
    __table_args__ = (
        CheckConstraint("(outcome IS NULL) = (closed_at IS NULL)", name="closed_has_outcome"),
        # One at a time per seller, whatever two tabs do.
        Index(
            "uq_preflights_open",
            "seller_id",
            unique=True,
            postgresql_where=text("outcome IS NULL"),
        ),
        Index("ix_preflights_seller_id_created_at", "seller_id", "created_at"),
    )

    id: Mapped[Id]
    seller_id: Mapped[RefId] = mapped_column(ForeignKey("seller_profiles.user_id"))
    version_id: Mapped[RefId] = mapped_column(
        ForeignKey("listing_versions.id", ondelete="CASCADE"), index=True
    )
    run_id: Mapped[RefId] = mapped_column(
        ForeignKey("verification_runs.id", ondelete="CASCADE"), index=True
    )
    report_id: Mapped[RefId | None] = mapped_column(
        ForeignKey("consistency_reports.id", ondelete="SET NULL"), index=True
    )
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    """Of everything that decides the pictures (operations.digest_of); another one means stale."""
    findings: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    """[{code, severity, explanation}] as the policy words them."""
    outcome: Mapped[Outcome | None] = mapped_column(enum_column(Outcome, "preflight_outcome"))
    created_at: Mapped[CreatedAt]
    closed_at: Mapped[Moment | None]

    run: Mapped[VerificationRun] = relationship()
    report: Mapped[ConsistencyReport | None] = relationship()
