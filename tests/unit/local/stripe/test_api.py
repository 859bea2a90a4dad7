"""The API's front door: keys, versions, parameters, idempotency, expansion."""

import json
import re
import time

import pytest
import requests
import stripe

from local.stripe.dispatch import Request
from local.stripe.routes import ROUTES
from local.stripe.server import Emulator
from tests.unit.local.stripe.sink import API_KEY, client_for, pay, session_params
from tests.unit.local.stripe.till import in_memory


def refused(client: stripe.StripeClient, **changes) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.create(session_params(**changes))
    assert client.v1.checkout.sessions.list().data == []
    return caught.value


def line(**changes):
    price = {"currency": "usd", "unit_amount": 199, "product_data": {"name": "x"}}
    return [{"quantity": 1, "price_data": price | changes}]


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"payment_method_types": ["card"]}, "payment_method_types"),
        ({"line_items": line(colour="red")}, "line_items[0][price_data][colour]"),
        ({"line_items": line(unit_amount="1.99")}, "line_items[0][price_data][unit_amount]"),
        ({"line_items": line(unit_amount=-1)}, "line_items[0][price_data][unit_amount]"),
        ({"line_items": line(product_data={})}, "line_items[0][price_data][product_data]"),
        ({"line_items": line(currency="eur")}, "line_items[0][price_data][currency]"),
        ({"mode": "rent"}, "mode"),
        ({"expires_at": "soon"}, "expires_at"),
        ({"expires_at": int(time.time()) + 60}, "expires_at"),
        ({"expires_at": int(time.time()) + 90_000}, "expires_at"),
        ({"metadata": "x"}, "metadata"),
        ({"metadata": {"k" * 41: "v"}}, f"metadata[{'k' * 41}]"),
        ({"success_url": "/relative"}, "success_url"),
        ({"customer_email": "nobody"}, "customer_email"),
        ({"allowed_payment_method_types": ["klarna"]}, "allowed_payment_method_types"),
        ({"allow_promotion_codes": True}, "allow_promotion_codes"),
        (
            {"payment_intent_data": {"application_fee_amount": 40}},
            "payment_intent_data[application_fee_amount]",
        ),
        ({"expand": ["nothing"]}, "expand"),
    ],
)
def test_wrong_parameters_are_named_and_nothing_is_made(client, changes, param):
    error = refused(client, **changes)
    assert (error.http_status, error.param) == (400, param)


def test_no_call_at_all_takes_a_parameter_that_nobody_knows():
    """Each of the emulator's routes, reads included, is held against the library's types."""
    dispatcher = in_memory().dispatcher
    for route in ROUTES:
        kind = "application/json" if route.v2 else "application/x-www-form-urlencoded"
        headers = {"authorization": f"Bearer {API_KEY}", "content-type": kind}
        path = re.sub("<[^>]+>", "x_1", route.rule)
        odd = '{"odd": "1"}' if route.v2 else "odd=1"
        query, body = ("", odd) if route.method == "POST" else ("odd=1", "")
        reply = dispatcher.handle(Request(route.method, path, query, headers, body))
        error = json.loads(reply.text)["error"]
        assert (reply.status, error["param"]) == (400, "odd"), f"{route.method} {path}"


@pytest.mark.parametrize("name", ["mode", "line_items", "success_url"])
def test_missing_parameters_are_named(client, name):
    params = session_params()
    del params[name]
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.create(params)
    assert (caught.value.param, caught.value.code) == (name, "parameter_missing")


def test_amounts_have_a_floor(client):
    assert refused(client, line_items=line(unit_amount=49)).code == "amount_too_small"


def test_same_key_same_parameters_is_the_same_answer(client):
    params, options = session_params(), {"idempotency_key": "checkout-order-1-1"}
    first = client.v1.checkout.sessions.create(params, options)
    second = client.v1.checkout.sessions.create(params, options)
    assert first.id == second.id
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert second.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(client.v1.checkout.sessions.list().data) == 1


def test_same_key_other_parameters_is_refused(client):
    options = {"idempotency_key": "checkout-order-1-1"}
    client.v1.checkout.sessions.create(session_params(), options)
    with pytest.raises(stripe.IdempotencyError):
        client.v1.checkout.sessions.create(session_params(client_reference_id="other"), options)


def test_a_malformed_request_does_not_use_up_its_key(client):
    options = {"idempotency_key": "k"}
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.create(session_params(mode="rent"), options)
    assert client.v1.checkout.sessions.create(session_params(), options).id


def test_keys_and_versions(emulator: Emulator):
    base = emulator.base_url
    with client_for(base, "sk_test_wrong_key_000000") as wrong:
        with pytest.raises(stripe.AuthenticationError, match=r"Invalid API Key") as caught:
            wrong.v1.balance.retrieve()
        assert "wrong_key_0" not in str(caught.value)
    old_version = client_for(base, stripe_version="2024-06-20")
    with old_version as old, pytest.raises(stripe.InvalidRequestError, match="API version"):
        old.v1.balance.retrieve()
    assert requests.get(f"{base}/v1/balance", timeout=60).status_code == 401
    fine = requests.get(f"{base}/v1/balance", auth=(API_KEY, ""), timeout=60)
    assert fine.ok
    assert fine.headers["Request-Id"].startswith("req_")
    assert fine.headers["Stripe-Version"] == stripe.api_version


def test_unknown_routes_and_objects(client):
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL") as caught:
        client.v1.customers.list()
    assert caught.value.http_status == 404
    for retrieve in (
        client.v1.checkout.sessions.retrieve,
        client.v1.payment_intents.retrieve,
        client.v1.charges.retrieve,
        client.v1.transfers.retrieve,
        client.v1.events.retrieve,
        client.v1.balance_transactions.retrieve,
    ):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            retrieve("nothing")
        assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")


def test_objects_carry_every_documented_field(client):
    session = client.v1.checkout.sessions.create(session_params())
    pay(session.url)
    paid = client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent.latest_charge.balance_transaction"]}
    )
    on_request_only = {"line_items", "refunds", "transfer", "level3"}
    for thing in (
        paid,
        paid.payment_intent,
        paid.payment_intent.latest_charge,
        paid.payment_intent.latest_charge.balance_transaction,
    ):
        documented = set(type(thing).__annotations__) - {"OBJECT_NAME"} - on_request_only
        assert documented <= set(thing.to_dict())


def test_only_this_machines_pages_reach_it(emulator: Emulator):
    url = f"{emulator.base_url}/_control/faults"
    assert requests.get(url, headers={"Host": "rebound.example"}, timeout=60).status_code == 403
    crossed = requests.post(
        url, json={}, headers={"Origin": "https://elsewhere.example"}, timeout=5
    )
    assert crossed.status_code == 403
