"""How a payment provider refuses, fails to answer, or is not who it says."""

from __future__ import annotations

from enum import StrEnum


class PaymentError(Exception):
    """The provider refused for good; ``code`` is the provider's, safe to store and show staff."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


KEY_REUSED = "idempotency_key_reused"
"""Code of a refusal that is a mistake of ours: the key was used for another request before."""


class PaymentUnavailableError(Exception):
    """No answer, or one that says "later": the same call with the same key may be repeated."""


class RejectionCause(StrEnum):
    """Why a webhook was refused; counted, because a wrong clock or secret shows here first."""

    SIGNATURE = "signature"
    """No secret of ours matches: forged, or the secret is wrong."""
    STALE = "stale"
    """Rightly signed but older than five minutes: replayed, or our clock is ahead."""
    AHEAD = "ahead"
    """Rightly signed in our future: accepted, but our clock is behind."""
    MALFORMED = "malformed"
    OTHER_MODE = "other_mode"


class WebhookRejectedError(Exception):
    """The signature, the age or the mode of a webhook is wrong."""

    def __init__(
        self,
        message: str,
        cause: RejectionCause = RejectionCause.MALFORMED,
        skew_seconds: int | None = None,
    ) -> None:
        super().__init__(message)
        self.cause = cause
        self.skew_seconds = skew_seconds
        """Sender's time less ours, where the signature was right."""
