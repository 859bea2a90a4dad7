"""What tests may break on purpose: webhooks that vanish, double, wait; calls that fail."""

import time

import pytest
import requests
import stripe

from local.stripe.server import Emulator
from tests.unit.local.stripe.sink import (
    Sink,
    client_for,
    eventually,
    pay,
    session_params,
)

COMPLETED = "checkout.session.completed"


def set_faults(emulator: Emulator, **rules) -> dict:
    answer = requests.post(f"{emulator.base_url}/_control/faults", json=rules, timeout=60)
    assert answer.ok, answer.text
    return answer.json()


def buy(client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(session_params())
    assert pay(session.url).status_code == 303


def test_a_dropped_webhook_never_comes(client, emulator, sink: Sink):
    set_faults(emulator, webhooks=[{"type": COMPLETED, "action": "drop", "times": 1}])
    buy(client)
    assert eventually(lambda: len(sink.received) == 2)
    time.sleep(0.3)
    assert sorted(sink.types()) == ["charge.succeeded", "payment_intent.succeeded"]
    lost = client.v1.events.list({"delivery_success": False, "types": [COMPLETED]})
    assert len(lost.data) == 1
    assert requests.get(f"{emulator.base_url}/_control/faults", timeout=60).json()["webhooks"] == []
    url = f"{emulator.base_url}/_control/events/{lost.data[0].id}/redeliver"
    assert requests.post(url, json={}, timeout=60).json() == {"queued": 1}
    assert eventually(lambda: COMPLETED in sink.types())


def test_a_duplicated_webhook_comes_twice_with_the_same_id(client, emulator, sink: Sink):
    set_faults(emulator, webhooks=[{"type": "checkout.*", "action": "duplicate"}])
    buy(client)
    assert eventually(lambda: sink.types().count(COMPLETED) == 2)
    ids = {r.event["id"] for r in sink.received if r.event["type"] == COMPLETED}
    assert len(ids) == 1


def test_a_held_webhook_comes_when_it_is_let_go(client, emulator, sink: Sink):
    set_faults(emulator, webhooks=[{"type": COMPLETED, "action": "hold"}])
    buy(client)
    assert eventually(lambda: len(sink.received) == 2)
    time.sleep(0.2)
    assert COMPLETED not in sink.types()
    set_faults(emulator)
    assert eventually(lambda: COMPLETED in sink.types())


def test_a_delayed_webhook_comes_late(client, emulator, sink: Sink):
    set_faults(emulator, webhooks=[{"type": COMPLETED, "action": "delay", "seconds": 1}])
    started = time.monotonic()
    buy(client)
    assert eventually(lambda: COMPLETED in sink.types())
    assert time.monotonic() - started >= 1


def test_an_endpoint_that_fails_is_tried_again(client, emulator, sink: Sink):
    sink.statuses = [500, 500]
    session = client.v1.checkout.sessions.create(session_params())
    client.v1.checkout.sessions.expire(session.id)
    assert eventually(lambda: len(sink.received) == 3)
    assert len({r.body for r in sink.received}) == 1
    state = requests.get(f"{emulator.base_url}/_control/state", timeout=60).json()
    (delivery,) = state["events"][0]["deliveries"]
    assert (delivery["state"], delivery["attempts"]) == ("delivered", 3)


def test_calls_that_fail_once_are_retried_by_the_library(client, emulator):
    set_faults(emulator, api=[{"action": "500", "times": 2, "path": "/v1/checkout/*"}])
    assert client.v1.checkout.sessions.create(session_params()).status == "open"


def test_rate_limits_are_not_retried(client, emulator):
    set_faults(emulator, api=[{"action": "429", "times": 1}])
    with pytest.raises(stripe.RateLimitError):
        client.v1.balance.retrieve()
    assert client.v1.balance.retrieve()


def test_a_lost_answer_is_found_again_under_its_key(client, emulator):
    set_faults(emulator, api=[{"action": "lost_answer", "times": 1, "method": "POST"}])
    created = client.v1.checkout.sessions.create(session_params())
    assert created.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(client.v1.checkout.sessions.list().data) == 1


def test_a_call_that_hangs(emulator):
    set_faults(emulator, api=[{"action": "timeout", "times": 1, "seconds": 1}])
    with client_for(emulator.base_url, max_network_retries=0) as impatient:
        with pytest.raises(stripe.APIConnectionError):
            impatient.v1.balance.retrieve()
        assert impatient.v1.balance.retrieve()


@pytest.mark.parametrize(
    "rules",
    [
        {"webhooks": [{"action": "eat"}]},
        {"webhooks": [{"action": "drop", "times": 0}]},
        {"api": [{"action": "500", "when": "now"}]},
        {"other": []},
        {"webhooks": [{"action": "delay", "seconds": -1}]},
    ],
)
def test_rules_that_make_no_sense_change_nothing(emulator, rules):
    before = set_faults(emulator, webhooks=[{"type": COMPLETED, "action": "hold"}])
    url = f"{emulator.base_url}/_control/faults"
    assert requests.post(url, json=rules, timeout=60).status_code == 400
    assert requests.get(url, timeout=60).json() == before


def test_the_page_does_the_same_by_its_forms(client, emulator, sink: Sink):
    base = emulator.base_url
    form = {"family": "webhooks", "action": "drop", "pattern": COMPLETED, "add": "1"}
    assert requests.post(f"{base}/_control/faults", data=form, timeout=60).ok
    buy(client)
    page = requests.get(base, timeout=60).text
    assert COMPLETED in page
    assert "dropped" in page
    assert requests.post(f"{base}/_control/faults", data={"clear": "1"}, timeout=60).ok
    faults = requests.get(f"{base}/_control/faults", timeout=60).json()
    assert faults == {"webhooks": [], "api": []}
