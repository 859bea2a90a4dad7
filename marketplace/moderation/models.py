"""Tables of cases, their policy findings and their append-only history."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import User
from marketplace.core.clock import now
from marketplace.core.columns import CreatedAt, EventColumns, Id, Moment, RefId, enum_column
from marketplace.core.database import Base
from marketplace.listings.models import Listing, ListingVersion
from marketplace.moderation.states import About, CaseState, Lane, ReasonCode

ANSWER_WITHIN = timedelta(hours=24)
"""How soon a seller should have an answer, where a lane asks for nothing sooner."""
MIDDLING = 50
_WAITING = "state IN ('open', 'claimed')"
_DECIDED = "state IN ('approved', 'rejected', 'changes_requested')"


class Case(Base):
    """One version waiting for, or having had, a human decision."""

    __tablename__ = "moderation_cases"
    __table_args__ = (
        CheckConstraint(
            "(state IN ('claimed', 'deciding')) = (claimed_by IS NOT NULL AND decided_by IS NULL)",
            name="claimed_has_moderator",
        ),
        CheckConstraint(
            "(state IN ('approved', 'rejected', 'changes_requested')) = "
            "(decided_by IS NOT NULL AND decided_at IS NOT NULL)",
            name="decided_has_moderator",
        ),
        CheckConstraint(
            "(state IN ('rejected', 'changes_requested')) = (reason_code IS NOT NULL)",
            name="rejected_has_reason",
        ),
        CheckConstraint(
            "NOT override OR (state = 'approved' AND decision_note IS NOT NULL)",
            name="override_is_explained",
        ),
        # One open case per version.
        Index(
            "uq_moderation_cases_open",
            "version_id",
            unique=True,
            postgresql_where=text("state IN ('open', 'claimed', 'deciding')"),
        ),
        Index("ix_moderation_cases_queue", "state", "created_at"),
        # The desk's tabs: by age and by risk, within a lane and over all of them.
        Index(
            "ix_moderation_cases_lane_age",
            *("lane", "created_at", "id"),
            postgresql_where=text(_WAITING),
        ),
        Index(
            "ix_moderation_cases_lane_risk",
            *("lane", "risk_rank", "created_at", "id"),
            postgresql_where=text(_WAITING),
        ),
        Index("ix_moderation_cases_age", "created_at", "id", postgresql_where=text(_WAITING)),
        Index(
            "ix_moderation_cases_risk",
            *("risk_rank", "created_at", "id"),
            postgresql_where=text(_WAITING),
        ),
        Index(
            "ix_moderation_cases_held",
            "claimed_by",
            postgresql_where=text("state IN ('claimed', 'deciding')"),
        ),
        Index("ix_moderation_cases_decided", "decided_at", "id", postgresql_where=text(_DECIDED)),
        # Small, for counting alone.
        Index("ix_moderation_cases_lane", "lane", postgresql_where=text(_WAITING)),
    )

    id: Mapped[Id]
    listing_id: Mapped[RefId] = mapped_column(
        ForeignKey("listings.id", ondelete="CASCADE"), index=True
    )
    version_id: Mapped[RefId] = mapped_column(ForeignKey("listing_versions.id", ondelete="CASCADE"))
    run_id: Mapped[RefId | None] = mapped_column(ForeignKey("verification_runs.id"))
    """The run whose report is the evidence; null when there is none."""
    state: Mapped[CaseState] = mapped_column(
        enum_column(CaseState, "case_state"), default=CaseState.OPEN
    )
    verdict: Mapped[str | None] = mapped_column(String(20))
    """Copy of the run's verdict, for the queue's list."""
    about: Mapped[About] = mapped_column(enum_column(About, "case_about"), default=About.SUBMISSION)
    lane: Mapped[Lane] = mapped_column(enum_column(Lane, "case_lane"), default=Lane.NEW)
    risk_rank: Mapped[int] = mapped_column(default=MIDDLING)
    """0 for the riskiest to 100: smaller first, so that one plain index serves the order."""
    due_at: Mapped[Moment] = mapped_column(default=lambda: now() + ANSWER_WITHIN)
    """When its seller should have an answer."""
    escalated_by: Mapped[RefId | None] = mapped_column(ForeignKey("users.id"))
    """Who handed it on; it is for somebody else then."""
    claimed_by: Mapped[RefId | None] = mapped_column(ForeignKey("users.id"))
    claimed_at: Mapped[Moment | None]
    decided_by: Mapped[RefId | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[Moment | None]
    override: Mapped[bool] = mapped_column(default=False)
    """Approved against or without a report; the moderator's name and note stand with it."""
    reason_code: Mapped[ReasonCode | None] = mapped_column(enum_column(ReasonCode, "reason_code"))
    decision_note: Mapped[str | None] = mapped_column(String(2000))
    created_at: Mapped[CreatedAt]

    listing: Mapped[Listing] = relationship(lazy="joined")
    version: Mapped[ListingVersion] = relationship()
    claimant: Mapped[User | None] = relationship(foreign_keys=[claimed_by])
    decider: Mapped[User | None] = relationship(foreign_keys=[decided_by])
    findings: Mapped[list[Finding]] = relationship(order_by="Finding.code")
    approvals: Mapped[list[Approval]] = relationship(order_by="Approval.at")

    @property
    def on_sale(self) -> bool:
        """It asks whether a version may stay on sale, not whether it may go there."""
        return self.about is About.ON_SALE


class Approval(Base):
    """One moderator's hand on a case: attested listings need two. Written once."""

    __tablename__ = "moderation_approvals"

    case_id: Mapped[RefId] = mapped_column(
        ForeignKey("moderation_cases.id", ondelete="CASCADE"), primary_key=True
    )
    moderator_id: Mapped[RefId] = mapped_column(ForeignKey("users.id"), primary_key=True)
    override: Mapped[bool]
    """This moderator approved without the evidence that the tier asks for, and said why."""
    note: Mapped[str | None] = mapped_column(String(2000))
    at: Mapped[CreatedAt]

    moderator: Mapped[User] = relationship(lazy="joined")


class Finding(Base):
    """Something a check noticed and a moderator should see."""

    __tablename__ = "moderation_findings"

    id: Mapped[Id]
    case_id: Mapped[RefId] = mapped_column(
        ForeignKey("moderation_cases.id", ondelete="CASCADE"), index=True
    )
    code: Mapped[str] = mapped_column(String(40))
    severity: Mapped[str] = mapped_column(String(10))
    """info, warning or serious."""
    field: Mapped[str] = mapped_column(String(40))
    explanation: Mapped[str] = mapped_column(String(500))
    """Plain words; never quotes the prompt."""


class CaseEvent(Base, EventColumns):
    """Append-only history of a case's states."""

    __tablename__ = "moderation_case_events"

    case_id: Mapped[RefId] = mapped_column(
        ForeignKey("moderation_cases.id", ondelete="CASCADE"), index=True
    )
