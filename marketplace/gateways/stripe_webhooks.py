"""Webhooks verified and parsed. A rejection says why: a wrong clock is no forgery."""

from __future__ import annotations

import json
import time
from typing import Any, NoReturn

import stripe

from marketplace.gateways import stripe_reading as reading
from marketplace.gateways.payment_errors import (
    RejectionCause,
    WebhookRejectedError,
)
from marketplace.gateways.payment_facts import (
    WebhookEvent,
)
from marketplace.gateways.stripe_client import StripeCalls

FOREVER = 100 * 365 * 86400
"""A tolerance that only tells whether the signature itself is right."""
V2 = "v2"


class StripeWebhooks(StripeCalls):
    """The three endpoints, each with secrets of its own; several while one is being replaced."""

    _secrets: dict[bool | str, tuple[str, ...]]

    def read_webhook(self, body: bytes, signature: str, connect: bool) -> WebhookEvent:
        """Verify and parse a webhook.

        Raises:
            WebhookRejectedError: wrong signature, older than five minutes, no event at all, or
                an event of the other mode.
        """
        secret = self._verified(body, signature, self._secrets[connect])
        try:
            event = self._client.construct_event(body, signature, secret, tolerance=FOREVER)
        except (ValueError, KeyError, TypeError, AttributeError):
            _reject("the body is no event")
        payload: dict[str, Any] = event.to_dict()
        if payload.get("object") != "event" or not payload.get("id") or not payload.get("type"):
            _reject("the body is no event")
        self._own_mode(payload)
        return reading.event(payload, self._livemode, _skew(signature))

    def read_thin_webhook(self, body: bytes, signature: str) -> WebhookEvent:
        """Verify and parse a notification of the second API.

        Raises:
            WebhookRejectedError: as ``read_webhook``.
        """
        secret = self._verified(body, signature, self._secrets[V2])
        try:
            notice = self._client.parse_event_notification(
                body, signature, secret, tolerance=FOREVER
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            _reject("the body is no notification")
        payload: dict[str, Any] = json.loads(body)
        if not getattr(notice, "id", None) or not getattr(notice, "type", None):
            _reject("the body is no notification")
        self._own_mode(payload)
        return reading.thin_event(payload, self._livemode, _skew(signature))

    def _verified(self, body: bytes, signature: str, secrets: tuple[str, ...]) -> str:
        """The secret that the body was signed with."""
        for secret in secrets:
            try:
                stripe.WebhookSignature.verify_header(body, signature, secret, FOREVER)
            except (stripe.SignatureVerificationError, UnicodeDecodeError):
                continue
            skew = _skew(signature)
            if skew < -stripe.Webhook.DEFAULT_TOLERANCE:
                raise WebhookRejectedError(
                    "the signature is too old", RejectionCause.STALE, skew_seconds=skew
                )
            return secret
        raise WebhookRejectedError("the signature does not match", RejectionCause.SIGNATURE)

    def _own_mode(self, payload: dict[str, Any]) -> None:
        if bool(payload.get("livemode")) is not self._livemode:
            raise WebhookRejectedError(
                "the event belongs to the other mode", RejectionCause.OTHER_MODE
            )


def split_secrets(text: str) -> tuple[str, ...]:
    """Several secrets separated by commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _skew(signature: str) -> int:
    """Sender's time less ours, from a header that was verified already."""
    parts = dict(item.split("=", 1) for item in signature.split(",") if "=" in item)
    return int(parts["t"]) - int(time.time())


def _reject(why: str) -> NoReturn:
    raise WebhookRejectedError(why) from None
