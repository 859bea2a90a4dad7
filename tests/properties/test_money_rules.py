"""The rules bite: each is broken on purpose once, and is the one that says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from local.postgres import Postgres
from local.stripe import disputes
from marketplace.core.database import Database
from marketplace.core.ids import new_id
from marketplace.core.money import Money
from marketplace.orders import (
    balances,
    checkout_orders,
    ledger,
    line_sums,
    operations,
    refund_rows,
    reversals,
    rights,
    transfer_claims,
)
from marketplace.orders import disputes as our_disputes
from marketplace.orders.checkout import check_out
from marketplace.orders.fees import Split
from marketplace.orders.line_sums import Reserved
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.refunds import refund_order
from marketplace.orders.states import RefundReason
from marketplace.orders.transfers import transfer_line
from marketplace.task_names import TaskName
from tests.fixtures.emptying import copy_template
from tests.properties.money import broker
from tests.properties.money.rules import Rule, Violation
from tests.properties.money.run import Run
from tests.properties.money.town import founded
from tests.properties.money.whole import check_whole

Patch = pytest.MonkeyPatch


class Trial(Run):
    """A run whose events are chosen by a test instead of by chance."""

    def sold(self, pays: str = "pm_card_bypassPending") -> str:
        """A sale, paid and settled; returns the order's id."""
        listing_id = self.town.sellers[0].listings.pop()
        services, bank = self.town.services, self.town.bank
        self.event("shop", lambda: str(check_out(services, self.town.buyers[0], [listing_id])))
        order = self.order()
        self.event("pay", lambda: str(bank.pay(str(order.checkout_session_id), pays)))
        self.event("settle", lambda: str(operations.settle(services, order.id)))
        return order.id

    def transferred(self) -> str:
        """A sale whose seller has their share."""
        order_id = self.sold()
        self.event("transfer", lambda: str(transfer_line(self.town.services, self.line().id)))
        return order_id

    def given_back(self, order_id: str) -> None:
        """All of an order is given back."""
        self.event("decide", lambda: self._decide(order_id))
        while self.town.broker.jobs:
            job = self.town.broker.jobs.pop(0)
            self.event("work", lambda job=job: str(broker.do(self.town.services, job)))

    def _decide(self, order_id: str) -> str:
        town, reason = self.town, RefundReason.OWNER_DECISION
        with town.work() as session:
            return str(refund_order(session, town.services, order_id, reason, "", town.clerk))

    def order(self) -> Order:
        """The newest order."""
        with self.town.work() as session:
            return session.scalars(select(Order).order_by(Order.created_at.desc())).first()

    def line(self) -> OrderLine:
        """Its line."""
        with self.town.work() as session:
            found = select(OrderLine).where(OrderLine.order_id == self.order().id)
            return session.scalars(found).one()

    def spoilt(self, *statements: str) -> str:
        """Something happens to the database behind everybody's back, its triggers' too."""
        with self.town.books.transaction():
            self.town.books.execute("SET LOCAL session_replication_role = replica")
            for statement in statements:
                self.town.books.execute(statement)  # type: ignore[call-overload]
        return "spoilt"


@pytest.fixture
def trial(town_database: Database) -> Iterator[Trial]:
    """A town with one seller and one buyer, in which nothing has happened."""
    with founded(town_database, 1, sellers=1, buyers=2) as town:
        town.services.settings.__dict__["seller_reserve_days"] = 0
        yield Trial(town, 1)


def broken(rule: Rule, act: Callable[[], Any]) -> None:
    """The act breaks this rule and no other first."""
    with pytest.raises(Violation) as caught:
        act()
    assert caught.value.rule is rule, caught.value


def test_every_message_that_moves_money_is_done() -> None:
    whole = {TaskName.RECONCILE, TaskName.FETCH_EVENTS}  # done at each rest, without a message
    money = {name for name in TaskName if name.value.startswith(("payments.", "payouts."))}
    assert money - whole == set(broker.TASKS)


def test_nothing_is_said_where_nothing_is_wrong(trial: Trial) -> None:
    trial.given_back(trial.transferred())
    trial.sold()
    trial.rest()
    check_whole(trial.town, trial.audit)


