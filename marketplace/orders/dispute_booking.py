"""A dispute in the books: suspended while the bank decides, then lost by its lines or returned."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.gateways.payments import DisputeFacts
from marketplace.orders import ledger
from marketplace.orders.dispute_models import Dispute, DisputeLine
from marketplace.orders.line_sums import accepted
from marketplace.orders.models import Order, OrderLine


def book_lines(session: Session, order: Order, dispute: Dispute, facts: DisputeFacts) -> None:
    """Book each balance transaction of a dispute once; what the bank holds is their sum."""
    suspense = ledger.dispute_suspense(dispute.dispute_id)
    for one in facts.lines:
        ledger.post(
            session,
            ledger.EntryKind.DISPUTE_BT,
            one.transaction_id,
            {
                suspense: -one.amount.cents,
                ledger.DISPUTE_FEES: one.fee.cents,
                ledger.STRIPE_BALANCE: one.net.cents,
            },
            order.id,
        )
    dispute.withdrawn_cents = -sum(one.amount.cents for one in facts.lines)
    dispute.fee_cents = sum(one.fee.cents for one in facts.lines)


def share_out(session: Session, order: Order, lines: list[OrderLine], dispute: Dispute) -> None:
    """Divide what was withdrawn among what is left of the lines, in proportion; fixed then.

    What exceeds them was given back to the buyer before: if it is lost, the house bears it. Where
    such a refund fails later, its line, if it has no part in the dispute yet, gets one after all.
    """
    bearing = {part.line_id for part in dispute.lines}
    free = [line for line in lines if line.id not in bearing]
    rest = dispute.withdrawn_cents - sum(part.cents + part.tax_cents for part in dispute.lines)
    left = [_left(session, line) for line in free]
    whole = sum(price + tax for price, _, tax in left)
    if rest <= 0 or whole == 0 or order.paid_at is None:
        return
    disputed = min(rest, whole)
    before, given = 0, 0
    for line, (price, seller, tax) in zip(free, left, strict=True):
        before += price + tax
        share = disputed * before // whole - given
        given += share
        if share > 0:
            session.add(_part(dispute, line, share, price, seller, tax))
    session.flush()
    session.refresh(dispute, ["lines"])


def _left(session: Session, line: OrderLine) -> tuple[int, int, int]:
    """Price, seller's share of it, and tax that neither refunds nor other disputes have taken.

    Refunds that Stripe has accepted count, booked or not: no bank takes back what was given back.
    """
    refunds = accepted(session, line)
    taken = session.execute(
        select(
            func.coalesce(func.sum(DisputeLine.cents), 0),
            func.coalesce(func.sum(DisputeLine.seller_cents), 0),
            func.coalesce(func.sum(DisputeLine.tax_cents), 0),
        ).where(DisputeLine.line_id == line.id, DisputeLine.returned.is_(False))
    ).one()
    return (
        line.price_cents - line.refunded_cents - refunds.cents - int(taken[0]),
        line.seller_cents - line.refunded_seller_cents - refunds.seller_cents - int(taken[1]),
        line.tax_cents - line.refunded_tax_cents - refunds.tax_cents - int(taken[2]),
    )


def _part(
    dispute: Dispute, line: OrderLine, share: int, price: int, seller: int, tax: int
) -> DisputeLine:
    of_price = price * share // (price + tax)
    of_seller = seller * of_price // price if price else 0
    return DisputeLine(
        dispute_id=dispute.id,
        line_id=line.id,
        cents=of_price,
        tax_cents=share - of_price,
        seller_cents=of_seller,
        commission_cents=of_price - of_seller,
        held_cents=0,
        lost=False,
        returned=False,
    )


def lose(session: Session, order: Order, dispute: Dispute) -> None:
    """The bank keeps the money: each line bears its share, the seller's from what is held.

    A share that could not be called back stands in the seller's account as a debt.
    """
    for part in dispute.lines:
        if part.lost:
            continue
        part.lost = True
        legs = _lost_legs(dispute, part)
        name = f"{dispute.dispute_id}:{part.line_id}"
        ledger.post(session, ledger.EntryKind.DISPUTE_LOST, name, legs, order.id)
    _clear_suspense(session, order, dispute, ledger.EntryKind.DISPUTE_LOST)


def win(session: Session, order: Order, dispute: Dispute) -> None:
    """The money is back, or never went: what was held is owed to its sellers again."""
    for part in dispute.lines:
        if part.returned:
            continue
        part.returned = True
        name = f"{dispute.dispute_id}:{part.line_id}"
        if part.lost:
            # An appeal turned the loss round.
            mirror = [
                ledger.Leg(leg.account, -leg.cents, leg.line_id)
                for leg in _lost_legs(dispute, part, restored=True)
            ]
            ledger.post(session, ledger.EntryKind.DISPUTE_RESTORED, name, mirror, order.id)
        elif part.held_cents:
            payable = ledger.seller_payable(part.line.seller_id)
            legs = [
                ledger.Leg(ledger.seller_held(dispute.dispute_id), part.held_cents, part.line_id),
                ledger.Leg(payable, -part.held_cents, part.line_id),
            ]
            ledger.post(session, ledger.EntryKind.DISPUTE_RELEASED, name, legs, order.id)
    _clear_suspense(session, order, dispute, ledger.EntryKind.DISPUTE_RESTORED)


def _clear_suspense(
    session: Session, order: Order, dispute: Dispute, kind: ledger.EntryKind
) -> None:
    """What no line bears is the house's, or comes from an order in review.

    Booked once for each set of lines: one that joins late takes its part off the house again.
    """
    suspense = ledger.dispute_suspense(dispute.dispute_id)
    session.flush()
    rest = ledger.balance(session, suspense)
    if rest == 0:
        return
    whose = ledger.LOSS if order.paid_at else ledger.in_review(order.id)
    name = f"{dispute.dispute_id}:rest-{len(dispute.lines)}"
    ledger.post(session, kind, name, {whose: rest, suspense: -rest}, order.id)


def _lost_legs(dispute: Dispute, part: DisputeLine, restored: bool = False) -> list[ledger.Leg]:
    """Who bears a lost line. Restored, the whole share is owed to the seller, held no more."""
    held = 0 if restored else part.held_cents
    payable = ledger.seller_payable(part.line.seller_id)
    suspense = ledger.dispute_suspense(dispute.dispute_id)
    return [
        ledger.Leg(ledger.seller_held(dispute.dispute_id), held, part.line_id),
        ledger.Leg(payable, part.seller_cents - held, part.line_id),
        ledger.Leg(ledger.COMMISSION, part.commission_cents, part.line_id),
        ledger.Leg(ledger.TAX_PAYABLE, part.tax_cents, part.line_id),
        ledger.Leg(suspense, -part.cents - part.tax_cents, part.line_id),
    ]
