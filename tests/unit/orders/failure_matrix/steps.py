"""Steps that the failure matrix shares."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from local.stripe import balance as bank_balance
from local.stripe import faults
from local.stripe.inprocess import Hook
from marketplace.accounts.models import User
from marketplace.core.clock import frozen, now
from marketplace.orders import ledger
from marketplace.orders.books_models import MoneyAlert
from marketplace.orders.models import LedgerEntry
from marketplace.orders.refunds import refund_lines, refund_order
from marketplace.orders.states import RefundReason
from marketplace.stripe_events.models import StripeEvent
from tests.fixtures.app import log_in
from tests.fixtures.trading import Trade

PATHS = {"platform": "stripe", "connect": "stripe-connect", "v2": "stripe-v2"}
OWNER = "0000000000001"


@dataclass
class Site:
    """The web application, as Stripe and as browsers reach it."""

    app: Flask
    trade: Trade

    def receive(self, body: bytes, signature: str | None, endpoint: str = "platform") -> int:
        """Send a webhook; the status of our answer."""
        headers = {} if signature is None else {"Stripe-Signature": signature}
        address = f"/webhooks/{PATHS[endpoint]}"
        return self.app.test_client().post(address, data=body, headers=headers).status_code

    def hears(self, hook: Hook) -> int:
        """Send a webhook exactly as it is and tell its sender how that went."""
        status = self.receive(hook.body, hook.signature, hook.endpoint)
        hook.answer(status)
        return status

    def browser(self, user_id: str) -> FlaskClient:
        """A browser with somebody logged in."""
        with self.trade.work() as session:
            return log_in(self.app.test_client(), session.get_one(User, user_id))


def all_is_well(trade: Trade) -> None:
    """Every cent agrees: our entries, Stripe's lines, its balance; and all postings cancel."""
    assert trade.reconciled() == []
    with trade.work() as session:
        ours = ledger.balance(session, ledger.STRIPE_BALANCE)
        assert ledger.trial_balance(session) == 0
    assert ours == bank_balance.whole_balance(trade.bank.world, None, "usd")


def break_calls(trade: Trade, *rules: dict[str, Any]) -> None:
    """Put API faults in force at the bank; none clears them."""
    faults.replace(trade.bank.world.store, {"api": list(rules)})


def hooks_of(trade: Trade) -> dict[str, Hook]:
    """What is waiting to be delivered, by type; each of these deliveries fails."""
    return {hook.type: hook for hook in trade.bank.webhooks(early=True)}


def paid(trade: Trade, price_cents: int = 299, card: str = "pm_card_visa") -> str:
    """An order that its buyer has paid; nobody has told the marketplace yet."""
    order_id = trade.open(trade.listing(price_cents))
    trade.pay(order_id, card)
    return order_id


def sweep(trade: Trade, sweeper: Any, **later: float) -> int:
    """What a sweep finds some time from now; what it finds is done."""
    with frozen(now() + timedelta(**later)):
        with trade.work() as session:
            found = int(sweeper(session, trade.queue))
        trade.run_jobs()
    return found


def give_back(
    trade: Trade, order_id: str, line: int | None = None, cents: int | None = None
) -> None:
    """The owner decides to give back a whole order, a line by its position, or some of it."""
    why = RefundReason.OWNER_DECISION
    lines = trade.lines(order_id)
    with trade.work() as session:
        if line is None:
            refund_order(session, trade.services, order_id, why, "", OWNER)
        else:
            parts = {lines[line].id: cents}
            refund_lines(session, trade.services, order_id, parts, why, "", OWNER)


def alerts(session: Session) -> dict[str, MoneyAlert]:
    """Alerts by kind."""
    return {one.kind: one for one in session.scalars(select(MoneyAlert))}


def events(trade: Trade) -> list[StripeEvent]:
    """The inbox, in the order of arrival."""
    with trade.work() as session:
        return list(session.scalars(select(StripeEvent).order_by(StripeEvent.received_at)))


def kinds(trade: Trade) -> list[str]:
    """What was booked, in words."""
    with trade.work() as session:
        return sorted(session.scalars(select(LedgerEntry.kind)))


def sessions_at_bank(trade: Trade) -> list[dict[str, Any]]:
    """Every hosted checkout ever opened."""
    return trade.bank.world.store.all_of("checkout.session")


def transfers_at_bank(trade: Trade) -> list[dict[str, Any]]:
    """Every transfer ever made."""
    return trade.bank.world.store.all_of("transfer")
