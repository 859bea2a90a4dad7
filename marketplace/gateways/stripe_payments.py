"""The payment gateway spoken through the stripe library; nothing else imports it.

Knows Stripe's words, not our rows. API version: the one the pinned library is made for.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NoReturn

import stripe

from marketplace.core.money import Money
from marketplace.gateways import stripe_reading as reading
from marketplace.gateways.payments import (
    CheckoutRequest,
    CheckoutSession,
    PaymentError,
    PaymentUnavailableError,
    Transfer,
    TransfersStatus,
    WebhookEvent,
    WebhookRejectedError,
)

log = logging.getLogger(__name__)

# Connecting is quick or broken; twenty seconds is what a buyer waits at most for an answer.
TIMEOUTS = (3, 20)
RETRIES = 2  # the library's own default is none; the same idempotency key goes with each try
SESSION_PARTS = ["payment_intent.latest_charge.balance_transaction"]
STATEMENT_SUFFIX = "PROMPTS"

AGAIN = (
    stripe.APIConnectionError,
    stripe.RateLimitError,
    # A refused key says nothing about the request; once mended, the same call may go out.
    stripe.AuthenticationError,
)

# The library would otherwise write an identifier into the home folder and report timings.
stripe.enable_telemetry = False


class StripePayments:
    """PaymentGateway by Stripe: hosted Checkout, separate charges and transfers.

    Args:
        api_key: secret or restricted key; never logged.
        api_base: address of a local emulator instead of Stripe; None for Stripe itself.
        webhook_secret, connect_webhook_secret: signing secrets of the two endpoints, several
            separated by commas while one is being replaced.
        livemode: which mode's webhooks are ours; the other mode's are refused.
    """

    def __init__(
        self,
        api_key: str,
        api_base: str | None,
        webhook_secret: str,
        connect_webhook_secret: str,
        livemode: bool,
    ) -> None:
        self._livemode = livemode
        self._secrets = {
            False: _split_secrets(webhook_secret),
            True: _split_secrets(connect_webhook_secret),
        }
        self._client = stripe.StripeClient(
            api_key,
            max_network_retries=RETRIES,
            http_client=stripe.RequestsClient(timeout=TIMEOUTS),
            base_addresses=_addresses(api_base),
        )

    def __repr__(self) -> str:
        return f"<StripePayments livemode={self._livemode}>"

    def create_seller_account(self, seller_id: str, email: str, name: str) -> str:
        """Open a connected account for receiving transfers; returns its id."""
        with _errors_mapped():
            account = self._client.v2.core.accounts.create(
                {
                    "contact_email": email,
                    "display_name": name,
                    "dashboard": "express",
                    "identity": {"country": "us"},
                    "configuration": {
                        "recipient": {
                            "capabilities": {
                                "stripe_balance": {"stripe_transfers": {"requested": True}}
                            }
                        }
                    },
                    # With separate charges and transfers the platform bears fees and losses.
                    "defaults": {
                        "responsibilities": {
                            "fees_collector": "application",
                            "losses_collector": "application",
                        }
                    },
                    "metadata": {"seller_id": seller_id},
                },
                {"idempotency_key": f"acct-seller-{seller_id}"},
            )
            return account.id

    def onboarding_url(self, account_id: str, return_url: str, refresh_url: str) -> str:
        """A single-use address where the seller gives what Stripe must know."""
        with _errors_mapped():
            link = self._client.v2.core.account_links.create(
                {
                    "account": account_id,
                    "use_case": {
                        "type": "account_onboarding",
                        "account_onboarding": {
                            "refresh_url": refresh_url,
                            "return_url": return_url,
                        },
                    },
                }
            )
            return link.url

    def transfers_status(self, account_id: str) -> TransfersStatus:
        """Whether the account can receive transfers now; a status we do not know is no."""
        with _errors_mapped():
            account = self._client.v2.core.accounts.retrieve(
                account_id, {"include": ["configuration.recipient", "requirements"]}
            )
            return reading.transfers_status(account)

    def create_checkout(self, request: CheckoutRequest) -> CheckoutSession:
        """Open a hosted checkout; the same order and attempt give the same session."""
        metadata = {"order_id": request.order_id}
        with _errors_mapped():
            session = self._client.v1.checkout.sessions.create(
                {
                    "mode": "payment",
                    "line_items": [
                        {
                            "quantity": 1,
                            "price_data": {
                                "currency": item.price.currency,
                                "unit_amount": item.price.cents,
                                "product_data": {
                                    "name": item.title,
                                    "metadata": {"listing_id": item.listing_id},
                                },
                            },
                        }
                        for item in request.items
                    ],
                    # Wallets ride on "card"; slower or dearer methods do not suit small sums.
                    "allowed_payment_method_types": ["card"],
                    "success_url": request.success_url,
                    "cancel_url": request.cancel_url,
                    "client_reference_id": f"order_{request.order_id}",
                    "customer_email": request.buyer_email,
                    "expires_at": int(request.expires_at.timestamp()),
                    "metadata": metadata,
                    "payment_intent_data": {
                        "transfer_group": _transfer_group(request.order_id),
                        "metadata": metadata,
                        "statement_descriptor_suffix": STATEMENT_SUFFIX,
                    },
                },
                {"idempotency_key": f"checkout-order-{request.order_id}-{request.attempt}"},
            )
            return reading.checkout_session(session)

    def retrieve_checkout(self, session_id: str) -> CheckoutSession:
        """The session with its payment, charge and fee, as far as they exist."""
        with _errors_mapped():
            session = self._client.v1.checkout.sessions.retrieve(
                session_id, {"expand": SESSION_PARTS}
            )
            return reading.checkout_session(session)

    def expire_checkout(self, session_id: str) -> CheckoutSession:
        """Close an open session; a session that was paid meanwhile comes back complete."""
        try:
            with _errors_mapped():
                self._client.v1.checkout.sessions.expire(session_id)
        except PaymentError:
            # Only open sessions can be expired. What it is instead is told by reading it, and
            # when the refusal had another cause the caller still finds the session open.
            log.info("a checkout could not be expired and is read again")
        return self.retrieve_checkout(session_id)

    def create_transfer(
        self,
        line_id: str,
        attempt: int,
        amount: Money,
        destination: str,
        charge_id: str,
        order_id: str,
    ) -> Transfer:
        """Move a seller's share out of one charge; same line and attempt, same transfer."""
        with _errors_mapped():
            transfer = self._client.v1.transfers.create(
                {
                    "amount": amount.cents,
                    "currency": amount.currency,
                    "destination": destination,
                    # Tied to its charge, a transfer does not wait for the balance to settle.
                    "source_transaction": charge_id,
                    "transfer_group": _transfer_group(order_id),
                    "metadata": {"line_id": line_id},
                },
                {"idempotency_key": f"transfer-line-{line_id}-{attempt}"},
            )
            return reading.transfer(transfer)

    def find_transfer(self, order_id: str, line_id: str) -> Transfer | None:
        """The transfer already made for a line, if any (asked before a late retry)."""
        with _errors_mapped():
            made = self._client.v1.transfers.list(
                {"transfer_group": _transfer_group(order_id), "limit": 100}
            )
            for transfer in made.auto_paging_iter():
                if reading.metadata(transfer).get("line_id") == line_id:
                    return reading.transfer(transfer)
        return None

    def read_webhook(self, body: bytes, signature: str, connect: bool) -> WebhookEvent:
        """Verify and parse a webhook.

        Raises:
            WebhookRejectedError: wrong signature, older than five minutes, no event at all, or
                an event of the other mode.
        """
        for secret in self._secrets[connect]:
            try:
                event = self._client.construct_event(body, signature, secret)
            except stripe.SignatureVerificationError:
                continue
            except (ValueError, KeyError, TypeError, AttributeError):
                _reject("the body is no event")
            break
        else:
            _reject("the signature does not match or is too old")
        payload: dict[str, Any] = event.to_dict()
        if payload.get("object") != "event" or not payload.get("id") or not payload.get("type"):
            _reject("the body is no event")
        if bool(payload.get("livemode")) is not self._livemode:
            _reject("the event belongs to the other mode")
        subject = payload.get("data", {}).get("object", {})
        return WebhookEvent(
            event_id=payload["id"],
            type=payload["type"],
            account=payload.get("account"),
            livemode=self._livemode,
            api_version=payload.get("api_version"),
            created=datetime.fromtimestamp(payload.get("created", 0), UTC),
            object_id=subject.get("id"),
            payload=payload,
        )


def _split_secrets(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _addresses(api_base: str | None) -> Any:
    if api_base is None:
        return None
    base = api_base.rstrip("/")
    return {"api": base, "connect": base, "files": base, "meter_events": base}


def _transfer_group(order_id: str) -> str:
    return f"order_{order_id}"


def _reject(why: str) -> NoReturn:
    raise WebhookRejectedError(why) from None


@contextmanager
def _errors_mapped() -> Iterator[None]:
    """Sort Stripe's errors into "definitely not done" and "unknown, ask again"."""
    try:
        yield
    except stripe.StripeError as error:
        status = error.http_status or 0
        # Some of the library's errors know their code only in the body.
        code = error.code or reading.part(error, "error", "code") or type(error).__name__
        again = isinstance(error, AGAIN) or status in {0, 409, 429} or status >= 500
        # The code only: Stripe's messages may quote an e-mail address.
        log.warning("payment provider: %s, status %s, request %s", code, status, error.request_id)
        if again:
            raise PaymentUnavailableError(code) from error
        raise PaymentError(f"refused with {code}", code) from error
