"""Reads of the inbox, for the desk."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.stripe_events.models import InboxState, StripeEvent, WebhookTrouble


def inbox_counts(session: Session) -> dict[InboxState, int]:
    """How many events are in each state; 0 included."""
    rows = session.execute(select(StripeEvent.state, func.count()).group_by(StripeEvent.state))
    counted = {state: int(number) for state, number in rows}
    return {state: counted.get(state, 0) for state in InboxState}


def dead_events(session: Session, limit: int = 50, offset: int = 0) -> list[StripeEvent]:
    """Events that were given up, newest first."""
    return list(
        session.scalars(
            select(StripeEvent)
            .where(StripeEvent.state == InboxState.DEAD)
            .order_by(StripeEvent.received_at.desc(), StripeEvent.id)
            .limit(limit)
            .offset(offset)
        )
    )


def webhook_troubles(session: Session, days: int = 14) -> list[WebhookTrouble]:
    """Refused webhooks of the last days by endpoint and cause, newest first."""
    return list(
        session.scalars(
            select(WebhookTrouble)
            .where(WebhookTrouble.day > now().date() - timedelta(days=days))
            .order_by(WebhookTrouble.day.desc(), WebhookTrouble.endpoint, WebhookTrouble.cause)
        )
    )
