"""What a payment provider tells us, in Bracket's own words. Plain values, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from marketplace.core.money import Money


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
    automatic_tax: bool = False
    secure: bool = False
    """Ask the buyer's bank for 3-D Secure wherever the card offers it."""


@dataclass(frozen=True)
class CardFacts:
    """What may be kept of a card: never its number."""

    fingerprint: str | None = None
    brand: str | None = None
    last4: str | None = None
    country: str | None = None
    """Two letters, where the card was issued."""


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
    subtotal: Money | None = None
    tax: Money | None = None
    card: CardFacts | None = None
    billing_name: str | None = field(default=None, repr=False)
    billing_country: str | None = None


@dataclass(frozen=True)
class FailedPayment:
    """A card that was refused: what limits on card testing count."""

    attempt_id: str
    """Of the failed charge; made from the payment intent where the bank was never asked."""
    order_id: str | None
    code: str | None
    card: CardFacts


@dataclass(frozen=True)
class ChargeFacts:
    """A charge, as far as money and trouble with it go."""

    charge_id: str
    amount: Money
    refunded: Money
    order_id: str | None
    payment_intent_id: str | None
    disputed: bool
    refund_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Transfer:
    """Money moved to a seller's connected account."""

    transfer_id: str
    amount: Money
    destination: str
    reversed_cents: int = 0


@dataclass(frozen=True)
class Reversal:
    """Money called back from a transfer."""

    reversal_id: str
    amount: Money


@dataclass(frozen=True)
class RefundFacts:
    """A refund as the provider has it now."""

    refund_id: str
    amount: Money
    status: str
    """pending, requires_action, succeeded, failed or canceled; or a word invented since."""
    charge_id: str | None
    row_id: str | None
    """Of our refund, from its metadata; None for one made in the provider's dashboard."""
    taken: bool = True
    """Whether the money has left our balance: not while that is too low for it."""
    returned: bool = False
    """Whether it came back, because the buyer's bank would not take it."""
    failure_code: str | None = None
    reason: str | None = None
    short: bool = False
    """Whether it waits because our balance does not cover it."""


@dataclass(frozen=True)
class BalanceLine:
    """One balance transaction: + in, - out; net is amount less fee."""

    transaction_id: str
    type: str
    reporting_category: str
    amount: Money
    fee: Money
    net: Money
    source_id: str | None
    created: datetime


@dataclass(frozen=True)
class DisputeFacts:
    """A dispute as the provider has it now; its money is in ``lines``."""

    dispute_id: str
    charge_id: str
    payment_intent_id: str | None
    amount: Money
    reason: str
    status: str
    created: datetime
    due_by: datetime | None
    evidence_sent: bool
    past_due: bool
    lines: tuple[BalanceLine, ...]


@dataclass(frozen=True)
class WarningFacts:
    """An issuer's early warning of fraud."""

    warning_id: str
    charge_id: str
    fraud_type: str
    actionable: bool


@dataclass(frozen=True)
class Requirement:
    """Something the provider wants to know of a seller; ``name`` is its machine word."""

    name: str
    waits_for_seller: bool
    """False while the provider is checking what was given."""
    deadline: str
    """eventually_due, currently_due or past_due."""
    problem: str | None = None
    """The provider's code for what is wrong with what was given."""


@dataclass(frozen=True)
class SellerAccount:
    """A connected account: whether it can be paid, and what is missing."""

    account_id: str
    status: TransfersStatus
    closed: bool
    requirements: tuple[Requirement, ...] = ()
    details: tuple[str, ...] = ()
    """The provider's codes for why transfers are not active."""


@dataclass(frozen=True)
class AccountBalance:
    """What lies in an account at the provider, in cents of one currency."""

    available: int
    pending: int

    @property
    def total(self) -> int:
        """Available and pending together."""
        return self.available + self.pending


@dataclass(frozen=True)
class PayoutSchedule:
    """When the provider pays out to a seller's bank."""

    interval: str
    """manual, daily, weekly or monthly."""
    weekly_days: tuple[str, ...] = ()
    monthly_days: tuple[int, ...] = ()
    debit_negative_balances: bool = True


@dataclass(frozen=True)
class Payout:
    """Money on its way to a bank account."""

    payout_id: str
    amount: Money
    status: str
    automatic: bool
    arrival: datetime | None
    created: datetime
    failure_code: str | None = None


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
    skew_seconds: int = 0
    """Sender's time less ours when it arrived."""
