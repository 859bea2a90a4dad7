"""A refund in the books: who bears it, its mirror when it fails, and payment by hand."""

from __future__ import annotations

from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError, InvalidError, NotFoundError
from marketplace.orders import ledger
from marketplace.orders.fees import bear
from marketplace.orders.history import change_refund
from marketplace.orders.line_money import rebalance
from marketplace.orders.line_sums import price_in_dispute, reserved
from marketplace.orders.locks import lock_lines, lock_order
from marketplace.orders.mails import send_refund_by_hand
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.refund_models import Refund
from marketplace.orders.rights import settle_order_state, settle_right
from marketplace.orders.states import RefundAction, RefundState


def book(
    session: Session,
    order: Order,
    line: OrderLine | None,
    row: Refund,
    from_bank: bool = False,
) -> None:
    """Take a refund into the books and the line's sums; order and line are locked.

    Args:
        from_bank: paid by hand from the house's bank account instead of the balance at Stripe.
    """
    if line is None:
        row.seller_cents = row.commission_cents = None
    else:
        borne = bear(
            line.price_cents,
            line.seller_cents,
            line.refunded_cents,
            line.refunded_seller_cents,
            row.cents,
        )
        row.seller_cents, row.commission_cents = borne.seller, borne.commission
        _count(line, row, 1)
    order.refunded_cents += row.paid_back_cents
    row.booked_at, row.undone_at = now(), None
    kind = ledger.EntryKind.MANUAL_REFUND if from_bank else ledger.EntryKind.REFUND
    outside = row.id if from_bank else str(row.refund_id)
    memo = row.note if from_bank else None
    ledger.post(session, kind, outside, _legs(order, line, row, from_bank), order.id, memo)


def undo(session: Session, order: Order, line: OrderLine | None, row: Refund) -> None:
    """Book the mirror of a refund whose money came back."""
    legs = _legs(order, line, row, from_bank=False)
    mirror = [ledger.Leg(leg.account, -leg.cents, leg.line_id) for leg in legs]
    kind = ledger.EntryKind.REFUND_FAILED
    ledger.post(session, kind, str(row.refund_id), mirror, order.id)
    if line is not None:
        _count(line, row, -1)
    order.refunded_cents -= row.paid_back_cents
    row.undone_at = now()


def mark_paid_by_hand(
    session: Session, services: Services, refund_id: str, actor_id: str, note: str
) -> Refund:
    """A person has paid a failed refund from the house's bank account.

    Raises:
        NotFoundError: no such refund.
        InvalidError: no word on how it was paid.
        ConflictError: it has not failed, or its line was given back in another way.
    """
    note = note.strip()
    if not note:
        raise InvalidError("Say how it was paid, for the books.", "no_note", field="note")
    found = session.get(Refund, refund_id)
    if found is None:
        raise NotFoundError
    order = lock_order(session, found.order_id)
    lines = {line.id: line for line in lock_lines(session, order)}
    row = session.get_one(Refund, refund_id, populate_existing=True)
    line = lines.get(row.line_id or "")
    if row.state not in {RefundState.FAILED, RefundState.CANCELED}:
        raise ConflictError("Only a refund that has failed is paid by hand.", "not_failed")
    if line is not None:
        left = line.price_cents - line.refunded_cents - reserved(session, line.id).cents
        # What a bank holds or has given back already cannot be paid a second time.
        if row.cents > left - price_in_dispute(session, line.id):
            raise ConflictError("This was given back in another way.", "refunded_already")
    change_refund(session, order, row, RefundAction.PAY_BY_HAND, note, actor_id)
    row.note, row.decided_by, row.finished_at = note, actor_id, now()
    book(session, order, line, row, from_bank=True)
    if line is not None:
        settle_right(session, line)
        rebalance(session, services.queue, line)
    settle_order_state(session, order, "paid by hand")
    send_refund_by_hand(session, services.queue, row)
    return row


def _count(line: OrderLine, row: Refund, sign: int) -> None:
    line.refunded_cents += sign * row.cents
    line.refunded_seller_cents += sign * (row.seller_cents or 0)
    line.refunded_tax_cents += sign * row.tax_cents


def _legs(order: Order, line: OrderLine | None, row: Refund, from_bank: bool) -> list[ledger.Leg]:
    source = ledger.BANK if from_bank else ledger.STRIPE_BALANCE
    if line is None:
        out = ledger.Leg(source, -row.paid_back_cents)
        return [ledger.Leg(ledger.in_review(order.id), row.paid_back_cents), out]
    return [
        ledger.Leg(ledger.seller_payable(line.seller_id), row.seller_cents or 0, line.id),
        ledger.Leg(ledger.COMMISSION, row.commission_cents or 0, line.id),
        ledger.Leg(ledger.TAX_PAYABLE, row.tax_cents, line.id),
        ledger.Leg(source, -row.paid_back_cents, line.id),
    ]
