"""Sellers' connected accounts and their payouts, through the stripe library."""

from __future__ import annotations

from typing import Any

from marketplace.core.money import CURRENCY, Money
from marketplace.gateways import stripe_account_reading as reading
from marketplace.gateways.payment_facts import (
    AccountBalance,
    Payout,
    PayoutSchedule,
    SellerAccount,
    TransfersStatus,
)
from marketplace.gateways.stripe_client import StripeCalls, errors_mapped

ACCOUNT_PARTS: Any = ["configuration.recipient", "requirements"]


class StripeAccounts(StripeCalls):
    """Accounts v2 with a recipient configuration and Stripe's Express dashboard."""

    def create_seller_account(self, seller_id: str, email: str, name: str) -> str:
        """Open a connected account for receiving transfers; returns its id."""
        with errors_mapped():
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

    def onboarding_url(
        self, account_id: str, return_url: str, refresh_url: str, update: bool = False
    ) -> str:
        """A single-use address where the seller gives, or changes, what Stripe must know."""
        kind = "account_update" if update else "account_onboarding"
        use_case: Any = {
            "type": kind,
            kind: {"refresh_url": refresh_url, "return_url": return_url},
        }
        with errors_mapped():
            link = self._client.v2.core.account_links.create(
                {"account": account_id, "use_case": use_case}
            )
            return link.url

    def login_url(self, account_id: str) -> str:
        """A single-use address of the seller's own page at Stripe."""
        with errors_mapped():
            return self._client.v1.accounts.login_links.create(account_id).url

    def transfers_status(self, account_id: str) -> TransfersStatus:
        """Whether the account can receive transfers now; a status we do not know is no."""
        return self.seller_account(account_id).status

    def seller_account(self, account_id: str) -> SellerAccount:
        """Whether the account can be paid, and what is missing where it cannot."""
        with errors_mapped():
            account = self._client.v2.core.accounts.retrieve(account_id, {"include": ACCOUNT_PARTS})
            return reading.seller_account(account)

    def account_balance(self, account_id: str) -> AccountBalance:
        """What lies in a seller's account."""
        with errors_mapped():
            balance = self._client.v1.balance.retrieve({}, {"stripe_account": account_id})
            return reading.balance(balance, CURRENCY)

    def payout_schedule(self, account_id: str) -> PayoutSchedule:
        """When Stripe pays out to the seller's bank."""
        with errors_mapped():
            settings = self._client.v1.balance_settings.retrieve({}, {"stripe_account": account_id})
            return reading.payout_schedule(settings)

    def set_payout_schedule(self, account_id: str, schedule: PayoutSchedule, key: str) -> None:
        """Change it; ``key`` is made from the row that wants the change."""
        when: dict[str, Any] = {"interval": schedule.interval}
        if schedule.weekly_days:
            when["weekly_payout_days"] = list(schedule.weekly_days)
        if schedule.monthly_days:
            when["monthly_payout_days"] = list(schedule.monthly_days)
        payments: Any = {
            "payouts": {"schedule": when},
            "debit_negative_balances": schedule.debit_negative_balances,
        }
        with errors_mapped():
            self._client.v1.balance_settings.update(
                {"payments": payments}, {"stripe_account": account_id, "idempotency_key": key}
            )

    def create_payout(self, account_id: str, amount: Money, key: str) -> Payout:
        """Pay out to a seller's bank."""
        with errors_mapped():
            payout = self._client.v1.payouts.create(
                {"amount": amount.cents, "currency": amount.currency},
                {"stripe_account": account_id, "idempotency_key": key},
            )
            return reading.payout(payout)

    def retrieve_payout(self, account_id: str, payout_id: str) -> Payout:
        """One payout of a seller."""
        with errors_mapped():
            payout = self._client.v1.payouts.retrieve(payout_id, {}, {"stripe_account": account_id})
            return reading.payout(payout)

    def list_payouts(self, account_id: str, limit: int = 20) -> list[Payout]:
        """A seller's newest payouts."""
        with errors_mapped():
            found = self._client.v1.payouts.list({"limit": limit}, {"stripe_account": account_id})
            return [reading.payout(one) for one in found.data]
