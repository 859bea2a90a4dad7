"""Orders, rights, requests and refunds in words for the buyer."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.orders.states import (
    EntitlementState,
    OrderState,
    RefundReason,
    RefundState,
    RequestState,
)


@dataclass(frozen=True)
class Words:
    """A short label, what it means, and the badge's colour."""

    label: str
    meaning: str
    kind: str = ""
    """success, info, warning, error or blank: see macros/badges.html."""


ORDER_WORDS = {
    OrderState.DRAFT: Words("Not paid", "The payment page was not opened. Nothing was charged."),
    OrderState.AWAITING_PAYMENT: Words(
        "Waiting for payment", "No payment has reached us for this order yet.", "warning"
    ),
    OrderState.PAID: Words("Paid", "Your payment has arrived.", "success"),
    OrderState.PARTIALLY_REFUNDED: Words(
        "Partly refunded", "A part of the money went back to you; the rest is yours to use.", "info"
    ),
    OrderState.REFUNDED: Words("Refunded", "The money went back to you.", "info"),
    OrderState.DISPUTED: Words(
        "With your bank",
        "Your bank is looking into this payment. Until it decides, these prompts stay closed.",
        "warning",
    ),
    OrderState.CHARGED_BACK: Words(
        "Taken back by your bank",
        "Your bank gave you the money back, so these prompts are no longer yours.",
        "error",
    ),
    OrderState.EXPIRED: Words("Not paid", "This checkout is over, and nothing was charged."),
    OrderState.REVIEW: Words(
        "Being looked at",
        "Your payment has arrived, but something about it does not fit the order. A person is "
        "looking at it; please do not pay again.",
        "warning",
    ),
}

RIGHT_WORDS = {
    EntitlementState.GRANTED: Words("Yours", "In your library.", "success"),
    EntitlementState.SUSPENDED: Words(
        "Closed for now",
        "Your bank is looking into the payment. The prompt opens again if it decides that the "
        "payment stands.",
        "warning",
    ),
    EntitlementState.REVOKED: Words(
        "No longer yours", "The money for it went back to you, so the right to use it has ended."
    ),
}

REFUND_REASONS = {
    RefundReason.NOT_AS_DESCRIBED: "It is not what its page says",
    RefundReason.DOES_NOT_WORK: "It does not work",
    RefundReason.BOUGHT_BY_MISTAKE: "Bought by mistake",
    RefundReason.DUPLICATE: "Paid twice",
    RefundReason.FRAUDULENT: "Somebody else paid with this card",
    RefundReason.LISTING_FAILED: "The prompt failed when it was verified again",
    RefundReason.OWNER_DECISION: "Decided by Bracket",
    RefundReason.FRAUD_WARNING: "Warning of the card’s bank",
    RefundReason.OTHER: "Another reason",
}

REFUND_WORDS = {
    RefundState.REQUESTED: Words("Being sent", "It is sent to your bank within minutes.", "info"),
    RefundState.SUBMITTED: Words("Being sent", "It is sent to your bank within minutes.", "info"),
    RefundState.PENDING: Words("On its way", "Your bank has it and takes some days.", "info"),
    RefundState.REQUIRES_ACTION: Words(
        "Waits for your bank", "Your bank wants to know more; it will write to you.", "warning"
    ),
    RefundState.SUCCEEDED: Words(
        "Paid back", "It shows on your statement within five to ten days.", "success"
    ),
    RefundState.FAILED: Words(
        "Came back",
        "Your bank did not take it. We will find another way and write to you.",
        "error",
    ),
    RefundState.MANUAL: Words("Paid back", "It was paid in another way.", "success"),
    RefundState.CANCELED: Words(
        "Not made", "Your bank was faster: it decides about this payment now."
    ),
}

REQUEST_WORDS = {
    RequestState.OPEN: Words(
        "Asked", "A person reads it and answers, mostly within two days.", "info"
    ),
    RequestState.APPROVED: Words("Agreed", "You get your money back.", "success"),
    RequestState.DECLINED: Words("Declined", "We have looked at it and said no.", "error"),
}