def test_a_booking_a_cent_wrong(trial: Trial, monkeypatch: Patch) -> None:
    real, off = ledger._legs, {ledger.STRIPE_BALANCE: 1, ledger.COMMISSION: -1}

    def wrong(postings: Any) -> list[ledger.Leg]:
        legs = real(postings)
        if not set(off) <= {leg.account for leg in legs}:
            return legs
        return [replace(leg, cents=leg.cents + off.get(leg.account, 0)) for leg in legs]

    monkeypatch.setattr(ledger, "_legs", wrong)
    broken(Rule.BOOKS_BANK, trial.sold)


def test_an_entry_that_does_not_balance(trial: Trial) -> None:
    trial.sold()
    spoil = "INSERT INTO ledger_entries (id, external_id, kind) VALUES ('x', 'fee:x', 'fee')"
    leg = (
        "INSERT INTO ledger_postings (id, entry_id, account, amount_cents, currency)"
        " VALUES ('x', 'x', 'commission', 5, 'usd')"
    )
    broken(Rule.ENTRY_SUM, lambda: trial.event("x", lambda: trial.spoilt(spoil, leg)))


def test_a_bank_that_cannot_add(trial: Trial) -> None:
    trial.sold()
    more = "UPDATE sums SET net = net + 1 WHERE account = ''"
    store = trial.town.world.store
    broken(Rule.BANK_SUM, lambda: trial.event("x", lambda: str(store.execute(more))))


def test_money_that_nobody_remembers_to_have_sent(trial: Trial) -> None:
    trial.sold()
    line_id = trial.line().id
    trial.town.chaos.kill_at(5)  # after the call, before its record
    trial.event("transfer", lambda: str(transfer_line(trial.town.services, line_id)))
    assert trial.audit.unbooked
    forget = "UPDATE line_transfers SET state = 'refused'"
    broken(Rule.NAMED, lambda: trial.event("x", lambda: trial.spoilt(forget)))


def test_a_share_sent_twice(trial: Trial) -> None:
    trial.transferred()
    line, seller = trial.line(), trial.town.sellers[0]
    row = (
        "INSERT INTO line_transfers (id, line_id, seller_id, kind, state, attempt, cents, currency,"
        f" from_balance, reversed_cents) VALUES ('{new_id()}', '{line.id}', '{seller.id}',"
        f" 'transfer', 'pending', 9, {line.seller_cents}, 'usd', true, 0)"
    )

    def again() -> str:
        trial.spoilt(row)
        share = Money(line.seller_cents)
        call = trial.town.services.payments.create_transfer
        return str(call(line.id, 9, share, seller.account, None, line.order_id))

    for _ in range(3):  # so that there is enough to send it from
        trial.sold()
    broken(Rule.PAID_TWICE, lambda: trial.event("transfer again", again))


def test_a_price_given_back_twice(trial: Trial, monkeypatch: Patch) -> None:
    order_id = trial.transferred()
    trial.event("decide", lambda: trial._decide(order_id))
    for module in (refund_rows, line_sums):
        monkeypatch.setattr(module, "reserved", lambda session, line_id: Reserved(0, 0))
    broken(Rule.REFUNDED_TWICE, lambda: trial.event("decide", lambda: trial._decide(order_id)))


def test_a_right_that_outlives_its_money(trial: Trial, monkeypatch: Patch) -> None:
    order_id = trial.transferred()
    monkeypatch.setattr(refund_rows, "settle_right", lambda session, line: None)
    broken(Rule.KEPT_RIGHT, lambda: trial.given_back(order_id))


def test_a_right_before_the_money(trial: Trial) -> None:
    trial.sold()
    unpaid = "UPDATE orders SET state = 'awaiting_payment', charge_id = NULL, paid_at = NULL"
    noted = (
        "INSERT INTO order_events (id, order_id, action, to_state)"
        f" VALUES ('x', '{trial.order().id}', 'x', 'x')"
    )
    broken(Rule.UNPAID_RIGHT, lambda: trial.event("x", lambda: trial.spoilt(unpaid, noted)))


def test_money_for_which_nothing_is_given(trial: Trial, monkeypatch: Patch) -> None:
    monkeypatch.setattr(operations, "_grant", lambda session, order: [])
    monkeypatch.setattr(rights, "_give", lambda session, line: None)
    trial.sold()
    broken(Rule.UNGIVEN, trial.rest)


def test_a_commission_rounded_down(trial: Trial, monkeypatch: Patch) -> None:
    def down(price: Money) -> Split:
        commission = price.cents * 2 // 10
        return Split(Money(commission), Money(price.cents - commission))

    monkeypatch.setattr(checkout_orders, "split_price", down)
    broken(Rule.COMMISSION, lambda: [trial.sold() for _ in range(3)])


