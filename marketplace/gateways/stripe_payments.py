"""The payment gateway spoken through the stripe library; its parts are the stripe_* modules.

Knows Stripe's words, not our rows. API version: the one the pinned library is made for.
"""

from __future__ import annotations

from typing import Any

from marketplace.gateways.stripe_accounts import StripeAccounts
from marketplace.gateways.stripe_books import StripeBooks
from marketplace.gateways.stripe_checkouts import StripeCheckouts
from marketplace.gateways.stripe_client import make_client
from marketplace.gateways.stripe_refunds import StripeRefunds
from marketplace.gateways.stripe_webhooks import V2, StripeWebhooks, split_secrets


class StripePayments(StripeAccounts, StripeCheckouts, StripeRefunds, StripeBooks, StripeWebhooks):
    """PaymentGateway by Stripe: hosted Checkout, separate charges and transfers.

    Args:
        api_key: secret or restricted key; never logged.
        api_base: address of a local emulator instead of Stripe; None for Stripe itself.
        webhook_secret, connect_webhook_secret, v2_webhook_secret: signing secrets of the three
            endpoints, several separated by commas while one is being replaced.
        livemode: which mode's webhooks are ours; the other mode's are refused.
        http_client: how calls travel (tests that need no sockets); None for the network.
    """

    def __init__(
        self,
        api_key: str,
        api_base: str | None,
        webhook_secret: str,
        connect_webhook_secret: str,
        livemode: bool,
        v2_webhook_secret: str = "",
        http_client: Any = None,
    ) -> None:
        self._livemode = livemode
        self._secrets = {
            False: split_secrets(webhook_secret),
            True: split_secrets(connect_webhook_secret),
            V2: split_secrets(v2_webhook_secret),
        }
        self._client = make_client(api_key, api_base, http_client)

    def __repr__(self) -> str:
        return f"<StripePayments livemode={self._livemode}>"
