"""The platform's balance, its transactions and undelivered events, through the stripe library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from marketplace.core.money import CURRENCY
from marketplace.gateways import stripe_account_reading as accounts
from marketplace.gateways import stripe_reading as reading
from marketplace.gateways.payment_facts import AccountBalance, BalanceLine, WebhookEvent
from marketplace.gateways.stripe_client import StripeCalls, errors_mapped

PAGE = 100
TYPES_AT_ONCE = 20
"""Stripe takes no more types in one question."""


class StripeBooks(StripeCalls):
    """What our ledger is held against."""

    def balance(self) -> AccountBalance:
        """What lies in the platform's account."""
        with errors_mapped():
            return accounts.balance(self._client.v1.balance.retrieve(), CURRENCY)

    def balance_lines(self, since: datetime | None) -> Iterator[BalanceLine]:
        """Every balance transaction of the platform created since then, newest first."""
        params: Any = {"limit": PAGE}
        if since is not None:
            params["created"] = {"gte": int(since.timestamp())}
        with errors_mapped():
            found = self._client.v1.balance_transactions.list(params)
            for transaction in found.auto_paging_iter():
                yield reading.balance_line(transaction)

    def undelivered_events(self, types: Sequence[str]) -> Iterator[WebhookEvent]:
        """Events of the last thirty days that Stripe could not deliver."""
        with errors_mapped():
            for first in range(0, len(types), TYPES_AT_ONCE):
                some = list(types[first : first + TYPES_AT_ONCE])
                found = self._client.v1.events.list(
                    {"delivery_success": False, "types": some, "limit": PAGE}
                )
                for event in found.auto_paging_iter():
                    yield reading.event(event.to_dict(), self._livemode)
