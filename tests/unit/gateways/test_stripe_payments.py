"""The Stripe gateway: what it sends, how it retries, and how it sorts what comes back."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
import stripe

from marketplace.core.ids import new_id
from marketplace.core.money import Money
from marketplace.gateways import stripe_account_reading as accounts
from marketplace.gateways import stripe_reading as reading
from marketplace.gateways.payments import (
    PaymentError,
    TransfersStatus,
    WebhookRejectedError,
)
from tests.fixtures.buying import API_KEY, Bank, signed
from tests.unit.gateways.calls import gateway, request_for


def test_keys_are_not_shown() -> None:
    made = gateway("http://127.0.0.1:9")
    assert API_KEY not in repr(made)
    assert stripe.enable_telemetry is False


def test_a_checkout_as_the_emulator_validates_it(bank: Bank) -> None:
    payments, request = gateway(bank.url), request_for(new_id())
    opened = payments.create_checkout(request)
    assert (opened.status, opened.paid, opened.amount) == ("open", False, Money(299))
    assert (opened.order_id, opened.livemode) == (request.order_id, False)
    assert payments.create_checkout(request) == opened
    assert opened.url is not None
    bank.pay(opened.url)
    paid = payments.retrieve_checkout(opened.session_id)
    assert (paid.status, paid.paid, paid.fee) == ("complete", True, Money(39))
    assert paid.charge_id is not None
    assert paid.charge_id.startswith("ch_")


def test_a_declined_card_is_no_charge(bank: Bank) -> None:
    payments = gateway(bank.url)
    opened = payments.create_checkout(request_for(new_id()))
    bank.pay(str(opened.url), card="4000000000000002")
    seen = payments.retrieve_checkout(opened.session_id)
    assert (seen.status, seen.paid, seen.charge_id, seen.fee) == ("open", False, None, None)


def test_expiring_tells_what_is_true_now(bank: Bank) -> None:
    payments = gateway(bank.url)
    opened = payments.create_checkout(request_for(new_id()))
    assert payments.expire_checkout(opened.session_id).status == "expired"
    assert payments.expire_checkout(opened.session_id).status == "expired"
    other = payments.create_checkout(request_for(new_id()))
    bank.pay(str(other.url))
    assert payments.expire_checkout(other.session_id).paid


def test_the_same_key_with_other_words_is_a_definite_no(bank: Bank) -> None:
    payments, order_id = gateway(bank.url), new_id()
    payments.create_checkout(request_for(order_id, 299))
    with pytest.raises(PaymentError):
        payments.create_checkout(request_for(order_id, 199))


def test_accounts_from_opening_to_readiness(bank: Bank) -> None:
    payments, seller_id = gateway(bank.url), new_id()
    account = payments.create_seller_account(seller_id, "s@example.com", "Paper Fox")
    assert payments.create_seller_account(seller_id, "s@example.com", "Paper Fox") == account
    assert payments.transfers_status(account) is TransfersStatus.ONBOARDING
    link = payments.onboarding_url(account, "http://localhost/back", "http://localhost/again")
    assert link.startswith(bank.url)
    bank.set_account(account, "active")
    assert payments.transfers_status(account) is TransfersStatus.ACTIVE


def test_transfers_are_found_by_their_line(bank: Bank) -> None:
    payments, request, line_id = gateway(bank.url), request_for(new_id()), new_id()
    account = payments.create_seller_account(new_id(), "s@example.com", "Paper Fox")
    bank.set_account(account, "active")
    opened = payments.create_checkout(request)
    bank.pay(str(opened.url))
    charge = str(payments.retrieve_checkout(opened.session_id).charge_id)
    assert payments.find_transfer(request.order_id, line_id) is None
    made = payments.create_transfer(line_id, 1, Money(239), account, charge, request.order_id)
    assert payments.find_transfer(request.order_id, line_id) == made
    assert payments.find_transfer(request.order_id, new_id()) is None


def account_with(status: str | None, *resolutions: str, closed: bool = False) -> Any:
    details = [SimpleNamespace(code="x", resolution=one) for one in resolutions]
    capability = SimpleNamespace(status=status, status_details=details)
    balance = SimpleNamespace(stripe_transfers=capability)
    recipient = SimpleNamespace(capabilities=SimpleNamespace(stripe_balance=balance))
    return SimpleNamespace(closed=closed, configuration=SimpleNamespace(recipient=recipient))


@pytest.mark.parametrize(
    ("account", "status"),
    [
        (account_with("active"), TransfersStatus.ACTIVE),
        (account_with("pending"), TransfersStatus.PENDING),
        (account_with("restricted", "provide_info"), TransfersStatus.ONBOARDING),
        (account_with("restricted", "contact_stripe"), TransfersStatus.RESTRICTED),
        (account_with("restricted"), TransfersStatus.RESTRICTED),
        (account_with("rejected"), TransfersStatus.REJECTED),
        (account_with("unsupported"), TransfersStatus.REJECTED),
        (account_with("invented_later"), TransfersStatus.RESTRICTED),
        (account_with("active", closed=True), TransfersStatus.REJECTED),
        (SimpleNamespace(closed=None, configuration=None), TransfersStatus.NONE),
    ],
)
def test_only_an_active_capability_is_ready(account: Any, status: TransfersStatus) -> None:
    assert accounts.transfers_status(account) is status


def test_unknown_checkout_statuses_change_nothing() -> None:
    session = SimpleNamespace(
        id="cs_1", status="on_the_moon", payment_status="half", amount_total=1, currency="usd"
    )
    read = reading.checkout_session(session)
    assert (read.status, read.paid, read.charge_id, read.order_id) == ("open", False, None, None)


def event(**changes: Any) -> dict[str, Any]:
    return {
        "id": "evt_1",
        "object": "event",
        "type": "charge.updated",
        "livemode": False,
        "created": 1_700_000_000,
        "data": {"object": {"id": "ch_1"}},
    } | changes


@pytest.mark.parametrize("number", [0, 1])
def test_two_secrets_are_good_while_one_is_replaced(number: int) -> None:
    secrets = ["whsec_old", "whsec_new"]
    payments = gateway("http://127.0.0.1:9", secret=" , ".join(secrets))
    body, header = signed(event(), secrets[number])
    read = payments.read_webhook(body, header, connect=False)
    assert (read.event_id, read.object_id, read.account) == ("evt_1", "ch_1", None)


def test_a_webhook_must_be_fresh_signed_ours_and_of_our_mode() -> None:
    payments = gateway("http://127.0.0.1:9")
    good = signed(event())
    for body, header, connect in (
        (good[0], good[1], True),
        (good[0] + b" ", good[1], False),
        (*signed(event(), at=int(time.time()) - 301), False),
        (*signed(event(livemode=True)), False),
        (*signed(event(object="v2.core.event")), False),
        (*signed({}), False),
        (b"[]", signed([])[1], False),  # type: ignore[arg-type]
        (b"\xff", good[1], False),
    ):
        with pytest.raises(WebhookRejectedError):
            payments.read_webhook(body, header, connect)
    assert payments.read_webhook(*good, connect=False).type == "charge.updated"
