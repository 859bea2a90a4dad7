"""Failure matrix: webhooks lost, doubled, reordered, forged, late, strange; workers that die."""

from __future__ import annotations

import dataclasses
import json
import time
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import stripe

from marketplace.core.clock import frozen, now
from marketplace.gateways.stripe_payments import StripePayments
from marketplace.orders.alerts import open_alerts
from marketplace.orders.disputes import sync_dispute
from marketplace.orders.operations import record_checkout
from marketplace.orders.states import OrderState, TransferState
from marketplace.orders.sweeps import sweep_orders, sweep_transfers
from marketplace.orders.sweeps_back import sweep_refunds, sweep_reversals
from marketplace.stripe_events.models import InboxState
from marketplace.stripe_events.operations import fetch_undelivered, process_event, sweep_events
from marketplace.stripe_events.queries import webhook_troubles
from tests.fixtures.buying import API_KEY, CONNECT_SECRET, PLATFORM_SECRET
from tests.fixtures.trading import Trade
from tests.unit.orders.failure_matrix.steps import (
    Site,
    alerts,
    break_calls,
    events,
    give_back,
    hooks_of,
    kinds,
    paid,
    sweep,
    transfers_at_bank,
)


def signed(body: bytes, secret: str = PLATFORM_SECRET, at: int | None = None) -> str:
    """A signature header over a body."""
    return str(stripe.WebhookSignature.generate_signature_header(body.decode(), secret, at))


def causes(trade: Trade) -> Counter[str]:
    """How many webhooks were refused or odd, by cause, over all endpoints."""
    found: Counter[str] = Counter()
    with trade.work() as session:
        for one in webhook_troubles(session):
            found[one.cause] += one.count
    return found


def test_webhook_lost(trade: Trade, site: Site) -> None:
    came_back = paid(trade)
    session_id = trade.order(came_back).checkout_session_id
    page = site.browser(trade.buyer_id).get(f"/checkout/done?sid={session_id}")
    assert page.status_code == 303
    assert trade.rights(came_back) == ["granted"]

    closed_the_tab = paid(trade)
    assert sweep(trade, sweep_orders, minutes=1) == 0
    assert sweep(trade, sweep_orders, minutes=3) == 1

    never_polled = paid(trade)
    hooks_of(trade)
    assert fetch_undelivered(trade.services) > 0
    trade.run_jobs()

    orders = [came_back, closed_the_tab, never_polled]
    assert [trade.order(order_id).state for order_id in orders] == [OrderState.PAID] * 3
    assert [trade.rights(order_id) for order_id in orders] == [["granted"]] * 3
    before = trade.books()
    assert before == {"stripe_balance": 3 * 21, "stripe_fees": 3 * 39, "commission": -3 * 60}
    # What arrives late after all changes nothing.
    assert trade.deliver() > 0
    assert trade.books() == before
    assert len(transfers_at_bank(trade)) == 3


def test_webhook_duplicated(trade: Trade, site: Site) -> None:
    order_id = paid(trade)
    for hook in trade.bank.webhooks(early=True):
        assert [site.hears(hook) for _ in range(9)] == [200] * 9
    trade.run_jobs()
    for event in events(trade):
        assert process_event(trade.services, event.id) in {InboxState.DONE, InboxState.IGNORED}
    assert trade.rights(order_id) == ["granted"]
    assert kinds(trade) == ["charge", "fee", "transfer"]
    assert len(transfers_at_bank(trade)) == 1


