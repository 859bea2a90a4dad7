"""One order's whole story: its rows, ids at Stripe and ledger entries, as they happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from marketplace.core.errors import NotFoundError
from marketplace.orders.dispute_models import (
    Dispute,
    DisputeEvent,
    FraudWarning,
    LibraryAccess,
    PaymentAttempt,
)
from marketplace.orders.ledger import STRIPE_BALANCE
from marketplace.orders.models import Entitlement, LedgerEntry, Order, OrderEvent, OrderLine
from marketplace.orders.refund_models import Refund, RefundRequest
from marketplace.orders.transfer_models import LineTransfer, TransferReversal


@dataclass(frozen=True)
class Moment:
    """One thing that happened."""

    at: datetime
    kind: str
    """order, line, request, dispute, warning, attempt, ledger or access."""
    title: str
    """What it was: an action, an entry's kind or words."""
    detail: str
    """Why or which: a code, an id, or a person's own words."""
    cents: int | None = None
    subject_id: str | None = None
    actor_id: str | None = None
    about: str = ""
    """The prompt's title, where only one line is concerned."""


@dataclass(frozen=True)
class OrderStory:
    """Everything that is known about one order."""

    order: Order
    lines: list[OrderLine]
    entitlements: list[Entitlement]
    requests: list[RefundRequest]
    refunds: list[Refund]
    transfers: list[LineTransfer]
    reversals: list[TransferReversal]
    disputes: list[Dispute]
    warnings: list[FraudWarning]
    attempts: list[PaymentAttempt]
    entries: list[LedgerEntry]
    events: list[OrderEvent]
    dispute_events: list[DisputeEvent]
    accesses: list[LibraryAccess]
    ids: list[tuple[str, str]]
    """What an object at Stripe is to the order, and its id."""
    timeline: list[Moment]


def order_story(session: Session, order_id: str) -> OrderStory:
    """Gather an order's story.

    Raises:
        NotFoundError: no such order.
    """
    order = session.scalar(
        select(Order)
        .options(selectinload(Order.lines).joinedload(OrderLine.listing))
        .where(Order.id == order_id)
    )
    if order is None:
        raise NotFoundError
    rows = _rows(session, order)
    return OrderStory(order=order, **rows, ids=_ids(order, rows), timeline=_timeline(rows))


def _rows(session: Session, order: Order) -> dict[str, list[Any]]:
    lines = [line.id for line in order.lines]
    of_lines = select(Entitlement).where(Entitlement.line_id.in_(lines))
    rights = list(session.scalars(of_lines.order_by(Entitlement.created_at)))
    disputes = list(
        session.scalars(
            select(Dispute)
            .options(selectinload(Dispute.lines))
            .where(Dispute.order_id == order.id)
            .order_by(Dispute.opened_at)
        )
    )
    return {
        "lines": list(order.lines),
        "entitlements": rights,
        "requests": _of_order(session, RefundRequest, order.id, RefundRequest.created_at),
        "refunds": _of_order(session, Refund, order.id, Refund.created_at),
        "transfers": list(
            session.scalars(
                select(LineTransfer)
                .where(LineTransfer.line_id.in_(lines))
                .order_by(LineTransfer.created_at)
            )
        ),
        "reversals": list(
            session.scalars(
                select(TransferReversal)
                .where(TransferReversal.line_id.in_(lines))
                .order_by(TransferReversal.created_at)
            )
        ),
        "disputes": disputes,
        "warnings": _of_order(session, FraudWarning, order.id, FraudWarning.created_at),
        "attempts": _of_order(session, PaymentAttempt, order.id, PaymentAttempt.at),
        "entries": list(
            session.scalars(
                select(LedgerEntry)
                .options(selectinload(LedgerEntry.postings))
                .where(LedgerEntry.order_id == order.id)
                .order_by(LedgerEntry.created_at, LedgerEntry.id)
            )
        ),
        "events": _of_order(session, OrderEvent, order.id, OrderEvent.at),
        "dispute_events": list(
            session.scalars(
                select(DisputeEvent)
                .where(DisputeEvent.dispute_id.in_([one.id for one in disputes]))
                .order_by(DisputeEvent.at)
            )
        ),
        "accesses": list(
            session.scalars(
                select(LibraryAccess)
                .where(LibraryAccess.entitlement_id.in_([one.id for one in rights]))
                .order_by(LibraryAccess.at)
            )
        ),
    }


def _of_order(session: Session, model: Any, order_id: str, at: Any) -> list[Any]:
    return list(
        session.scalars(select(model).where(model.order_id == order_id).order_by(at, model.id))
    )


def _ids(order: Order, rows: dict[str, list[Any]]) -> list[tuple[str, str]]:
    found = [
        ("checkout session", order.checkout_session_id),
        ("payment intent", order.payment_intent_id),
        ("charge", order.charge_id),
        *(("transfer", row.transfer_id) for row in rows["transfers"]),
        *(("transfer reversal", row.reversal_id) for row in rows["reversals"]),
        *(("refund", row.refund_id) for row in rows["refunds"]),
        *(("dispute", row.dispute_id) for row in rows["disputes"]),
        *(("early fraud warning", row.warning_id) for row in rows["warnings"]),
    ]
    return [(what, one) for what, one in found if one]


def _timeline(rows: dict[str, list[Any]]) -> list[Moment]:
    titles = {line.id: line.title for line in rows["lines"]}
    moments = [_event(event, titles) for event in rows["events"]]
    moments += [
        Moment(
            entry.created_at,
            "ledger",
            entry.kind,
            entry.external_id,
            sum(leg.amount_cents for leg in entry.postings if leg.account == STRIPE_BALANCE),
            entry.id,
        )
        for entry in rows["entries"]
    ]
    moments += [
        Moment(one.created_at, "request", "asked for a refund", one.reason.value, None, one.id)
        for one in rows["requests"]
    ]
    moments += [
        Moment(
            one.at,
            "attempt",
            "card accepted" if one.succeeded else "card refused",
            one.code or one.charge_id,
            None,
            one.charge_id,
        )
        for one in rows["attempts"]
    ]
    moments += [
        Moment(
            one.at,
            "dispute",
            one.action,
            one.reason or one.to_state,
            None,
            one.dispute_id,
            one.actor_id,
        )
        for one in rows["dispute_events"]
    ]
    moments += [
        Moment(one.created_at, "warning", "fraud warning", one.fraud_type, None, one.warning_id)
        for one in rows["warnings"]
    ]
    moments += [
        Moment(one.at, "access", "opened in the library", "", None, one.entitlement_id)
        for one in rows["accesses"]
    ]
    return sorted(moments, key=lambda moment: moment.at)


def _event(event: OrderEvent, titles: dict[str, str]) -> Moment:
    of_line = event.line_id is not None
    what = titles.get(event.line_id or "", "")
    kind = "line" if of_line else "order"
    return Moment(
        event.at,
        kind,
        event.action,
        event.reason or "",
        subject_id=event.line_id,
        actor_id=event.actor_id,
        about=what,
    )
