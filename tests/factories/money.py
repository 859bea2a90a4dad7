"""Paid orders of several lines, and what can go wrong with them, as rows alone."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.money import Money
from marketplace.listings.models import Listing
from marketplace.orders.alerts import AlertKind, raise_alert
from marketplace.orders.books_models import (
    MoneyAlert,
    Reconciliation,
    ReconciliationDifference,
)
from marketplace.orders.dispute_models import Dispute
from marketplace.orders.fees import split_price
from marketplace.orders.models import Entitlement, Order, OrderLine
from marketplace.orders.refund_models import Refund, RefundRequest
from marketplace.orders.states import (
    OrderState,
    RefundReason,
    RefundState,
    RequestState,
    ReversalState,
    TransferState,
)
from marketplace.orders.transfer_models import TransferReversal

_numbers = itertools.count(1)


def make_order(session: Session, buyer_id: str, *listings: Listing, tax_cents: int = 0) -> Order:
    """A paid order of some listings, nothing of it transferred yet; tax falls on the first line."""
    number = next(_numbers)
    total = sum(listing.price_cents for listing in listings)
    order = Order(
        buyer_id=buyer_id,
        state=OrderState.PAID,
        total_cents=total,
        tax_cents=tax_cents,
        arrived_cents=total + tax_cents,
        currency="usd",
        expires_at=now(),
        paid_at=now(),
        charge_id=f"ch_money{number}",
        payment_intent_id=f"pi_money{number}",
        checkout_session_id=f"cs_test_money{number}",
    )
    session.add(order)
    session.flush()
    for position, listing in enumerate(listings):
        split = split_price(Money(listing.price_cents))
        line = OrderLine(
            order_id=order.id,
            listing_id=listing.id,
            version_id=listing.live_version_id,
            seller_id=listing.seller_id,
            title=listing.title,
            position=position,
            price_cents=listing.price_cents,
            commission_cents=split.commission.cents,
            seller_cents=split.seller.cents,
            tax_cents=tax_cents if position == 0 else 0,
            currency="usd",
            transfer_state=TransferState.PENDING,
        )
        session.add(line)
        session.flush()
        session.add(
            Entitlement(
                buyer_id=buyer_id,
                listing_id=listing.id,
                version_id=listing.live_version_id,
                line_id=line.id,
            )
        )
    session.flush()
    session.refresh(order)
    return order


def make_request(session: Session, line: OrderLine, note: str = "") -> RefundRequest:
    """An open refund request."""
    request = RefundRequest(
        order_id=line.order_id,
        line_id=line.id,
        buyer_id=line.order.buyer_id,
        reason=RefundReason.DOES_NOT_WORK,
        note=note,
        state=RequestState.OPEN,
    )
    session.add(request)
    session.flush()
    return request


def make_failed_refund(session: Session, line: OrderLine) -> Refund:
    """A refund of a whole line whose money came back."""
    refund = Refund(
        order_id=line.order_id,
        line_id=line.id,
        cents=line.price_cents,
        tax_cents=line.tax_cents,
        currency="usd",
        state=RefundState.FAILED,
        reason=RefundReason.OTHER,
        note="",
        refund_id=f"re_money{next(_numbers)}",
        failure_code="expired_or_canceled_card",
    )
    session.add(refund)
    session.flush()
    return refund


def make_dispute(
    session: Session, order: Order, status: str = "needs_response", due_in_days: int | None = 7
) -> Dispute:
    """A dispute of a whole order, as a row."""
    dispute = Dispute(
        dispute_id=f"du_money{next(_numbers)}",
        order_id=order.id,
        charge_id=order.charge_id,
        cents=order.paid_cents,
        currency="usd",
        reason="product_not_received",
        status=status,
        evidence={},
        due_by=None if due_in_days is None else now() + timedelta(days=due_in_days),
        opened_at=now(),
    )
    session.add(dispute)
    session.flush()
    return dispute


def make_debt(session: Session, line: OrderLine, cents: int) -> TransferReversal:
    """A share that was sent, then given back to the buyer, and could not be called back."""
    line.refunded_cents, line.refunded_seller_cents = line.price_cents, line.seller_cents
    line.transferred_cents = line.seller_cents
    line.transfer_state, line.transfer_id = TransferState.REVERSAL_FAILED, f"tr_money{line.id}"
    row = TransferReversal(
        line_id=line.id,
        seller_id=line.seller_id,
        cents=cents,
        recovered_cents=0,
        currency="usd",
        state=ReversalState.REFUSED,
        refused_code="balance_insufficient",
    )
    session.add(row)
    session.flush()
    return row


def make_alert(session: Session, subject: str = "ch_unknown") -> MoneyAlert:
    """An open alert."""
    raise_alert(session, AlertKind.REFUND_FAILED, subject, "a refund came back")
    return session.scalars(select(MoneyAlert).where(MoneyAlert.subject == subject)).one()


def make_reconciliation(session: Session, missing: int = 0) -> Reconciliation:
    """A comparison; ``missing`` cents are not in our books, and named."""
    row = Reconciliation(
        day=date(2026, 11, 20),
        ledger_cents=10_000,
        transactions_cents=10_000 + missing,
        balance_cents=10_000 + missing,
        trial_cents=0,
        transactions=7,
        orders=2,
        explained_cents=missing,
    )
    session.add(row)
    session.flush()
    if missing:
        session.add(
            ReconciliationDifference(
                reconciliation_id=row.id,
                position=0,
                kind="missing_booking",
                subject="txn_money",
                stripe_cents=missing,
                ledger_cents=0,
                message="stripe_fee:txn_money moved and is not in our books",
            )
        )
    session.flush()
    return row