def test_out_of_order_dispute_first(trade: Trade, site: Site) -> None:
    order_id = paid(trade, 199, "pm_card_createDispute")
    news = hooks_of(trade)["charge.dispute.created"]
    break_calls(trade, {"path": "/v1/checkout/sessions/*", "action": "500", "times": 3})
    assert site.hears(news) == 200
    trade.run_jobs()
    (event,) = events(trade)
    assert (event.state, trade.order(order_id).state) == (InboxState.FAILED, "awaiting_payment")
    # Delivered again it is known, but known is not finished.
    assert site.hears(news) == 200
    assert sweep(trade, sweep_events, seconds=30) == 1
    assert events(trade)[0].state is InboxState.DONE
    dispute = json.loads(news.body)["data"]["object"]["id"]
    for _ in range(2):
        assert trade.order(order_id).state is OrderState.DISPUTED
        books = trade.books()
        assert books[f"dispute_suspense:{dispute}"] == 199
        assert (books["dispute_fees"], books["stripe_balance"]) == (1500, 199 - 36 - 199 - 1500)
        trade.deliver()  # and now the payment's own news
    assert transfers_at_bank(trade) == []


def test_worker_crash_between_charge_and_ledger(trade: Trade) -> None:
    order_id = paid(trade)
    checkout = trade.payments.retrieve_checkout(trade.order(order_id).checkout_session_id)

    def die_at_the_last_moment() -> None:
        with trade.work() as session:
            record_checkout(session, trade.services, order_id, checkout)
            session.flush()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        die_at_the_last_moment()
    assert (trade.books(), trade.rights(order_id), trade.queue.sent) == ({}, [], [])
    trade.deliver()
    assert trade.rights(order_id) == ["granted"]
    assert kinds(trade) == ["charge", "fee", "transfer"]


def test_broker_lost_the_task(trade: Trade, site: Site) -> None:
    order_id = paid(trade)
    assert site.hears(hooks_of(trade)["checkout.session.completed"]) == 200
    trade.lose_jobs()
    with frozen(now() + timedelta(seconds=30)), trade.work() as session:
        assert sweep_events(session, trade.queue) == 1
    process_event(trade.services, events(trade)[0].id)
    trade.lose_jobs()
    assert trade.lines(order_id)[0].transfer_state is TransferState.PENDING
    assert sweep(trade, sweep_transfers, minutes=2) == 1
    assert trade.lines(order_id)[0].transfer_state is TransferState.DONE
    give_back(trade, order_id)
    trade.lose_jobs()
    with frozen(now() + timedelta(minutes=3)), trade.work() as session:
        assert sweep_refunds(session, trade.queue) == 1
    trade.run_jobs()
    assert trade.order(order_id).state is OrderState.REFUNDED
    assert sweep(trade, sweep_reversals, minutes=9) == 0  # its message came through
    assert trade.books() == {"stripe_fees": 39, "stripe_balance": -39}


def test_forged_or_altered_webhook(trade: Trade, site: Site) -> None:
    order_id = paid(trade)
    hook = hooks_of(trade)["checkout.session.completed"]
    forgeries: list[tuple[bytes, str | None]] = [
        (hook.body, None),
        (hook.body, ""),
        (hook.body, "t=now,v1=abc"),
        (hook.body, hook.signature.partition(",")[2]),
        (hook.body.replace(b"false", b"true ", 1), hook.signature),
        (hook.body, signed(hook.body, "whsec_somebodyElses")),
        (hook.body, signed(hook.body, CONNECT_SECRET)),
    ]
    for body, signature in forgeries:
        assert site.receive(body, signature) == 400
    assert site.receive(hook.body, hook.signature, "connect") == 400
    assert events(trade) == []
    assert causes(trade) == {"signature": len(forgeries) + 1}
    assert trade.order(order_id).state is OrderState.AWAITING_PAYMENT
    trade.deliver()


def test_replay_within_five_minutes(trade: Trade, site: Site) -> None:
    order_id = paid(trade)
    hook = hooks_of(trade)["checkout.session.completed"]
    assert site.hears(hook) == 200
    trade.run_jobs()
    before = trade.books()
    assert site.hears(hook) == 200  # rightly signed, and fresh enough: the inbox says done
    trade.run_jobs()
    (event,) = events(trade)
    assert (event.state, event.attempts) == (InboxState.DONE, 0)
    assert (trade.books(), trade.rights(order_id)) == (before, ["granted"])


