"""Sellers' accounts: created restricted, onboarded by one button, announced to Connect."""

import pytest
import requests
import stripe

from local.stripe.server import Emulator
from tests.unit.local.stripe.sink import (
    CONNECT_SECRET,
    Sink,
    account_params,
    activate,
    active_account,
    eventually,
    post,
)

INCLUDE = {"include": ["configuration.recipient", "requirements"]}


def status_of(account):
    return account.configuration.recipient.capabilities.stripe_balance.stripe_transfers.status


def test_a_new_account_cannot_be_paid_and_an_onboarded_one_can(
    client: stripe.StripeClient, sink: Sink
):
    account = client.v2.core.accounts.create(account_params())
    assert account.id.startswith("acct_1")
    assert account.configuration is None  # shown on request only
    before = client.v2.core.accounts.retrieve(account.id, INCLUDE)
    assert status_of(before) == "restricted"
    entries = before.requirements.entries
    assert {e.awaiting_action_from for e in entries} == {"user"}
    assert "defaults.payout_methods" in [e.description for e in entries]

    answer = activate(client, account.id)

    assert (answer.status_code, answer.headers["Location"]) == (303, "http://127.0.0.1:9/back")
    after = client.v2.core.accounts.retrieve(account.id, INCLUDE)
    assert status_of(after) == "active"
    assert after.requirements.entries == []
    assert eventually(lambda: sink.types("/connect") == ["account.updated", "capability.updated"])
    received = sink.received[0]
    event = client.construct_event(received.body, received.signature, CONNECT_SECRET)
    assert event.account == account.id
    assert event.data.object.capabilities.transfers == "active"
    assert event.data.previous_attributes["payouts_enabled"] is False
    assert sink.types("/platform") == []


def test_the_v1_view_agrees(client: stripe.StripeClient):
    account_id = active_account(client)
    account = client.v1.accounts.retrieve(account_id)
    assert account.payouts_enabled
    assert account.controller.losses.payments == "application"
    assert account.metadata["seller_id"] == "7"
    assert account.country == "US"


def test_a_link_works_once(client: stripe.StripeClient):
    account = client.v2.core.accounts.create(account_params())
    use_case = {
        "type": "account_onboarding",
        "account_onboarding": {"refresh_url": "http://127.0.0.1:9/again"},
    }
    link = client.v2.core.account_links.create({"account": account.id, "use_case": use_case})
    page = requests.get(link.url, timeout=60)
    assert "Activate test account" in page.text
    assert "No money moves" in page.text
    assert post(link.url).status_code == 200
    again = requests.get(link.url, timeout=60, allow_redirects=False)
    assert (again.status_code, again.headers["Location"]) == (303, "http://127.0.0.1:9/again")


def test_unknown_accounts(client: stripe.StripeClient):
    with pytest.raises(stripe.InvalidRequestError) as v2:
        client.v2.core.accounts.retrieve("acct_1nobody")
    assert v2.value.http_status == 404
    with pytest.raises(stripe.PermissionError):
        client.v1.accounts.retrieve("acct_1nobody")


def test_an_account_needs_a_country_and_the_transfers_capability(client: stripe.StripeClient):
    with pytest.raises(stripe.InvalidRequestError, match=r"identity\.country"):
        client.v2.core.accounts.create(account_params(identity={}))
    with pytest.raises(stripe.InvalidRequestError, match="recipients only"):
        client.v2.core.accounts.create(account_params(configuration={"recipient": {}}))


def test_json_bodies_are_checked_by_type(client: stripe.StripeClient):
    with pytest.raises(stripe.InvalidRequestError) as wrong:
        client.v2.core.accounts.create(account_params(display_name=7))
    assert wrong.value.param == "display_name"
    with pytest.raises(stripe.InvalidRequestError, match="unknown parameter: nickname"):
        client.v2.core.accounts.create(account_params(nickname="x"))


def test_the_express_page_shows_what_the_seller_received(client: stripe.StripeClient):
    fresh = client.v2.core.accounts.create(account_params())
    with pytest.raises(stripe.InvalidRequestError, match="onboarding"):
        client.v1.accounts.login_links.create(fresh.id)
    link = client.v1.accounts.login_links.create(active_account(client))
    assert "Fox &amp; Paper" in requests.get(link.url, timeout=60).text


def test_control_can_take_the_capability_away(
    client: stripe.StripeClient, emulator: Emulator, sink: Sink
):
    account_id = active_account(client)
    url = f"{emulator.base_url}/_control/accounts/{account_id}/status"
    assert requests.post(url, json={"status": "restricted"}, timeout=60).ok
    restricted = client.v2.core.accounts.retrieve(account_id, INCLUDE)
    assert status_of(restricted) == "restricted"
    assert restricted.requirements.entries == []  # there is nothing the seller could provide
    assert eventually(lambda: sink.types("/connect").count("account.updated") == 2)
    assert requests.post(url, json={"status": "odd"}, timeout=60).status_code == 400
