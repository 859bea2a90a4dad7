"""The application's own payment gateway, run against the emulator over a real connection."""

from datetime import UTC, datetime, timedelta

import pytest

from local.stripe.server import Emulator
from marketplace.core.money import Money
from marketplace.gateways.payments import (
    CheckoutItem,
    CheckoutRequest,
    PaymentError,
    TransfersStatus,
)
from marketplace.gateways.stripe_payments import StripePayments
from tests.unit.local.stripe.sink import (
    API_KEY,
    CONNECT_SECRET,
    PLATFORM_SECRET,
    Sink,
    eventually,
    pay,
    post,
)


@pytest.fixture
def gateway(emulator: Emulator) -> StripePayments:
    return StripePayments(API_KEY, emulator.base_url, PLATFORM_SECRET, CONNECT_SECRET, False)


def test_a_sale_from_onboarding_to_transfer(gateway: StripePayments, sink: Sink):
    account = gateway.create_seller_account("7", "seller@example.com", "Fox & Paper")
    assert gateway.create_seller_account("7", "seller@example.com", "Fox & Paper") == account
    assert gateway.transfers_status(account) is TransfersStatus.ONBOARDING
    post(gateway.onboarding_url(account, "http://127.0.0.1:9/b", "http://127.0.0.1:9/r"))
    assert gateway.transfers_status(account) is TransfersStatus.ACTIVE

    price = Money(299, "usd")
    request = CheckoutRequest(
        order_id="41",
        attempt=1,
        buyer_email="ada@example.com",
        items=(CheckoutItem("5", "Paper-cut skies", price),),
        success_url="http://127.0.0.1:9/checkout/done?sid={CHECKOUT_SESSION_ID}",
        cancel_url="http://127.0.0.1:9/p/paper-cut-5",
        expires_at=datetime.now(UTC) + timedelta(minutes=31),
    )
    session = gateway.create_checkout(request)
    assert gateway.create_checkout(request) == session
    assert (session.paid, session.amount, session.order_id) == (False, price, "41")
    assert session.url
    pay(session.url)

    paid = gateway.retrieve_checkout(session.session_id)
    assert (paid.status, paid.paid, paid.fee) == ("complete", True, Money(39, "usd"))
    assert gateway.expire_checkout(session.session_id) == paid
    assert paid.charge_id

    share = Money(239, "usd")
    assert gateway.find_transfer("41", "1") is None
    made = gateway.create_transfer("1", 1, share, account, paid.charge_id, "41")
    assert gateway.create_transfer("1", 1, share, account, paid.charge_id, "41") == made
    assert gateway.find_transfer("41", "1") == made
    with pytest.raises(PaymentError):
        gateway.create_transfer("2", 1, Money(61, "usd"), account, paid.charge_id, "41")

    assert eventually(lambda: len(sink.received) == 6)
    events = [
        gateway.read_webhook(item.body, item.signature, item.path == "/connect")
        for item in sink.received
    ]
    completed = next(e for e in events if e.type == "checkout.session.completed")
    assert completed.object_id == session.session_id
    assert {e.account for e in events} == {None, account}
