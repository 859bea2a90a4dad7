"""What Bracket asks of a payment provider: a contract in Bracket's own words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from marketplace.core.money import Money
from marketplace.gateways.payment_errors import (
    KEY_REUSED,
    PaymentError,
    PaymentUnavailableError,
    RejectionCause,
    WebhookRejectedError,
)
from marketplace.gateways.payment_facts import (
    AccountBalance,
    BalanceLine,
    CardFacts,
    ChargeFacts,
    CheckoutItem,
    CheckoutRequest,
    CheckoutSession,
    DisputeFacts,
    FailedPayment,
    Payout,
    PayoutSchedule,
    RefundFacts,
    Requirement,
    Reversal,
    SellerAccount,
    Transfer,
    TransfersStatus,
    WarningFacts,
    WebhookEvent,
)

__all__ = [
    "KEY_REUSED",
    "AccountBalance",
    "BalanceLine",
    "CardFacts",
    "ChargeFacts",
    "CheckoutItem",
    "CheckoutRequest",
    "CheckoutSession",
    "DisputeFacts",
    "FailedPayment",
    "PaymentError",
    "PaymentGateway",
    "PaymentUnavailableError",
    "Payout",
    "PayoutSchedule",
    "RefundFacts",
    "RejectionCause",
    "Requirement",
    "Reversal",
    "SellerAccount",
    "Transfer",
    "TransfersStatus",
    "WarningFacts",
    "WebhookEvent",
    "WebhookRejectedError",
]


class PaymentGateway(Protocol):
    """Every call that changes something carries an idempotency key made from our row's id.

    All methods raise PaymentError (definite no) or PaymentUnavailableError (ask again).
    """

    def create_seller_account(self, seller_id: str, email: str, name: str) -> str:
        """Open a connected account for receiving transfers; returns its id."""

    def onboarding_url(
        self, account_id: str, return_url: str, refresh_url: str, update: bool = False
    ) -> str:
        """A single-use address where the seller gives, or changes, what the provider must know."""

    def login_url(self, account_id: str) -> str:
        """A single-use address of the seller's own page at the provider."""

    def transfers_status(self, account_id: str) -> TransfersStatus:
        """Whether the account can receive transfers now."""

    def seller_account(self, account_id: str) -> SellerAccount:
        """Whether the account can be paid, and what is missing where it cannot."""

    def account_balance(self, account_id: str) -> AccountBalance:
        """What lies in a seller's account."""

    def payout_schedule(self, account_id: str) -> PayoutSchedule:
        """When the provider pays out to the seller's bank."""

    def set_payout_schedule(self, account_id: str, schedule: PayoutSchedule, key: str) -> None:
        """Change it; ``key`` is made from the row that wants the change."""

    def create_payout(self, account_id: str, amount: Money, key: str) -> Payout:
        """Pay out to a seller's bank."""

    def retrieve_payout(self, account_id: str, payout_id: str) -> Payout:
        """One payout of a seller."""

    def list_payouts(self, account_id: str, limit: int = 20) -> list[Payout]:
        """A seller's newest payouts."""

    def create_checkout(self, request: CheckoutRequest) -> CheckoutSession:
        """Open a hosted checkout; the same order and attempt give the same session."""

    def retrieve_checkout(self, session_id: str) -> CheckoutSession:
        """The session with its payment, charge and fee, as far as they exist."""

    def expire_checkout(self, session_id: str) -> CheckoutSession:
        """Close an open session; a session that was paid meanwhile comes back complete."""

    def retrieve_failure(self, payment_intent_id: str) -> FailedPayment | None:
        """The last refusal of a payment; None where the last try was none."""

    def retrieve_charge(self, charge_id: str) -> ChargeFacts:
        """A charge with the ids of its refunds."""

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
            charge_id: None for out of the available balance.
        """

    def find_transfer(
        self, order_id: str, line_id: str, attempt: int | None = None
    ) -> Transfer | None:
        """The transfer already made for a line, if any (asked before a late retry)."""

    def create_reversal(
        self, row_id: str, attempt: int, transfer_id: str, amount: Money, line_id: str
    ) -> Reversal:
        """Call a part of a transfer back; same row and attempt, same reversal."""

    def find_reversal(self, transfer_id: str, row_id: str) -> Reversal | None:
        """The reversal already made for a row, if any."""

    def create_refund(
        self,
        row_id: str,
        attempt: int,
        charge_id: str,
        amount: Money,
        reason: str,
        metadata: Mapping[str, str],
    ) -> RefundFacts:
        """Give a part of a charge back; same row and attempt, same refund.

        Args:
            reason: duplicate, fraudulent or requested_by_customer.
        """

    def retrieve_refund(self, refund_id: str) -> RefundFacts:
        """A refund as it stands now."""

    def find_refund(self, charge_id: str, row_id: str) -> RefundFacts | None:
        """The refund already made for a row, if any."""

    def retrieve_dispute(self, dispute_id: str) -> DisputeFacts:
        """A dispute with its money."""

    def submit_evidence(
        self, dispute_id: str, evidence: Mapping[str, str], key: str
    ) -> DisputeFacts:
        """Send evidence to the bank, once and for all."""

    def close_dispute(self, dispute_id: str) -> DisputeFacts:
        """Accept a dispute as lost."""

    def retrieve_warning(self, warning_id: str) -> WarningFacts:
        """An issuer's early warning of fraud."""

    def balance(self) -> AccountBalance:
        """What lies in the platform's account."""

    def balance_lines(self, since: datetime | None) -> Iterator[BalanceLine]:
        """Every balance transaction of the platform created since then, newest first."""

    def undelivered_events(self, types: Sequence[str]) -> Iterator[WebhookEvent]:
        """Events of the last thirty days that the provider could not deliver."""

    def read_webhook(self, body: bytes, signature: str, connect: bool) -> WebhookEvent:
        """Verify and parse a webhook. Raises WebhookRejectedError."""

    def read_thin_webhook(self, body: bytes, signature: str) -> WebhookEvent:
        """Verify and parse a notification of the second API. Raises WebhookRejectedError."""
