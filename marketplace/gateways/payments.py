"""What Bracket asks of a payment provider: a small contract in Bracket's own words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from marketplace.core.money import Money


class PaymentError(Exception):
    """The provider refused for good; ``code`` is the provider's, safe to store and show staff."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class PaymentUnavailableError(Exception):
    """No answer, or one that says "later": the same call with the same key may be repeated."""


class WebhookRejectedError(Exception):
    """The signature, the age or the mode of a webhook is wrong."""


class TransfersStatus(StrEnum):
    """Whether a seller's connected account can receive transfers."""

    NONE = "none"
    ONBOARDING = "onboarding"
    PENDING = "pending"
    ACTIVE = "active"
    RESTRICTED = "restricted"
    REJECTED = "rejected"


@dataclass(frozen=True)
class CheckoutItem:
    """One line that the buyer sees on the hosted page."""

    listing_id: str
    title: str
    price: Money


@dataclass(frozen=True)
class CheckoutRequest:
    """Everything a hosted checkout needs. Amounts come from our rows only."""

    order_id: str
    attempt: int
    buyer_email: str = field(repr=False)
    items: tuple[CheckoutItem, ...]
    success_url: str
    cancel_url: str
    expires_at: datetime


@dataclass(frozen=True)
class CheckoutSession:
    """A hosted checkout as the provider has it now."""

    session_id: str
    url: str | None
    status: str
    """open, complete or expired."""
    paid: bool
    amount: Money
    order_id: str | None
    livemode: bool
    payment_intent_id: str | None = None
    charge_id: str | None = None
    balance_transaction_id: str | None = None
    fee: Money | None = None
    """The provider's own fee, read and never computed; None until it is known."""


@dataclass(frozen=True)
class Transfer:
    """Money moved to a seller's connected account."""

    transfer_id: str
    amount: Money
    destination: str


@dataclass(frozen=True)
class WebhookEvent:
    """A verified webhook, ready to be stored before anything acts on it."""

    event_id: str
    type: str
    account: str | None
    livemode: bool
    api_version: str | None
    created: datetime
    object_id: str | None
    payload: dict[str, Any] = field(repr=False)


class PaymentGateway(Protocol):
    """Every call that changes something carries an idempotency key made from our row's id.

    All methods raise PaymentError (definite no) or PaymentUnavailableError (ask again).
    """

    def create_seller_account(self, seller_id: str, email: str, name: str) -> str:
        """Open a connected account for receiving transfers; returns its id."""

    def onboarding_url(self, account_id: str, return_url: str, refresh_url: str) -> str:
        """A single-use address where the seller gives what the provider must know."""

    def transfers_status(self, account_id: str) -> TransfersStatus:
        """Whether the account can receive transfers now."""

    def create_checkout(self, request: CheckoutRequest) -> CheckoutSession:
        """Open a hosted checkout; the same order and attempt give the same session."""

    def retrieve_checkout(self, session_id: str) -> CheckoutSession:
        """The session with its payment, charge and fee, as far as they exist."""

    def expire_checkout(self, session_id: str) -> CheckoutSession:
        """Close an open session; a session that was paid meanwhile comes back complete."""

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

    def find_transfer(self, order_id: str, line_id: str) -> Transfer | None:
        """The transfer already made for a line, if any (asked before a late retry)."""

    def read_webhook(self, body: bytes, signature: str, connect: bool) -> WebhookEvent:
        """Verify and parse a webhook. Raises WebhookRejectedError."""