def test_a_sum_that_is_not_its_parts(trial: Trial, monkeypatch: Patch) -> None:
    order_id = trial.transferred()
    monkeypatch.setattr("marketplace.orders.refund_booking._count", lambda line, row, sign: None)
    broken(Rule.LINE_SUMS, lambda: trial.given_back(order_id))


def test_a_reversal_booked_for_the_house(trial: Trial, monkeypatch: Patch) -> None:
    order_id = trial.transferred()
    monkeypatch.setattr(reversals, "_account", lambda session, row, line: ledger.COMMISSION)
    broken(Rule.SELLER_BOOKS, lambda: trial.given_back(order_id))


def test_a_debt_paid_and_not_forgotten(trial: Trial, monkeypatch: Patch) -> None:
    order_id = trial.transferred()
    trial.town.world.store.remember(trial.town.sellers[0].account, reversals="refuse_all")
    trial.given_back(order_id)
    monkeypatch.setattr(transfer_claims, "recover", lambda *given, **named: None)
    broken(Rule.DEBT, trial.transferred)


def test_a_balance_page_that_says_something_else(trial: Trial, monkeypatch: Patch) -> None:
    trial.transferred()
    monkeypatch.setattr(balances, "seller_debt", lambda session, seller_id: 7)
    broken(Rule.STATEMENT, trial.rest)


def test_work_that_nobody_finds_again(trial: Trial, monkeypatch: Patch) -> None:
    trial.sold()
    trial.town.broker.jobs.clear()
    monkeypatch.delitem(broker.SWEEPS, "transfers")
    broken(Rule.STUCK, trial.rest)


def test_a_fee_that_nobody_books(trial: Trial, monkeypatch: Patch) -> None:
    real = ledger.post

    def forgetful(session: Any, kind: ledger.EntryKind, *given: Any, **named: Any) -> bool:
        return kind is not ledger.EntryKind.FEE and real(session, kind, *given, **named)

    monkeypatch.setattr(ledger, "post", forgetful)
    broken(Rule.NAMED, trial.sold)


def test_a_dispute_that_nobody_books(trial: Trial, monkeypatch: Patch) -> None:
    trial.transferred()
    charge = str(trial.order().charge_id)
    monkeypatch.setattr(our_disputes, "book_lines", lambda *given: None)
    trial.event("dispute", lambda: str(disputes.open_dispute(trial.town.world, charge)["id"]))
    broken(Rule.DRAINED, trial.rest)


def test_a_dispute_that_leaves_something_in_suspense(trial: Trial, monkeypatch: Patch) -> None:
    trial.transferred()
    charge = str(trial.order().charge_id)
    monkeypatch.setattr(our_disputes, "lose", lambda session, order, dispute: None)

    def lost() -> str:
        made = disputes.open_dispute(trial.town.world, charge)
        return str(disputes.decide(trial.town.world, made["id"], "lost")["id"])

    trial.event("dispute", lost)
    broken(Rule.SUSPENSE, trial.rest)


def test_a_payout_made_twice(trial: Trial) -> None:
    trial.transferred()
    account, call = trial.town.sellers[0].account, trial.town.services.payments.create_payout
    trial.event("payout", lambda: str(call(account, Money(50), "twice")))
    broken(Rule.PAYOUT_TWICE, trial.rest)


def test_an_error_that_nobody_thought_of(trial: Trial) -> None:
    broken(Rule.NO_ERROR, lambda: trial.event("x", lambda: {}["nothing"]))


def test_an_entry_that_disappears(trial: Trial) -> None:
    trial.transferred()
    trial.rest()
    trial.spoilt("DELETE FROM ledger_postings", "DELETE FROM ledger_entries")
    broken(Rule.APPEND_ONLY, lambda: check_whole(trial.town, trial.audit))


def test_the_same_seed_tells_the_same_story(migrated_template: Postgres) -> None:
    stories = []
    for _ in range(2):
        database = Database(copy_template(migrated_template), pool_size=3)
        with founded(database, 5, sellers=2, buyers=4) as town:
            run = Run(town, 5)
            for _ in range(60):
                run.choose()
            stories.append(list(run.journal))
        database.dispose()
    assert stories[0] == stories[1]
