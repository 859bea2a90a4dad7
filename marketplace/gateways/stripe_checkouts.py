"""Hosted Checkout, transfers to sellers and calling them back, through the stripe library."""

from __future__ import annotations

import logging
from typing import Any

from marketplace.core.money import Money
from marketplace.gateways import stripe_reading as reading
from marketplace.gateways.payment_errors import (
    PaymentError,
)
from marketplace.gateways.payment_facts import (
    CheckoutRequest,
    CheckoutSession,
    FailedPayment,
    Reversal,
    Transfer,
)
from marketplace.gateways.stripe_client import (
    StripeCalls,
    errors_mapped,
    lookups_mapped,
    transfer_group,
)

log = logging.getLogger(__name__)

SESSION_PARTS = ["payment_intent.latest_charge.balance_transaction"]
STATEMENT_SUFFIX = "PROMPTS"


class StripeCheckouts(StripeCalls):
    """Money in, and on to its sellers: separate charges and transfers."""

    def create_checkout(self, request: CheckoutRequest) -> CheckoutSession:
        """Open a hosted checkout; the same order and attempt give the same session."""
        key = f"checkout-order-{request.order_id}-{request.attempt}"
        with errors_mapped():
            session = self._client.v1.checkout.sessions.create(
                _session_params(request), {"idempotency_key": key}
            )
            return reading.checkout_session(session)

    def retrieve_checkout(self, session_id: str) -> CheckoutSession:
        """The session with its payment, charge and fee, as far as they exist."""
        with errors_mapped():
            session = self._client.v1.checkout.sessions.retrieve(
                session_id, {"expand": SESSION_PARTS}
            )
            return reading.checkout_session(session)

    def expire_checkout(self, session_id: str) -> CheckoutSession:
        """Close an open session; a session that was paid meanwhile comes back complete."""
        try:
            with errors_mapped():
                self._client.v1.checkout.sessions.expire(session_id)
        except PaymentError:
            # Only open sessions can be expired. What it is instead is told by reading it, and
            # when the refusal had another cause the caller still finds the session open.
            log.info("a checkout could not be expired and is read again")
        return self.retrieve_checkout(session_id)

    def retrieve_failure(self, payment_intent_id: str) -> FailedPayment | None:
        """The last refusal of a payment; None where the last try was none."""
        with errors_mapped():
            intent = self._client.v1.payment_intents.retrieve(
                payment_intent_id, {"expand": ["latest_charge"]}
            )
            return reading.failed_payment(intent)

    def create_transfer(
        self,
        line_id: str,
        attempt: int,
        amount: Money,
        destination: str,
        charge_id: str | None,
        order_id: str,
    ) -> Transfer:
        """Move a seller's share out of one charge; same line and attempt, same transfer.

        Args:
            charge_id: None for out of the available balance, which may be short.
        """
        params: Any = {
            "amount": amount.cents,
            "currency": amount.currency,
            "destination": destination,
            "transfer_group": transfer_group(order_id),
            "metadata": {"line_id": line_id, "attempt": str(attempt)},
        }
        if charge_id is not None:
            # Tied to its charge, a transfer does not wait for the balance to settle.
            params["source_transaction"] = charge_id
        key = f"transfer-line-{line_id}-{attempt}"
        with errors_mapped():
            transfer = self._client.v1.transfers.create(params, {"idempotency_key": key})
            return reading.transfer(transfer)

    def find_transfer(
        self, order_id: str, line_id: str, attempt: int | None = None
    ) -> Transfer | None:
        """The transfer already made for a line, if any (asked before a late retry).

        Args:
            attempt: only the one of this attempt; None for the line's newest.
        """
        with lookups_mapped():
            made = self._client.v1.transfers.list(
                {"transfer_group": transfer_group(order_id), "limit": 100}
            )
            for transfer in made.auto_paging_iter():
                data = reading.metadata(transfer)
                if data.get("line_id") == line_id and attempt in {None, _attempt(data)}:
                    return reading.transfer(transfer)
        return None

    def create_reversal(
        self, row_id: str, attempt: int, transfer_id: str, amount: Money, line_id: str
    ) -> Reversal:
        """Call a part of a transfer back; same row and attempt, same reversal."""
        with errors_mapped():
            reversal = self._client.v1.transfers.reversals.create(
                transfer_id,
                {
                    "amount": amount.cents,
                    "metadata": {"line_id": line_id, "reversal_row": row_id},
                },
                {"idempotency_key": f"reverse-{row_id}-{attempt}"},
            )
            return reading.reversal(reversal)

    def find_reversal(self, transfer_id: str, row_id: str) -> Reversal | None:
        """The reversal already made for a row, if any."""
        with lookups_mapped():
            made = self._client.v1.transfers.reversals.list(transfer_id, {"limit": 100})
            for reversal in made.auto_paging_iter():
                if reading.metadata(reversal).get("reversal_row") == row_id:
                    return reading.reversal(reversal)
        return None


def _attempt(data: dict[str, str]) -> int:
    # Transfers from before attempts were noted carry none: they were the first and only ones.
    text = data.get("attempt", "")
    return int(text) if text.isdecimal() else 1


def _session_params(request: CheckoutRequest) -> Any:
    """The session's parameters. With tax, the price is what the buyer pays before it."""
    metadata = {"order_id": request.order_id}
    params: dict[str, Any] = {
        "mode": "payment",
        "line_items": [_line_item(item, request.automatic_tax) for item in request.items],
        # Wallets ride on "card"; slower or dearer methods do not suit small sums.
        "allowed_payment_method_types": ["card"],
        "success_url": request.success_url,
        "cancel_url": request.cancel_url,
        "client_reference_id": f"order_{request.order_id}",
        "customer_email": request.buyer_email,
        "expires_at": int(request.expires_at.timestamp()),
        "metadata": metadata,
        "payment_intent_data": {
            "transfer_group": transfer_group(request.order_id),
            "metadata": metadata,
            "statement_descriptor_suffix": STATEMENT_SUFFIX,
        },
    }
    if request.automatic_tax:
        params["automatic_tax"] = {"enabled": True, "liability": {"type": "self"}}
    if request.secure:
        params["payment_method_options"] = {"card": {"request_three_d_secure": "any"}}
    return params


def _line_item(item: Any, taxed: bool) -> dict[str, Any]:
    price: dict[str, Any] = {
        "currency": item.price.currency,
        "unit_amount": item.price.cents,
        "product_data": {"name": item.title, "metadata": {"listing_id": item.listing_id}},
    }
    if taxed:
        price["tax_behavior"] = "exclusive"
    return {"quantity": 1, "price_data": price}
