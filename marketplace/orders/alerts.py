"""What about money needs a person: kept once while it is open, and logged without details."""

from __future__ import annotations

import logging
from enum import StrEnum

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.errors import NotFoundError
from marketplace.core.ids import new_id
from marketplace.gateways.payments import KEY_REUSED
from marketplace.orders.books_models import MoneyAlert

log = logging.getLogger(__name__)


class AlertKind(StrEnum):
    """What can be the matter."""

    ORDER_IN_REVIEW = "order_in_review"
    UNKNOWN_STATUS = "unknown_status"
    """The provider has a word that we do not know: the object is left as it is."""
    REFUND_REFUSED = "refund_refused"
    REFUND_FAILED = "refund_failed"
    """The buyer's bank sent the money back: it must be paid by hand."""
    REFUND_ELSEWHERE = "refund_elsewhere"
    """A refund that was made in the provider's dashboard."""
    BALANCE_TOO_LOW = "balance_too_low"
    TRANSFER_DIFFERS = "transfer_differs"
    REVERSAL_REFUSED = "reversal_refused"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_LOST = "dispute_lost"
    FRAUD_WARNING = "fraud_warning"
    SELLER_PAYOUT_FAILED = "seller_payout_failed"
    RECONCILIATION = "reconciliation"
    CLOCK_SKEW = "clock_skew"
    OTHER_MODE = "other_mode"
    """Test events, rightly signed, at the live site; or the other way round."""
    DEAD_EVENT = "dead_event"
    UNKNOWN_EVENT = "unknown_event"
    RADAR_REVIEW = "radar_review"
    KEY_REUSED = "key_reused"
    """We asked for two different things under one key: a mistake in our code."""
    SHARE_STUCK = "share_stuck"
    """A seller's account has refused their money for so long that a person must decide."""


def raise_alert(
    session: Session, kind: AlertKind, subject: str, message: str, order_id: str | None = None
) -> None:
    """Open an alert, or count once more one that is open.

    Args:
        subject: id of what it is about; with the kind it is unique among open alerts.
        message: for staff; ids, codes and sums only.
    """
    log.error("money alert %s about %s", kind.value, subject)
    moment = now()
    session.execute(
        insert(MoneyAlert)
        .values(
            id=new_id(),
            kind=kind.value,
            subject=subject[:120],
            order_id=order_id,
            message=message[:300],
            count=1,
            last_at=moment,
        )
        .on_conflict_do_update(
            index_elements=[MoneyAlert.kind, MoneyAlert.subject],
            index_where=text("resolved_at IS NULL"),
            set_={
                "count": MoneyAlert.count + 1,
                "last_at": moment,
                "message": message[:300],
            },
        )
    )


def note_refusal(session: Session, code: str, subject: str, order_id: str | None) -> None:
    """Raise the alarm where a call was refused because of a mistake of ours."""
    if code == KEY_REUSED:
        text = "a call was refused because its key had been used for something else"
        raise_alert(session, AlertKind.KEY_REUSED, subject, text, order_id)


def open_alerts(session: Session, limit: int = 100) -> list[MoneyAlert]:
    """Alerts that nobody has dealt with, newest first."""
    return list(
        session.scalars(
            select(MoneyAlert)
            .where(MoneyAlert.resolved_at.is_(None))
            .order_by(MoneyAlert.last_at.desc(), MoneyAlert.id)
            .limit(limit)
        )
    )


def resolve_alert(session: Session, alert_id: str, actor_id: str) -> MoneyAlert:
    """Close an alert; closing it twice changes nothing.

    Raises:
        NotFoundError: no such alert.
    """
    alert = session.get(MoneyAlert, alert_id, with_for_update=True, populate_existing=True)
    if alert is None:
        raise NotFoundError
    if alert.resolved_at is None:
        alert.resolved_at, alert.resolved_by = now(), actor_id
    return alert
