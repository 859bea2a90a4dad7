"""Refunds, charges, disputes and fraud warnings, through the stripe library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marketplace.core.money import Money
from marketplace.gateways import stripe_reading as reading
from marketplace.gateways.payment_facts import (
    ChargeFacts,
    DisputeFacts,
    RefundFacts,
    WarningFacts,
)
from marketplace.gateways.stripe_client import StripeCalls, errors_mapped, keyed, lookups_mapped


class StripeRefunds(StripeCalls):
    """Money back to buyers, by us or by their banks."""

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

        With separate charges and transfers neither reverse_transfer nor refund_application_fee
        applies: the sellers' shares are called back by reversals of their own.
        """
        with errors_mapped():
            refund = self._client.v1.refunds.create(
                {
                    "charge": charge_id,
                    "amount": amount.cents,
                    "reason": reason,
                    "metadata": {**metadata, "refund_row": row_id},
                },
                {"idempotency_key": keyed(f"refund-{row_id}", attempt)},
            )
            return reading.refund(refund)

    def retrieve_refund(self, refund_id: str) -> RefundFacts:
        """A refund as it stands now."""
        with errors_mapped():
            return reading.refund(self._client.v1.refunds.retrieve(refund_id))

    def find_refund(self, charge_id: str, row_id: str) -> RefundFacts | None:
        """The refund already made for a row, if any."""
        with lookups_mapped():
            made = self._client.v1.refunds.list({"charge": charge_id, "limit": 100})
            for refund in made.auto_paging_iter():
                found = reading.refund(refund)
                if found.row_id == row_id:
                    return found
        return None

    def retrieve_charge(self, charge_id: str) -> ChargeFacts:
        """A charge with the ids of its refunds."""
        with errors_mapped():
            charge = self._client.v1.charges.retrieve(charge_id)
            refunds = self._client.v1.refunds.list({"charge": charge_id, "limit": 100})
            return reading.charge(charge, [one.id for one in refunds.auto_paging_iter()])

    def retrieve_dispute(self, dispute_id: str) -> DisputeFacts:
        """A dispute with its money."""
        with errors_mapped():
            return reading.dispute(self._client.v1.disputes.retrieve(dispute_id))

    def submit_evidence(
        self, dispute_id: str, evidence: Mapping[str, str], key: str
    ) -> DisputeFacts:
        """Send evidence to the bank, once and for all."""
        # The library's field names are ours: see orders.evidence, which is tested against them.
        fields: Any = dict(evidence)
        with errors_mapped():
            updated = self._client.v1.disputes.update(
                dispute_id, {"evidence": fields, "submit": True}, {"idempotency_key": key}
            )
            return reading.dispute(updated)

    def close_dispute(self, dispute_id: str) -> DisputeFacts:
        """Accept a dispute as lost."""
        with errors_mapped():
            closed = self._client.v1.disputes.close(
                dispute_id, {}, {"idempotency_key": f"dispute-{dispute_id}-close"}
            )
            return reading.dispute(closed)

    def retrieve_warning(self, warning_id: str) -> WarningFacts:
        """An issuer's early warning of fraud."""
        with errors_mapped():
            return reading.warning(self._client.v1.radar.early_fraud_warnings.retrieve(warning_id))
