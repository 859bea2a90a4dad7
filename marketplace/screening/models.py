"""Tables of policy checks, what they found, and the prints that tell clones."""

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
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.columns import CreatedAt, Id, Moment, RefId, Sealed, enum_column
from marketplace.core.database import Base
from marketplace.policy import Severity
from marketplace.screening.states import CheckState, Stage


class PolicyCheck(Base):
    """One stage's look at one version's contents by one version of the policy."""

    __tablename__ = "policy_checks"
    __table_args__ = (
        UniqueConstraint("version_id", "stage", "policy_version", "digest"),
        CheckConstraint("(state = 'waiting') = (finished_at IS NULL)", name="over_has_moment"),
        Index("ix_policy_checks_due", "not_before", postgresql_where=text("state = 'waiting'")),
    )

    id: Mapped[Id]
    version_id: Mapped[RefId] = mapped_column(ForeignKey("listing_versions.id", ondelete="CASCADE"))
    stage: Mapped[Stage] = mapped_column(enum_column(Stage, "policy_stage"))
    policy_version: Mapped[str] = mapped_column(String(20))
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    """Keyed hash of what is looked at: a draft that changed is checked anew."""
    state: Mapped[CheckState] = mapped_column(
        enum_column(CheckState, "policy_check_state"), default=CheckState.WAITING
    )
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[Moment | None]
    """The next try is not made before this; also the lease of the try that is under way."""
    error_code: Mapped[str | None] = mapped_column(String(60))
    created_at: Mapped[CreatedAt]
    requested_at: Mapped[Moment] = mapped_column(server_default=text("clock_timestamp()"))
    """Asked for last; the newest of a stage is the one that counts."""
    finished_at: Mapped[Moment | None]

    findings: Mapped[list[PolicyFinding]] = relationship(order_by="PolicyFinding.position")


class PolicyFinding(Base):
    """One finding. Written once, with its check; a trigger refuses changes."""

    __tablename__ = "policy_findings"
    __table_args__ = (UniqueConstraint("check_id", "position"),)

    id: Mapped[Id]
    check_id: Mapped[RefId] = mapped_column(ForeignKey("policy_checks.id", ondelete="CASCADE"))
    position: Mapped[int]
    code: Mapped[str] = mapped_column(String(40), index=True)
    severity: Mapped[Severity] = mapped_column(enum_column(Severity, "policy_severity"))
    field: Mapped[str] = mapped_column(String(40))
    rule: Mapped[str] = mapped_column(String(40), index=True)
    details_sealed: Mapped[Sealed] = mapped_column(LargeBinary, deferred=True)
    """Span, explanation and fix: they may say what the prompt says, and are sealed like it."""
    others: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    """Other listings it is about: [{"listing_id", "similarity"}]. For moderators only."""


class PolicyPrint(Base):
    """A version's structure as keyed MinHash numbers: tells clones, cannot be read."""

    __tablename__ = "policy_prints"
    __table_args__ = (Index("ix_policy_prints_bands", "bands", postgresql_using="gin"),)

    version_id: Mapped[RefId] = mapped_column(
        ForeignKey("listing_versions.id", ondelete="CASCADE"), primary_key=True
    )
    rule_version: Mapped[int]
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    bands: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    created_at: Mapped[CreatedAt]
