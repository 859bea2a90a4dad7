"""The stripe library's client as Bracket uses it: retries, time-outs, errors in our words."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import stripe

from marketplace.gateways import stripe_reading as reading
from marketplace.gateways.payment_errors import (
    KEY_REUSED,
    PaymentError,
    PaymentUnavailableError,
)

log = logging.getLogger(__name__)

# Connecting is quick or broken; twenty seconds is what a buyer waits at most for an answer.
TIMEOUTS = (3, 20)
RETRIES = 2  # the library's own default is none; the same idempotency key goes with each try

AGAIN = (
    stripe.APIConnectionError,
    stripe.RateLimitError,
    # A refused key says nothing about the request; once mended, the same call may go out.
    stripe.AuthenticationError,
)
AGAIN_STATUSES = frozenset({0, 409, 429})

# The library would otherwise write an identifier into the home folder and report timings.
stripe.enable_telemetry = False


class StripeCalls:
    """What the parts of the gateway share: the client, and which mode it works in."""

    _client: stripe.StripeClient
    _livemode: bool


def make_client(
    api_key: str, api_base: str | None, http_client: stripe.HTTPClient | None = None
) -> stripe.StripeClient:
    """A client of Stripe itself, or of a local emulator at ``api_base``.

    Args:
        http_client: how calls travel, where not over the network.
    """
    addresses: Any = None
    if api_base is not None:
        base = api_base.rstrip("/")
        addresses = {"api": base, "connect": base, "files": base, "meter_events": base}
    return stripe.StripeClient(
        api_key,
        max_network_retries=RETRIES,
        http_client=http_client or stripe.RequestsClient(timeout=TIMEOUTS),
        base_addresses=addresses,
    )


@contextmanager
def errors_mapped() -> Iterator[None]:
    """Sort Stripe's errors into "definitely not done" and "unknown, ask again"."""
    try:
        yield
    except stripe.StripeError as error:
        status = error.http_status or 0
        # Some of the library's errors know their code only in the body.
        code = error.code or reading.part(error, "error", "code") or type(error).__name__
        if isinstance(error, stripe.IdempotencyError) and status not in AGAIN_STATUSES:
            # The same key with other parameters is a mistake of ours: repeating cannot help. (A
            # 409 only says that the first call under this key is still under way.)
            log.error("payment provider: a key was used twice, request %s", error.request_id)
            raise PaymentError("the key was used for something else", KEY_REUSED) from error
        again = isinstance(error, AGAIN) or status in AGAIN_STATUSES or status >= 500
        # The code only: Stripe's messages may quote an e-mail address.
        log.warning("payment provider: %s, status %s, request %s", code, status, error.request_id)
        if again:
            raise PaymentUnavailableError(code) from error
        raise PaymentError(f"refused with {code}", code) from error


@contextmanager
def lookups_mapped() -> Iterator[None]:
    """The same for questions about what may have been done: a refused one says nothing of it."""
    try:
        with errors_mapped():
            yield
    except PaymentError as error:
        raise PaymentUnavailableError(error.code) from error


def transfer_group(order_id: str) -> str:
    """What ties an order's charge and transfers together at Stripe."""
    return f"order_{order_id}"


def keyed(name: str, attempt: int) -> str:
    """An idempotency key: the row's, with a number once a definite refusal is remembered."""
    return name if attempt == 1 else f"{name}-{attempt}"
