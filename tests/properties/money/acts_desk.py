"""What people at the orders desk and sellers decide."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from sqlalchemy import select

from marketplace.orders import debts, holds, refunds
from marketplace.orders.dispute_calls import accept_dispute, submit_dispute_evidence
from marketplace.orders.models import OrderLine
from marketplace.orders.refund_booking import mark_paid_by_hand
from marketplace.orders.states import RefundReason
from marketplace.payouts.operations import ask_for_payout
from marketplace.payouts.schedules import choose_schedule, resume
from marketplace.payouts.states import Schedule
from marketplace.stripe_events.operations import retry_dead
from tests.properties.money.acts import act
from tests.properties.money.town import Town

WHY = "because chance wills it"


def _row(town: Town, rng: Random, query: str) -> str | None:
    """The id of one row of the orders at hand that a query finds."""
    rows = town.books.execute(query, [town.orders]).fetchall()  # type: ignore[call-overload]
    return str(rng.choice(rows)[0]) if rows else None


@act(5)
def give_back(town: Town, rng: Random) -> str:
    """The desk gives back a line or a part of it."""
    query = "SELECT id FROM orders WHERE id = ANY(%s) AND paid_at IS NOT NULL ORDER BY paid_at, id"
    order_id = _row(town, rng, query)
    if order_id is None:
        return ""
    with town.work() as session:
        found = select(OrderLine).where(OrderLine.order_id == order_id)
        lines = session.scalars(found.order_by(OrderLine.position)).all()
        some = rng.sample(lines, rng.randint(1, len(lines)))
        parts = {line.id: rng.choice((None, rng.randint(1, line.price_cents))) for line in some}
        reason = RefundReason.OWNER_DECISION
        made = refunds.refund_lines(session, town.services, order_id, parts, reason, "", town.clerk)
        return f"{order_id}: {[one.cents for one in made]}"


@act(0.7)
def give_all_back(town: Town, rng: Random) -> str:
    """A whole order, or all that a listing ever sold, or the money of one in review."""
    if not town.orders:
        return ""
    services, reason = town.services, RefundReason.OWNER_DECISION
    order_id, dice = rng.choice(town.orders), rng.random()
    with town.work() as session:
        if dice < 0.6:
            refunds.refund_order(session, services, order_id, reason, "", town.clerk)
        elif dice < 0.8:
            refunds.refund_parked(session, services, order_id, WHY, town.clerk)
        else:
            listing_id = rng.choice(rng.choice(town.sellers).listings)
            since = town.clock.moment - timedelta(days=3)
            made = refunds.refund_listing_buyers(
                session, services, listing_id, reason, WHY, town.clerk, since
            )
            return f"{len(made)} of {listing_id}"
    return order_id


@act(1.5)
def answer_request(town: Town, rng: Random) -> str:
    """A request for money is approved, in part perhaps, or declined."""
    request_id = _row(
        town,
        rng,
        "SELECT id FROM refund_requests WHERE order_id = ANY(%s) AND state = 'open'"
        " ORDER BY created_at, id",
    )
    if request_id is None:
        return ""
    approve, cents = rng.random() < 0.7, rng.choice((None, rng.randint(1, 199)))
    with town.work() as session:
        refunds.decide_refund_request(
            session, town.services, request_id, town.clerk, approve, WHY, cents
        )
    return f"{request_id}: {approve} {cents}"


@act(0.8)
def pay_by_hand(town: Town, rng: Random) -> str:
    """A refund that failed is paid from the house's bank account."""
    refund_id = _row(
        town,
        rng,
        "SELECT id FROM refunds WHERE order_id = ANY(%s) AND state IN ('failed', 'canceled')"
        " ORDER BY created_at, id",
    )
    if refund_id is None:
        return ""
    with town.work() as session:
        mark_paid_by_hand(session, town.services, refund_id, town.clerk, WHY)
    return refund_id


@act(1)
def hold_share(town: Town, rng: Random) -> str:
    """One share is kept back, or released whatever holds it."""
    states = ("held",) if rng.random() < 0.5 else ("pending", "held")
    line_id = _row(
        town,
        rng,
        f"SELECT id FROM order_lines WHERE order_id = ANY(%s) AND transfer_state IN"
        f" ({', '.join(map(repr, states))}) ORDER BY id",
    )
    if line_id is None:
        return ""
    with town.work() as session:
        if len(states) == 1:
            holds.release_line(session, town.broker, line_id, town.clerk, WHY)
            return f"{line_id} released"
        until = rng.choice((None, town.clock.moment + timedelta(hours=rng.randint(1, 60))))
        holds.hold_line(session, line_id, town.clerk, WHY, until)
        return f"{line_id} held until {until}"


@act(0.7)
def hold_seller(town: Town, rng: Random) -> str:
    """Everything of a seller's is kept back, or released."""
    seller = rng.choice(town.sellers)
    with town.work() as session:
        if holds.open_hold(session, seller.id) is not None:
            holds.release_seller(session, town.broker, seller.id, town.clerk, WHY)
            return f"{seller.id} released"
        until = rng.choice((None, town.clock.moment + timedelta(hours=rng.randint(1, 60))))
        holds.hold_seller(session, seller.id, town.clerk, WHY, until)
        return f"{seller.id} held until {until}"


@act(0.7)
def face_debt(town: Town, rng: Random) -> str:
    """A debt is written off in part, or asked for once more."""
    with town.work() as session:
        owing = debts.debtors(session)
        if not owing:
            return ""
        seller_id, cents = rng.choice(owing)
        if rng.random() < 0.4:
            again = debts.retry_refused(session, town.broker, seller_id)
            return f"{seller_id}: {again} asked again"
        part = rng.randint(1, cents)
        debts.write_off(session, town.broker, seller_id, part, WHY, town.clerk)
        return f"{seller_id}: {part} of {cents} written off"


@act(0.8)
def answer_dispute(town: Town, rng: Random) -> str:
    """Evidence is sent, or the dispute is accepted as lost."""
    dispute_id = _row(
        town,
        rng,
        "SELECT id FROM disputes WHERE order_id = ANY(%s)"
        " AND status IN ('needs_response', 'warning_needs_response') ORDER BY opened_at, id",
    )
    if dispute_id is None:
        return ""
    if rng.random() < 0.6:
        submit_dispute_evidence(town.services, dispute_id, None, town.clerk)
        return f"{dispute_id} answered"
    accept_dispute(town.services, dispute_id, town.clerk)
    return f"{dispute_id} accepted"


@act(0.2)
def retry_event(town: Town, rng: Random) -> str:
    """An event that was given up is set going again."""
    rows = town.books.execute("SELECT id FROM stripe_events WHERE state = 'dead'").fetchall()
    if not rows:
        return ""
    event_id = sorted(rows)[0][0]
    with town.work() as session:
        retry_dead(session, town.broker, event_id, town.clerk)
    return str(event_id)


@act(0.7)
def want_payout(town: Town, rng: Random) -> str:
    """A seller wants their money at the bank now, or another schedule."""
    seller, dice = rng.choice(town.sellers), rng.random()
    if dice < 0.5:
        there = town.services.payments.account_balance(seller.account).available
        with town.work() as session:
            ask_for_payout(session, town.broker, seller.id, there, seller.id)
        return f"{seller.id}: {there}"
    with town.work() as session:
        if dice < 0.7:
            resume(session, town.broker, seller.id)
            return f"{seller.id} resumes"
        schedule = rng.choice(list(Schedule))
        choose_schedule(session, town.broker, seller.id, schedule, rng.choice((1000, 2500)))
        return f"{seller.id}: {schedule}"
