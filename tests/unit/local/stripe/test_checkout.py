"""A checkout session from creation to paid, declined, challenged or expired."""

import time

import pytest
import requests
import stripe

from local.stripe.server import Emulator
from tests.unit.local.stripe.sink import (
    PLATFORM_SECRET,
    Sink,
    eventually,
    pay,
    post,
    session_params,
)

EXPAND = {"expand": ["payment_intent.latest_charge.balance_transaction"]}


@pytest.fixture
def session(client: stripe.StripeClient):
    return client.v1.checkout.sessions.create(session_params())


def test_paying_by_card_settles_everything(client: stripe.StripeClient, session, sink: Sink):
    assert session.id.startswith("cs_test_")
    assert (session.status, session.payment_status) == ("open", "unpaid")
    assert (session.amount_total, session.payment_intent) == (199, None)

    answer = pay(session.url)

    assert answer.status_code == 303
    assert answer.headers["Location"] == f"http://127.0.0.1:9/done?sid={session.id}"
    paid = client.v1.checkout.sessions.retrieve(session.id, EXPAND)
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert paid.customer_details.email == "ada@example.com"
    intent = paid.payment_intent
    assert (intent.status, intent.transfer_group) == ("succeeded", "order_1")
    assert intent.metadata["order_id"] == "1"
    charge = intent.latest_charge
    assert (charge.paid, charge.amount_captured, charge.transfer_group) == (True, 199, "order_1")
    assert charge.payment_method_details.card.last4 == "4242"
    booked = charge.balance_transaction
    assert (booked.amount, booked.fee, booked.net, booked.status) == (199, 36, 163, "pending")
    assert booked.source == charge.id
    expected = ["charge.succeeded", "checkout.session.completed", "payment_intent.succeeded"]
    assert eventually(lambda: sorted(sink.types()) == expected)
    for received in sink.received:
        event = client.construct_event(received.body, received.signature, PLATFORM_SECRET)
        assert event.livemode is False
        with pytest.raises(stripe.SignatureVerificationError):
            client.construct_event(received.body + b" ", received.signature, PLATFORM_SECRET)


@pytest.mark.parametrize("wallet", ["google_pay", "apple_pay"])
def test_wallets_are_paid_with_a_card_behind_them(client: stripe.StripeClient, session, wallet):
    assert post(session.url, pay=wallet).status_code == 303
    paid = client.v1.checkout.sessions.retrieve(session.id, EXPAND)
    card = paid.payment_intent.latest_charge.payment_method_details.card
    assert card.wallet.type == wallet
    assert card.wallet[wallet] is not None


@pytest.mark.parametrize(
    ("number", "code", "decline"),
    [
        ("4000000000000002", "card_declined", "generic_decline"),
        ("4000000000009995", "card_declined", "insufficient_funds"),
        ("4000000000000069", "expired_card", "expired_card"),
    ],
)
def test_a_decline_leaves_the_session_open(
    client: stripe.StripeClient, session, sink: Sink, number, code, decline
):
    refused = pay(session.url, number=number)
    assert refused.status_code == 402
    assert 'role="alert"' in refused.text
    still = client.v1.checkout.sessions.retrieve(session.id, EXPAND)
    assert (still.status, still.payment_status) == ("open", "unpaid")
    error = still.payment_intent.last_payment_error
    assert (error.code, error.decline_code) == (code, decline)
    assert still.payment_intent.latest_charge.status == "failed"
    assert still.payment_intent.latest_charge.balance_transaction is None
    assert eventually(lambda: sink.types() == ["payment_intent.payment_failed"])
    intent_id = still.payment_intent.id

    assert pay(session.url).status_code == 303

    paid = client.v1.checkout.sessions.retrieve(session.id, EXPAND)
    assert (paid.payment_status, paid.payment_intent.id) == ("paid", intent_id)
    assert paid.payment_intent.last_payment_error is None


@pytest.mark.parametrize("outcome", ["complete", "fail"])
def test_three_d_secure(client: stripe.StripeClient, session, outcome):
    challenge = pay(session.url, number="4000 0025 0000 3155")
    assert challenge.status_code == 303
    waiting = client.v1.checkout.sessions.retrieve(session.id, EXPAND)
    assert waiting.payment_intent.status == "requires_action"
    page = f"{session.url}/3ds"
    assert "Confirm it is you" in requests.get(page, timeout=60).text

    answer = post(page, outcome=outcome)

    after = client.v1.checkout.sessions.retrieve(session.id, EXPAND)
    if outcome == "complete":
        assert answer.status_code == 303
        card = after.payment_intent.latest_charge.payment_method_details.card
        assert card.three_d_secure.result == "authenticated"
    else:
        assert answer.status_code == 402
        assert after.status == "open"
        code = after.payment_intent.last_payment_error.code
        assert code == "payment_intent_authentication_failure"


