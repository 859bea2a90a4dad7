"""Every cent between our books and Stripe's has a name."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from local.stripe import balance as bank_balance
from local.stripe import payouts
from marketplace.core.clock import now
from marketplace.orders import ledger
from marketplace.orders.balances import seller_balance
from marketplace.orders.books import copy_lines
from marketplace.orders.books_models import BalanceTransaction, MoneyAlert
from marketplace.orders.ledger import EntryKind
from marketplace.orders.operations import settle
from marketplace.orders.reconciliation import DifferenceKind, reconcile, reconciliations
from marketplace.orders.refunds import refund_order
from marketplace.orders.statements import journal, seller_postings
from marketplace.orders.states import RefundReason
from marketplace.orders.story import order_story
from tests.fixtures.trading import Trade


def test_a_payment_that_we_do_not_know_of_yet_is_named(trade: Trade) -> None:
    order_id = trade.open(trade.listing(299))
    trade.pay(order_id)
    found = reconcile(trade.services, now().date())
    assert {one.kind for one in found.differences} == {DifferenceKind.MISSING_BOOKING}
    assert (found.difference_cents, found.unexplained_cents) == (260, 0)
    assert {one.message.partition(":")[0] for one in found.differences} == {"charge", "fee"}
    settle(trade.services, order_id)
    trade.run_jobs()
    assert trade.reconciled() == []
    with trade.work() as session:
        assert [one.difference_cents for one in reconciliations(session)] == [0, 260]
        alerts = session.scalars(select(MoneyAlert.kind)).all()
    assert alerts == ["reconciliation"]


def test_what_only_our_books_know_and_what_differs_is_named(trade: Trade) -> None:
    trade.buy(trade.listing(299))
    with trade.work() as session:
        made_up = {ledger.STRIPE_BALANCE: 100, ledger.COMMISSION: -100}
        ledger.post(session, EntryKind.CHARGE, "ch_nowhere", made_up)
    with trade.work() as session:
        line = session.scalars(
            select(BalanceTransaction).where(BalanceTransaction.type == "transfer")
        ).first()
        assert line is None  # nothing was copied before the first look
    copy_lines(trade.services)
    with trade.work() as session:
        line = session.scalars(
            select(BalanceTransaction).where(BalanceTransaction.type == "transfer")
        ).one()
        line.cents, line.net_cents = line.cents - 1, line.net_cents - 1
    found = reconcile(trade.services, now().date())
    kinds = {one.kind: one.subject for one in found.differences}
    assert kinds[DifferenceKind.NOT_AT_STRIPE] == "charge:ch_nowhere"
    assert kinds[DifferenceKind.AMOUNT_DIFFERS].startswith("transfer:tr_")
    assert kinds[DifferenceKind.BALANCE_API] == "balance"
    assert (found.difference_cents, found.unexplained_cents) == (-101, 0)


def test_fees_of_no_charge_and_payouts_to_the_bank_are_booked_once(trade: Trade) -> None:
    trade.buy(trade.listing(499), card="pm_card_bypassPending")
    world = trade.bank.world
    with world.store.transaction():
        bank_balance.record(world, None, -20, "usd", type_="stripe_fee", description="Connect")
        bank_balance.record(world, "po_1", -30, "usd", type_="payout")
    for _ in range(2):
        copy_lines(trade.services)
    books = trade.books()
    assert (books["connect_fees"], books["bank"]) == (20, 30)
    assert trade.reconciled() == []


def test_a_line_of_an_unknown_type_is_named_and_not_booked(trade: Trade) -> None:
    world = trade.bank.world
    with world.store.transaction():
        bank_balance.record(world, None, 5, "usd", type_="topup", description="Top-up")
    found = reconcile(trade.services, now().date())
    assert [one.kind for one in found.differences] == [DifferenceKind.UNKNOWN_TYPE]
    assert (found.difference_cents, found.unexplained_cents) == (5, 0)


def test_a_balance_that_is_not_the_sum_of_its_lines_is_named(trade: Trade) -> None:
    trade.buy(trade.listing(299))
    real = trade.services.payments.balance()
    wrong = replace(real, available=real.available + 7)
    original = trade.payments.inner.balance
    trade.payments.inner.balance = lambda: wrong  # type: ignore[method-assign]
    found = reconcile(trade.services, now().date())
    trade.payments.inner.balance = original  # type: ignore[method-assign]
    assert [one.kind for one in found.differences] == [DifferenceKind.BALANCE_API]


def test_a_dispute_that_is_over_leaves_nothing_in_suspense(trade: Trade) -> None:
    order_id = trade.buy(trade.listing(299))
    dispute_id = trade.dispute(order_id)
    trade.deliver()
    trade.decide(dispute_id, "lost")
    trade.deliver()
    with trade.work() as session:
        left = {ledger.dispute_suspense(dispute_id): 1, ledger.LOSS: -1}
        ledger.post(session, EntryKind.DISPUTE_LOST, "made-up", left)
    found = reconcile(trade.services, now().date())
    assert [one.kind for one in found.differences] == [DifferenceKind.SUSPENSE_LEFT]


def test_one_orders_story_and_a_sellers_postings_add_up(trade: Trade) -> None:
    order_id = trade.buy(trade.listing(299), trade.listing(199))
    with trade.work() as session:
        why = RefundReason.OWNER_DECISION
        refund_order(session, trade.services, order_id, why, "", trade.buyer_id)
    trade.run_jobs()
    with trade.work() as session:
        story = order_story(session, order_id)
        assert len(story.lines) == len(story.refunds) == len(story.reversals) == 2
        kinds = [what for what, _ in story.ids]
        moments = [moment.at for moment in story.timeline]
        seller_id = story.lines[0].seller_id
        postings = seller_postings(session, seller_id, None, now() + timedelta(days=1))
        rows = list(journal(session))
    assert kinds == [
        *("checkout session", "payment intent", "charge", "transfer", "transfer"),
        *("transfer reversal", "transfer reversal", "refund", "refund"),
    ]
    assert moments == sorted(moments)
    assert {moment.kind for moment in story.timeline} == {"order", "line", "ledger", "attempt"}
    assert [(p.kind, p.cents) for p in postings] == [
        ("charge", 239),
        ("transfer", -239),
        ("refund", -239),
        ("reversal", 239),
    ]
    assert {posting.title for posting in postings} == {"Paper fox"}
    assert sum(row.cents for row in rows) == 0


@pytest.mark.parametrize("outcome", ["paid", "failed"])
def test_a_sellers_own_payout_is_shown_and_not_booked(trade: Trade, outcome: str) -> None:
    seller_id = trade.seller()
    trade.buy(trade.listing(499, seller_id), card="pm_card_bypassPending")
    before = trade.books()
    world, account = trade.bank.world, trade.account_of[seller_id]
    payouts.give_bank(world, account)
    with world.store.transaction():
        made = payouts.pay_out(world, account, 300)
    trade.deliver()
    payouts.step(world, made["id"], "paid")
    if outcome == "failed":
        payouts.fail(world, made["id"])  # days later, and still legal
    trade.deliver()
    assert trade.books() == before
    with trade.work() as session:
        balance = seller_balance(session, seller_id)
        kinds = set(session.scalars(select(MoneyAlert.kind)).all())
    assert balance.paid_out == (300 if outcome == "paid" else 0)
    assert balance.available == 399 - balance.paid_out
    assert ("seller_payout_failed" in kinds) == (outcome == "failed")
