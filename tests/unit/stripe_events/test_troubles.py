"""Refused webhooks are counted by cause, dead ones can be retried, undelivered ones are fetched."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
import stripe
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.core.clock import frozen, now
from marketplace.core.errors import ConflictError, NotFoundError
from marketplace.orders.alerts import open_alerts, resolve_alert
from marketplace.orders.books_models import MoneyAlert
from marketplace.orders.sweeps_back import sweep_refunds
from marketplace.stripe_events.models import InboxState, StripeEvent
from marketplace.stripe_events.operations import (
    MAX_ATTEMPTS,
    fetch_undelivered,
    process_event,
    retry_dead,
)
from marketplace.stripe_events.queries import dead_events, inbox_counts, webhook_troubles
from marketplace.stripe_events.sweeps import refresh_held_accounts
from tests.fixtures.app import app_over
from tests.fixtures.trading import PLATFORM_SECRET, V2_SECRET, Trade

OWNER = "0000000000001"
EVENT = {
    "id": "evt_trouble",
    "object": "event",
    "type": "charge.updated",
    "livemode": False,
    "data": {"object": {"id": "ch_x", "metadata": {}}},
}


@pytest.fixture
def site(trade: Trade) -> Iterator[FlaskClient]:
    """The marketplace's pages, on the same database and bank."""
    with app_over(trade.services, csrf=True).test_client() as client:
        yield client


def send(site: FlaskClient, event: object, secret: str, skew: int = 0, path: str = "stripe") -> int:
    body = json.dumps(event)
    at = int(time.time()) + skew
    header = stripe.WebhookSignature.generate_signature_header(body, secret, at)
    headers = {"Stripe-Signature": header}
    return site.post(f"/webhooks/{path}", data=body.encode(), headers=headers).status_code


def troubles(trade: Trade) -> dict[tuple[str, str], tuple[int, int | None]]:
    with trade.work() as session:
        return {
            (one.endpoint, one.cause): (one.count, one.skew_seconds)
            for one in webhook_troubles(session)
        }


def test_each_cause_is_counted_by_itself(trade: Trade, site: FlaskClient) -> None:
    assert [send(site, EVENT, "whsec_wrong") for _ in range(2)] == [400, 400]
    assert send(site, EVENT, PLATFORM_SECRET, skew=-900) == 400
    assert send(site, EVENT | {"livemode": True}, PLATFORM_SECRET) == 400
    assert send(site, {"id": "nothing"}, PLATFORM_SECRET) == 400
    # In our future: accepted, because Stripe's library accepts it; but noticed.
    assert send(site, EVENT, PLATFORM_SECRET, skew=3600) == 200
    found = troubles(trade)
    assert {name: count for name, (count, _) in found.items()} == {
        ("platform", "signature"): 2,
        ("platform", "stale"): 1,
        ("platform", "other_mode"): 1,
        ("platform", "malformed"): 1,
        ("platform", "ahead"): 1,
    }
    skew = found["platform", "stale"][1]
    assert skew is not None
    assert -910 <= skew <= -899
    with trade.work() as session:
        (alert,) = [one for one in open_alerts(session) if one.kind == "clock_skew"]
        assert alert.count == 2
        resolve_alert(session, alert.id, OWNER)
        assert [one for one in open_alerts(session) if one.kind == "clock_skew"] == []


def test_thin_notifications_have_a_secret_of_their_own(trade: Trade, site: FlaskClient) -> None:
    seller_id = trade.seller()
    thin = {
        "id": "evt_thin",
        "object": "v2.core.event",
        "type": "v2.core.account[requirements].updated",
        "created": "2026-11-21T08:00:00.000Z",
        "livemode": False,
        "related_object": {
            "id": trade.account_of[seller_id],
            "type": "v2.core.account",
            "url": f"/v2/core/accounts/{trade.account_of[seller_id]}",
        },
    }
    assert send(site, thin, PLATFORM_SECRET, path="stripe-v2") == 400
    assert send(site, thin, V2_SECRET, path="stripe") == 400
    assert send(site, thin, V2_SECRET, path="stripe-v2") == 200
    assert process_event(trade.services, "evt_thin") is InboxState.DONE


def test_a_dead_event_can_be_set_going_again(trade: Trade, site: FlaskClient) -> None:
    order_id = trade.open(trade.listing(199))
    trade.pay(order_id)
    event = EVENT | {
        "type": "checkout.session.completed",
        "data": {"object": {"id": "cs_gone", "metadata": {}}},
    }
    assert send(site, event, PLATFORM_SECRET) == 200
    for _ in range(MAX_ATTEMPTS):
        process_event(trade.services, "evt_trouble")
    with trade.work() as session:
        assert [one.id for one in dead_events(session)] == ["evt_trouble"]
        assert inbox_counts(session)[InboxState.DEAD] == 1
        assert "dead_event" in set(session.scalars(select(MoneyAlert.kind)))
        row = session.get_one(StripeEvent, "evt_trouble")
        row.object_id = trade.order(order_id).checkout_session_id
    with trade.work() as session:
        retry_dead(session, trade.queue, "evt_trouble", OWNER)
    with trade.work() as session, pytest.raises(ConflictError):
        retry_dead(session, trade.queue, "evt_trouble", OWNER)
    with trade.work() as session, pytest.raises(NotFoundError):
        retry_dead(session, trade.queue, "evt_none", OWNER)
    trade.run_jobs()
    assert trade.rights(order_id) == ["granted"]


def test_what_stripe_could_not_deliver_is_fetched(trade: Trade) -> None:
    order_id = trade.open(trade.listing(199))
    trade.pay(order_id)
    for hook in trade.bank.webhooks(early=True):
        hook.answer(500)
    assert fetch_undelivered(trade.services) > 0
    assert fetch_undelivered(trade.services) == 0
    trade.run_jobs()
    assert trade.rights(order_id) == ["granted"]
    assert trade.reconciled() == []


def test_an_account_whose_news_was_lost_is_asked_about(trade: Trade) -> None:
    seller_id = trade.seller()
    listing_id = trade.listing(299, seller_id)
    trade.set_account(seller_id, "restricted")
    trade.deliver()
    order_id = trade.buy(listing_id)
    assert trade.lines(order_id)[0].held_code is not None
    trade.set_account(seller_id, "active")
    assert refresh_held_accounts(trade.services) == 1
    trade.run_jobs()
    assert trade.lines(order_id)[0].held_code is None
    with frozen(now() + timedelta(hours=1)), trade.work() as session:
        assert sweep_refunds(session, trade.queue) == 0