def test_a_paid_session_cannot_be_paid_again(client: stripe.StripeClient, session):
    url = session.url
    pay(url)
    for answer in (requests.get(url, timeout=60), pay(url)):
        assert "Already paid" in answer.text
    assert len(client.v1.charges.list().data) == 1


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("number", "4111111111111111", "Only the test card numbers"),
        ("number", "4242424242424241", "number is invalid"),
        ("number", "", "Enter a card number"),
        ("exp", "12 / 20", "in the past"),
        ("exp", "13 / 34", "MM / YY"),
        ("cvc", "12", "3-digit"),
        ("name", " ", "name on the card"),
    ],
)
def test_card_fields_are_checked(client: stripe.StripeClient, session, field, value, says):
    answer = pay(session.url, **{field: value})
    assert answer.status_code == 422
    assert says in answer.text
    assert "4242 4242 4242 4242" not in answer.text.replace('"4242 4242 4242 4242"', "").replace(
        "<code>4242 4242 4242 4242</code>", ""
    )
    assert client.v1.checkout.sessions.retrieve(session.id).payment_intent is None


def test_an_expired_session_is_closed_for_good(client: stripe.StripeClient, session, sink: Sink):
    expired = client.v1.checkout.sessions.expire(session.id)
    assert (expired.status, expired.url) == ("expired", None)
    assert eventually(lambda: sink.types() == ["checkout.session.expired"])
    answer = pay(session.url)
    assert answer.status_code == 410
    assert "Nothing was charged" in answer.text
    with pytest.raises(stripe.InvalidRequestError, match="status of `expired`"):
        client.v1.checkout.sessions.expire(session.id)


def test_time_expires_a_session(client: stripe.StripeClient, emulator: Emulator, session):
    stored = emulator.world.store.find(session.id)
    emulator.world.store.save(stored | {"expires_at": int(time.time()) - 1})
    assert client.v1.checkout.sessions.retrieve(session.id).status == "expired"


def test_the_clock_expires_sessions_nobody_asks_for(emulator: Emulator, session, sink: Sink):
    stored = emulator.world.store.find(session.id)
    emulator.world.store.save(stored | {"expires_at": int(time.time()) - 1})
    assert eventually(lambda: sink.types() == ["checkout.session.expired"])


def test_a_paid_session_cannot_be_expired(client: stripe.StripeClient, session):
    pay(session.url)
    with pytest.raises(stripe.InvalidRequestError, match="status of `complete`"):
        client.v1.checkout.sessions.expire(session.id)


def test_lists_and_lines(client: stripe.StripeClient, session):
    other = client.v1.checkout.sessions.create(session_params())
    pay(other.url)
    page = client.v1.checkout.sessions.list({"limit": 1})
    assert ([s.id for s in page.data], page.has_more) == ([other.id], True)
    assert [s.id for s in page.auto_paging_iter()] == [other.id, session.id]
    open_ones = client.v1.checkout.sessions.list({"status": "open"})
    assert [s.id for s in open_ones.data] == [session.id]
    lines = client.v1.checkout.sessions.line_items.list(session.id)
    assert [(line.description, line.amount_total) for line in lines.data] == [
        ("Paper-cut skies", 199)
    ]
    expanded = client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["line_items.data.price.product"]}
    )
    assert expanded.line_items.data[0].price.product.metadata["listing_id"] == "5"


def test_events_tell_whether_they_were_delivered(client: stripe.StripeClient, session, sink: Sink):
    sink.statuses = [500]
    client.v1.checkout.sessions.expire(session.id)
    pending = client.v1.events.list({"delivery_success": False})
    assert [e.type for e in pending.data] == ["checkout.session.expired"]
    assert pending.data[0].pending_webhooks == 1
    assert eventually(lambda: not client.v1.events.list({"delivery_success": False}).data)
    event = client.v1.events.list({"types": ["checkout.session.*"]}).data[0]
    assert client.v1.events.retrieve(event.id).pending_webhooks == 0
    assert event.request.idempotency_key
