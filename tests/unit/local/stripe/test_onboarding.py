"""Connected accounts: what they must give, the pages, both APIs, closing, and paying with tax."""

import pytest
import requests
import stripe

from local.stripe import accounts, checkout
from local.stripe.server import Emulator
from tests.unit.local.stripe.sink import account_params, active_account, pay, post, session_params
from tests.unit.local.stripe.till import Till

INCLUDE = {"include": ["configuration.recipient", "requirements"]}
V1 = {
    "country": "US",
    "email": "seller@example.com",
    "controller": {
        "fees": {"payer": "application"},
        "losses": {"payments": "application"},
        "stripe_dashboard": {"type": "express"},
    },
    "capabilities": {"transfers": {"requested": True}},
}


def read(till: Till, account: str):
    return till.client.v2.core.accounts.retrieve(account, INCLUDE)


def status(account) -> str:
    return account.configuration.recipient.capabilities.stripe_balance.stripe_transfers.status


def test_what_is_missing_is_listed_and_a_document_may_be_asked_for(till: Till):
    account = till.client.v2.core.accounts.create(account_params()).id
    entries = read(till, account).requirements.entries
    assert [e.description for e in entries][:2] == [
        "identity.individual.given_name",
        "identity.individual.surname",
    ]
    assert entries[0].minimum_deadline.status == "currently_due"
    till.onboard(account, ssn_last_4="1111")
    (entry,) = read(till, account).requirements.entries
    assert entry.description == "identity.individual.documents.primary_verification"
    assert entry.errors[0].description.startswith("The details could not be verified")
    assert status(read(till, account)) == "restricted"
    old = till.client.v1.accounts.retrieve(account)
    assert old.requirements.past_due == ["individual.verification.document"]
    till.onboard(account)
    assert status(read(till, account)) == "active"


def test_a_review_ends_after_a_day(till: Till):
    account = till.seller(ssn_last_4="2222")
    assert status(read(till, account)) == "pending"
    till.bank.advance(86_400)
    assert status(read(till, account)) == "active"


def test_the_first_api_makes_the_same_accounts(till: Till):
    account = till.client.v1.accounts.create(V1)
    assert account.capabilities.transfers == "inactive"
    till.onboard(account.id)
    again = till.client.v1.accounts.retrieve(account.id)
    assert (again.capabilities.transfers, again.payouts_enabled) == ("active", True)
    assert again.external_accounts.data[0].last4 == "6789"
    assert [a.id for a in till.client.v1.accounts.list().data] == [account.id]
    assert status(read(till, account.id)) == "active"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        till.client.v1.accounts.create(V1 | {"type": "express"})
    assert caught.value.param == "type"


def test_updates_lists_and_closing(till: Till):
    one, two = till.seller(), till.seller()
    changed = till.client.v2.core.accounts.update(
        one, {"display_name": "Paper Fox", "metadata": {"seller_id": None, "a": "1"}}
    )
    assert (changed.display_name, changed.metadata.to_dict()) == ("Paper Fox", {"a": "1"})
    charge = till.buy().id
    till.transfer(charge, two)
    with pytest.raises(stripe.InvalidRequestError, match="balance is zero"):
        till.client.v2.core.accounts.close(two, {"applied_configurations": ["recipient"]})
    till.hooks()
    closed = till.client.v2.core.accounts.close(one, {"applied_configurations": ["recipient"]})
    assert closed.closed is True
    assert [a.id for a in till.client.v2.core.accounts.list().data] == [two]
    assert [a.id for a in till.client.v2.core.accounts.list({"closed": True}).data] == [one]
    with pytest.raises(stripe.InvalidRequestError, match="No such destination"):
        till.transfer(charge, one, 1)
    with pytest.raises(stripe.PermissionError):
        till.client.v1.balance.retrieve(options={"stripe_account": one})
    with pytest.raises(stripe.PermissionError):
        till.client.v1.accounts.retrieve(one)
    assert till.hooks("connect") == ["account.application.deauthorized"]


def test_v2_lists_have_pages(till: Till):
    made = [till.client.v2.core.accounts.create(account_params()).id for _ in range(3)]
    page = till.client.v2.core.accounts.list({"limit": 2})
    assert [a.id for a in page.data] == made[:0:-1]
    assert [a.id for a in page.auto_paging_iter()] == made[::-1]


def test_no_transfer_while_an_account_is_disabled(till: Till):
    charge, account = till.buy().id, till.seller()
    for state in ("restricted", "rejected", "pending", "onboarding"):
        accounts.set_status(till.bank.world, account, state)
        with pytest.raises(stripe.InvalidRequestError) as caught:
            till.transfer(charge, account)
        assert caught.value.code == "insufficient_capabilities_for_transfer"
    accounts.set_status(till.bank.world, account, "active")
    assert till.transfer(charge, account).amount == 159


def test_tax_follows_the_address(till: Till):
    lines = [
        {
            "quantity": 1,
            "price_data": {
                "currency": "usd",
                "unit_amount": cents,
                "product_data": {"name": "x", "tax_code": "txcd_10000000"},
                "tax_behavior": "exclusive",
            },
        }
        for cents in (199, 499)
    ]
    session = till.session(line_items=lines, automatic_tax={"enabled": True})
    assert session.automatic_tax.status == "requires_location_inputs"
    world = till.bank.world
    checkout.give_address(world, session.id, {"country": "DE", "postal_code": "10115"})
    assert till.bank.pay(session.id).result == "paid"
    paid = till.client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["line_items", "payment_intent"]}
    )
    assert (paid.amount_subtotal, paid.total_details.amount_tax, paid.amount_total) == (
        698,
        70,
        768,
    )
    assert [item.amount_tax for item in paid.line_items.data] == [20, 50]
    assert (paid.payment_intent.amount, paid.automatic_tax.status) == (768, "complete")
    assert paid.customer_details.address.country == "DE"
    untaxed = till.session(automatic_tax={"enabled": True})
    assert till.bank.pay(untaxed.id).result == "paid"
    assert till.client.v1.checkout.sessions.retrieve(untaxed.id).amount_total == 199


