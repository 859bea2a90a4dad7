"""Counts refused webhooks by cause: a wrong clock or a wrong secret shows here first."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.gateways.payments import RejectionCause
from marketplace.orders.alerts import AlertKind, raise_alert
from marketplace.stripe_events.models import WebhookTrouble

ODD_SECONDS = 120
"""Network and queues explain less than that between the sender's clock and ours."""


def note_trouble(
    session: Session, endpoint: str, cause: RejectionCause, skew_seconds: int | None = None
) -> None:
    """Count one refused (or oddly dated) webhook.

    Args:
        skew_seconds: sender's time less ours, where the signature was right.
    """
    moment = now()
    values = {"skew_seconds": skew_seconds, "last_at": moment}
    session.execute(
        insert(WebhookTrouble)
        .values(day=moment.date(), endpoint=endpoint, cause=cause.value, count=1, **values)
        .on_conflict_do_update(
            index_elements=[WebhookTrouble.day, WebhookTrouble.endpoint, WebhookTrouble.cause],
            set_={"count": WebhookTrouble.count + text("1"), **values},
        )
    )
    if cause in {RejectionCause.STALE, RejectionCause.AHEAD}:
        behind = "behind" if cause is RejectionCause.AHEAD else "ahead"
        message = f"our clock seems to be {abs(skew_seconds or 0)} seconds {behind} of Stripe's"
        raise_alert(session, AlertKind.CLOCK_SKEW, endpoint, message)
    elif cause is RejectionCause.OTHER_MODE:
        # Signed with our secret, so it is no stranger's: an endpoint is registered wrongly.
        message = "events of the other mode arrive here, rightly signed: they are refused"
        raise_alert(session, AlertKind.OTHER_MODE, endpoint, message)