def test_replay_after_five_minutes(trade: Trade, site: Site) -> None:
    order_id = paid(trade)
    trade.bank.world.skew = -301  # the very header of then
    hook = hooks_of(trade)["checkout.session.completed"]
    assert site.hears(hook) == 400
    assert (events(trade), causes(trade)) == ([], {"stale": 1})
    trade.bank.world.skew = 0
    trade.deliver()
    assert trade.rights(order_id) == ["granted"]


def test_clock_skew(trade: Trade, site: Site) -> None:
    ahead = paid(trade)
    trade.bank.world.skew = -900  # seen from us: our own clock is a quarter of an hour fast
    refused = [site.hears(hook) for hook in trade.bank.webhooks(early=True)]
    assert set(refused) == {400}
    assert causes(trade) == {"stale": len(refused)}
    with trade.work() as session:
        assert "seconds ahead of Stripe's" in alerts(session)["clock_skew"].message
    # Orders keep flowing without any webhook.
    assert sweep(trade, sweep_orders, minutes=3) == 1
    assert trade.rights(ahead) == ["granted"]
    behind = paid(trade)
    trade.bank.world.skew = 3600  # the check is one-sided: accepted, but noticed
    assert {site.hears(hook) for hook in trade.bank.webhooks(early=True)} == {200}
    trade.run_jobs()
    assert trade.rights(behind) == ["granted"]
    with trade.work() as session:
        assert "behind" in alerts(session)["clock_skew"].message
    assert set(causes(trade)) == {"stale", "ahead"}


def test_unknown_event_type_or_status(trade: Trade, site: Site) -> None:
    for number in range(2):
        body = json.dumps(strange_event(f"evt_{number}")).encode()
        assert site.receive(body, signed(body)) == 200
    trade.run_jobs()
    assert {event.state for event in events(trade)} == {InboxState.IGNORED}
    order_id = trade.buy(trade.listing(199))
    dispute_id = trade.dispute(order_id)
    trade.payments.after["retrieve_dispute"] = lambda facts: dataclasses.replace(
        facts, status="invented"
    )
    sync_dispute(trade.services, dispute_id)
    assert trade.order(order_id).state is OrderState.PAID  # parked
    with trade.work() as session:
        told = {one.kind: (one.subject, one.count) for one in open_alerts(session)}
    assert told["unknown_event"] == ("quantum.entangled", 2)
    assert told["unknown_status"] == (dispute_id, 1)
    sync_dispute(trade.services, dispute_id)
    trade.run_jobs()
    assert trade.order(order_id).state is OrderState.DISPUTED


def strange_event(event_id: str) -> dict[str, Any]:
    """An event of a type that nobody has thought of."""
    return {
        "id": event_id,
        "object": "event",
        "type": "quantum.entangled",
        "livemode": False,
        "created": int(time.time()),
        "data": {"object": {"id": "x_1"}},
    }


def test_test_event_on_live_endpoint(trade: Trade, site: Site) -> None:
    order_id = paid(trade)
    hook = hooks_of(trade)["checkout.session.completed"]
    live = StripePayments(
        API_KEY,
        trade.bank.world.base_url,
        PLATFORM_SECRET,
        CONNECT_SECRET,
        livemode=True,
        http_client=trade.bank.http,
    )
    site.app.extensions["bracket"] = dataclasses.replace(trade.services, payments=live)
    assert site.hears(hook) == 400
    assert (events(trade), causes(trade)) == ([], {"other_mode": 1})
    site.app.extensions["bracket"] = trade.services
    live_body = hook.body.replace(b'"livemode": false', b'"livemode": true')
    assert site.receive(live_body, signed(live_body)) == 400
    assert causes(trade) == {"other_mode": 2}
    with trade.work() as session:
        assert alerts(session)["other_mode"].count == 2
    trade.deliver()
    assert trade.rights(order_id) == ["granted"]
