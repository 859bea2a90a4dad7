"""A gateway and a request, for tests of what is sent."""

from __future__ import annotations

from datetime import timedelta

from marketplace.core.clock import now
from marketplace.core.ids import new_id
from marketplace.core.money import Money
from marketplace.gateways.payments import CheckoutItem, CheckoutRequest
from marketplace.gateways.stripe_payments import StripePayments
from tests.fixtures.buying import API_KEY, CONNECT_SECRET, PLATFORM_SECRET


def gateway(base: str, key: str = API_KEY, secret: str = PLATFORM_SECRET) -> StripePayments:
    return StripePayments(key, base, secret, CONNECT_SECRET, livemode=False)


def request_for(order_id: str, cents: int = 299) -> CheckoutRequest:
    return CheckoutRequest(
        order_id=order_id,
        attempt=1,
        buyer_email="buyer@example.com",
        items=(CheckoutItem(new_id(), "Paper fox", Money(cents)),),
        success_url="http://localhost/checkout/done?sid={CHECKOUT_SESSION_ID}",
        cancel_url="http://localhost/checkout/cancelled",
        expires_at=now() + timedelta(minutes=40),
    )