def test_the_platform_can_ask_for_3d_secure(till: Till):
    options = {"card": {"request_three_d_secure": "any"}}
    session = till.session(payment_method_options=options)
    assert session.payment_method_options.card.request_three_d_secure == "any"
    assert till.bank.pay(session.id).result == "challenge"
    assert till.bank.authenticate(session.id, passed=True).result == "paid"
    intent = till.client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent.latest_charge"]}
    ).payment_intent
    card = intent.latest_charge.payment_method_details.card
    assert (card.three_d_secure.result, card.last4) == ("authenticated", "4242")


def test_fingerprints_tell_cards_apart_and_countries_set_the_fee(till: Till):
    charges = [till.buy(997, card) for card in ("pm_card_visa", "pm_card_visa", "pm_card_gb")]
    cards = [charge.payment_method_details.card for charge in charges]
    assert cards[0].fingerprint == cards[1].fingerprint != cards[2].fingerprint
    assert [charge.balance_transaction.fee for charge in charges] == [59, 59, 74]
    assert cards[2].country == "GB"


def test_the_pages_ask_and_check(client: stripe.StripeClient, emulator: Emulator):
    account = client.v2.core.accounts.create(account_params())
    urls = {"refresh_url": "http://127.0.0.1:9/again", "return_url": "http://127.0.0.1:9/back"}
    use_case = {"type": "account_onboarding", "account_onboarding": urls}
    link = client.v2.core.account_links.create({"account": account.id, "use_case": use_case})
    page = requests.get(link.url, timeout=60).text
    assert "No money moves" in page
    wrong = post(link.url, given_name="Kim", birth="soon", account_number="123")
    assert wrong.status_code == 422
    assert "Write the date as 1990-04-12." in wrong.text
    assert "Never type a real one" in wrong.text
    assert 'value="Kim"' in wrong.text
    later = post(link.url, activate="later")
    assert later.headers["Location"] == "http://127.0.0.1:9/back"
    assert post(link.url).headers["Location"] == "http://127.0.0.1:9/again"

    seller = active_account(client)
    express = requests.get(client.v1.accounts.login_links.create(seller).url, timeout=60).text
    assert "···· 6789" in express

    terms = {"consent_collection": {"terms_of_service": "required"}}
    session = client.v1.checkout.sessions.create(
        session_params(automatic_tax={"enabled": True}, **terms)
    )
    assert "Billing address" in requests.get(session.url, timeout=60).text
    assert post(f"{session.url}/address", country="US").status_code == 422
    assert post(f"{session.url}/address", country="US", postal_code="10001").status_code == 303
    page = requests.get(session.url, timeout=60).text
    assert "$2.19" in page
    assert "Tick the box" in pay(session.url).text
    assert pay(session.url, terms="accepted").status_code == 303
    paid = client.v1.checkout.sessions.retrieve(session.id)
    assert (paid.amount_total, paid.consent.terms_of_service) == (219, "accepted")


def test_the_control_api_causes_what_stripe_causes(client: stripe.StripeClient, emulator: Emulator):
    def control(path: str, **values):
        return requests.post(f"{emulator.base_url}/_control/{path}", json=values, timeout=60)

    session = client.v1.checkout.sessions.create(session_params())
    pay(session.url)
    intent = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    charge = intent.payment_intent.latest_charge
    refund = client.v1.refunds.create({"charge": charge, "amount": 50})
    assert control(f"refunds/{refund.id}/fail", reason="declined").json()["status"] == "failed"
    assert control(f"charges/{charge}/warn").json()["actionable"] is True
    dispute = control(f"charges/{charge}/dispute", amount=99, inquiry=True).json()
    assert dispute["amount"] == 99
    for action, state in (
        ("escalate", "needs_response"),
        ("lose", "lost"),
        ("appeal", "appeal_needs_response"),
        ("win", "won"),
    ):
        assert control(f"disputes/{dispute['id']}/{action}").json()["status"] == state
    assert control("topups", amount=5000).json()["type"] == "topup"
    assert control("fees", amount=200).json()["net"] == -200
    payout = control("payouts", amount=100).json()
    assert control(f"payouts/{payout['id']}/fail", code="no_account").json()["status"] == "failed"
    before = requests.get(f"{emulator.base_url}/_control/clock", timeout=60).json()["now"]
    assert control("clock", advance=3600, skew=-10).json()["now"] >= before + 3600
    switches = control("behaviour", refund_when_short="pending").json()
    assert switches["refund_when_short"] == "pending"
    for path, values in (
        ("clock", {"advance": -1}),
        ("behaviour", {"odd": 1}),
        ("payouts", {"amount": 10**9}),
        (f"payouts/{payout['id']}/fail", {}),
        (f"refunds/{refund.id}/explode", {}),
        (f"disputes/{dispute['id']}/lose", {}),
    ):
        assert control(path, **values).status_code == 400, path
    page = requests.get(emulator.base_url, timeout=60)
    assert page.ok
    assert "Refund when short" in page.text
