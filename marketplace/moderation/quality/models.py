"""Tables of labels on findings, second looks, and the owner's switches."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.accounts.models import User
from marketplace.core.columns import CreatedAt, Id, Moment, RefId
from marketplace.core.database import Base
from marketplace.moderation.decisions.models import Decision


class FindingLabel(Base):
    """A moderator's word on whether a finding is right; each has one per finding."""

    __tablename__ = "finding_labels"

    finding_id: Mapped[RefId] = mapped_column(
        ForeignKey("policy_findings.id", ondelete="CASCADE"), primary_key=True
    )
    moderator_id: Mapped[RefId] = mapped_column(ForeignKey("users.id"), primary_key=True)
    right: Mapped[bool]
    created_at: Mapped[CreatedAt]


class SecondLook(Base):
    """An approval drawn at random that another moderator looks at again."""

    __tablename__ = "second_looks"
    __table_args__ = (
        CheckConstraint(
            "reviewer_id IS NULL OR reviewer_id <> decider_id", name="another_moderator_looks"
        ),
        CheckConstraint(
            "(reviewer_id IS NULL) = (agrees IS NULL) AND (agrees IS NULL) = (done_at IS NULL)",
            name="done_by_somebody",
        ),
        CheckConstraint("agrees IS NOT FALSE OR note <> ''", name="disagreement_is_explained"),
        Index("ix_second_looks_waiting", "created_at", postgresql_where=text("done_at IS NULL")),
    )

    id: Mapped[Id]
    decision_id: Mapped[RefId] = mapped_column(
        ForeignKey("moderation_decisions.id", ondelete="CASCADE"), unique=True
    )
    decider_id: Mapped[RefId] = mapped_column(ForeignKey("users.id"))
    """Whose decision it was; for automatic ones, the owner who switched them on."""
    created_at: Mapped[CreatedAt]
    reviewer_id: Mapped[RefId | None] = mapped_column(ForeignKey("users.id"))
    agrees: Mapped[bool | None]
    note: Mapped[str] = mapped_column(String(1000), default="")
    done_at: Mapped[Moment | None]

    decision: Mapped[Decision] = relationship(lazy="joined")
    reviewer: Mapped[User | None] = relationship(foreign_keys=[reviewer_id])


class DeskSwitch(Base):
    """Something the owner switches on or off at the desk; absent means off."""

    __tablename__ = "desk_switches"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    on: Mapped[bool]
    set_by: Mapped[RefId] = mapped_column(ForeignKey("users.id"))
    set_at: Mapped[Moment]
