"""The inbox of webhooks. An event is skipped only when it is finished, never because seen."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Date, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.columns import CreatedAt, Moment, enum_column
from marketplace.core.database import Base


class InboxState(StrEnum):
    """How far an event has come."""

    RECEIVED = "received"
    DONE = "done"
    IGNORED = "ignored"
    FAILED = "failed"
    DEAD = "dead"


class StripeEvent(Base):
    """One event as it came, under the provider's own id."""

    __tablename__ = "stripe_events"
    __table_args__ = (Index("ix_stripe_events_waiting", "state", "next_attempt_at"),)

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    type: Mapped[str] = mapped_column(String(100))
    account: Mapped[str | None] = mapped_column(String(64))
    livemode: Mapped[bool]
    api_version: Mapped[str | None] = mapped_column(String(40))
    object_id: Mapped[str | None] = mapped_column(String(120))
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[InboxState] = mapped_column(
        enum_column(InboxState, "inbox_state"), default=InboxState.RECEIVED
    )
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[Moment | None]
    error: Mapped[str | None] = mapped_column(String(200))
    created: Mapped[Moment]
    received_at: Mapped[CreatedAt]
    finished_at: Mapped[Moment | None]
    retried_by: Mapped[str | None] = mapped_column(String(13))
    """Who set a dead event going again."""


class WebhookTrouble(Base):
    """How often webhooks were refused on a day, by cause: a wrong clock or secret shows here."""

    __tablename__ = "webhook_troubles"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    endpoint: Mapped[str] = mapped_column(String(20), primary_key=True)
    """platform, connect or v2."""
    cause: Mapped[str] = mapped_column(String(30), primary_key=True)
    """One of gateways.payments.RejectionCause."""
    count: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    skew_seconds: Mapped[int | None]
    """Sender's time less ours at the last one, where the signature was right."""
    last_at: Mapped[Moment]
