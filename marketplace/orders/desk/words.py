"""The desk's words: states, reasons, accounts and acts as people say them."""

from __future__ import annotations

from marketplace.orders import ledger
from marketplace.orders.alerts import AlertKind
from marketplace.orders.desk.models import Act
from marketplace.orders.holds import HoldCode
from marketplace.orders.reconciliation import DifferenceKind
from marketplace.orders.states import (
    DisputeStatus,
    OrderAction,
    OrderState,
    RefundReason,
    RefundState,
    TransferAction,
)
from marketplace.orders.transfer_models import LineTransferState, TransferKind

ORDER_STATES = {
    OrderState.DRAFT: "Not sent to payment",
    OrderState.AWAITING_PAYMENT: "Awaiting payment",
    OrderState.PAID: "Paid",
    OrderState.PARTIALLY_REFUNDED: "Partly refunded",
    OrderState.REFUNDED: "Refunded",
    OrderState.DISPUTED: "Disputed",
    OrderState.CHARGED_BACK: "Charged back",
    OrderState.EXPIRED: "Expired",
    OrderState.REVIEW: "Parked",
}
REASONS = {
    RefundReason.OWNER_DECISION: "Our decision",
    RefundReason.NOT_AS_DESCRIBED: "Not as described",
    RefundReason.DOES_NOT_WORK: "Does not work",
    RefundReason.BOUGHT_BY_MISTAKE: "Bought by mistake",
    RefundReason.DUPLICATE: "Bought twice",
    RefundReason.FRAUDULENT: "Not bought by the card's owner",
    RefundReason.LISTING_FAILED: "The prompt failed its re-verification",
    RefundReason.FRAUD_WARNING: "The card's bank warned of fraud",
    RefundReason.OTHER: "Another reason",
}
STAFF_REASONS = tuple(reason for reason in REASONS if reason is not RefundReason.FRAUD_WARNING)
"""Reasons that a person may choose; a bank's warning is for the rule that acts upon it."""
REFUND_STATES = {
    RefundState.REQUESTED: "Decided, not sent to Stripe yet",
    RefundState.SUBMITTED: "Being sent to Stripe",
    RefundState.PENDING: "Under way",
    RefundState.REQUIRES_ACTION: "Waits for the buyer",
    RefundState.SUCCEEDED: "Refunded",
    RefundState.FAILED: "Failed at the bank",
    RefundState.MANUAL: "Paid by hand",
    RefundState.CANCELED: "Cancelled",
}
DISPUTE_STATES = {
    DisputeStatus.WARNING_NEEDS_RESPONSE: "Question from the bank: answer it",
    DisputeStatus.WARNING_UNDER_REVIEW: "Question answered",
    DisputeStatus.WARNING_CLOSED: "Question closed",
    DisputeStatus.NEEDS_RESPONSE: "Needs an answer",
    DisputeStatus.UNDER_REVIEW: "With the bank",
    DisputeStatus.WON: "Won",
    DisputeStatus.LOST: "Lost",
    DisputeStatus.PREVENTED: "Prevented",
    DisputeStatus.APPEAL_NEEDS_RESPONSE: "Lost; an appeal is possible at Stripe",
    DisputeStatus.APPEAL_UNDER_REVIEW: "Appeal with the bank",
}
ACTS = {
    Act.REFUND: "Refunded",
    Act.REFUND_PARKED: "Refunded a parked order",
    Act.APPROVE_REQUEST: "Approved a refund request",
    Act.DECLINE_REQUEST: "Declined a refund request",
    Act.PAY_BY_HAND: "Paid a failed refund by hand",
    Act.HOLD_LINE: "Held a sale's share",
    Act.RELEASE_LINE: "Released a sale's share",
    Act.HOLD_SELLER: "Held a seller's money",
    Act.RELEASE_SELLER: "Released a seller's money",
    Act.WRITE_OFF: "Wrote off a debt",
    Act.SAVE_EVIDENCE: "Changed evidence",
    Act.SUBMIT_EVIDENCE: "Sent evidence to the bank",
    Act.ACCEPT_DISPUTE: "Accepted a dispute",
    Act.RECONCILE: "Ran the reconciliation",
    Act.RESOLVE_ALERT: "Closed an alert",
    Act.RETRY_EVENT: "Tried a webhook again",
    Act.EXPORT: "Exported the journal",
}
ALERTS = {
    AlertKind.ORDER_IN_REVIEW: "An order is parked",
    AlertKind.UNKNOWN_STATUS: "Stripe used a word we do not know",
    AlertKind.REFUND_REFUSED: "Stripe refused a refund",
    AlertKind.REFUND_FAILED: "A refund came back",
    AlertKind.REFUND_ELSEWHERE: "A refund was made at Stripe",
    AlertKind.BALANCE_TOO_LOW: "The balance at Stripe is too low",
    AlertKind.KEY_REUSED: "A mistake of ours: two calls under one key",
    AlertKind.SHARE_STUCK: "A seller cannot be paid",
    AlertKind.TRANSFER_DIFFERS: "A transfer differs from its row",
    AlertKind.REVERSAL_REFUSED: "A seller's money could not be called back",
    AlertKind.DISPUTE_OPENED: "A buyer disputes a payment",
    AlertKind.DISPUTE_LOST: "A dispute was lost",
    AlertKind.FRAUD_WARNING: "A bank warned of fraud",
    AlertKind.SELLER_PAYOUT_FAILED: "A seller's payout failed",
    AlertKind.RECONCILIATION: "The books differ from Stripe's",
    AlertKind.CLOCK_SKEW: "A clock is wrong",
    AlertKind.OTHER_MODE: "Events of the other mode, test or live",
    AlertKind.DEAD_EVENT: "A webhook was given up",
    AlertKind.RADAR_REVIEW: "Stripe wants a payment reviewed",
    AlertKind.UNKNOWN_EVENT: "Stripe told us something we do not know",
}
DIFFERENCES = {
    DifferenceKind.MISSING_BOOKING: "Not in our books",
    DifferenceKind.AMOUNT_DIFFERS: "Another sum",
    DifferenceKind.UNKNOWN_TYPE: "Of a kind we do not know",
    DifferenceKind.NOT_AT_STRIPE: "Not at Stripe",
    DifferenceKind.BALANCE_API: "Stripe differs from itself",
    DifferenceKind.SUSPENSE_LEFT: "Left over from a dispute",
    DifferenceKind.ORDER_SUMS: "An order does not add up",
    DifferenceKind.TRIAL_BALANCE: "The books do not balance",
}
ASSET, LIABILITY, REVENUE, EXPENSE = "Assets", "Liabilities", "Revenue", "Expenses"
GROUPS = (ASSET, LIABILITY, REVENUE, EXPENSE)
_GROUP_OF = {
    ledger.STRIPE_BALANCE: ASSET,
    ledger.BANK: ASSET,
    ledger.SUSPENSE_PREFIX: ASSET,
    ledger.SELLER_PREFIX: LIABILITY,
    ledger.HELD_PREFIX: LIABILITY,
    ledger.REVIEW_PREFIX: LIABILITY,
    ledger.TAX_PAYABLE: LIABILITY,
    ledger.COMMISSION: REVENUE,
}
EVENTS = {
    OrderAction.OPEN_CHECKOUT.value: "The checkout was opened",
    OrderAction.PAY.value: "The payment arrived",
    OrderAction.EXPIRE.value: "The checkout expired",
    OrderAction.PARK.value: "The order was parked",
    OrderAction.REFUND_PART.value: "A part is refunded",
    OrderAction.REFUND.value: "All is refunded",
    OrderAction.UNDO_REFUND.value: "A refund was undone",
    OrderAction.DISPUTE.value: "The payment is disputed",
    OrderAction.WIN.value: "The dispute was won",
    OrderAction.LOSE.value: "The dispute was lost",
    TransferAction.BECOME_DUE.value: "The share is due",
    TransferAction.SUCCEED.value: "The share was sent",
    TransferAction.HOLD.value: "The share is held",
    TransferAction.RELEASE.value: "The share was released",
    TransferAction.CANCEL.value: "The share will not be sent",
    TransferAction.REVERSE_PART.value: "A part of the share was called back",
    TransferAction.REVERSE.value: "The share was called back",
    TransferAction.REFUSE_REVERSAL.value: "The share could not be called back",
    "right_granted": "The buyer may use the prompt",
    "right_suspended": "The buyer may not use the prompt for now",
    "right_revoked": "The buyer may no longer use the prompt",
    "refund_asked": "The buyer asked for a refund",
    "refund_decided": "A refund was decided",
    "called_back": "Money was called back from the seller",
    "netted": "The share was set off against a debt",
    "recovered": "A debt was recovered",
    "owes": "The seller owes what could not be called back",
    "checkout_refused": "Stripe refused to open the checkout",
}
"""What happened to orders and shares; other events show their own names."""
HOLDS = {
    HoldCode.RESERVE: "kept back for a while, the seller being new",
    HoldCode.BY_HAND: "held by a person",
    HoldCode.SELLER_HOLD: "all of the seller's money is held",
    HoldCode.NO_ACCOUNT: "the seller has no account at Stripe",
    HoldCode.DIFFERS: "a transfer at Stripe differs from ours",
}
TRANSFERS = {
    (TransferKind.TRANSFER, LineTransferState.PENDING): "Being sent",
    (TransferKind.TRANSFER, LineTransferState.DONE): "Sent",
    (TransferKind.TRANSFER, LineTransferState.REFUSED): "Refused by Stripe",
    (TransferKind.NETTING, LineTransferState.DONE): "Set off against a debt",
}


def group_of(account: str) -> str:
    """Assets, Liabilities, Revenue or Expenses."""
    prefix, colon, _rest = account.partition(":")
    return _GROUP_OF.get(prefix + colon, EXPENSE)


def plain(word: str | None) -> str:
    """A machine's word such as ``product_not_received``, readable."""
    return (word or "").replace("_", " ").capitalize()


def reason_words(reason: str) -> str:
    """Why something happened: known codes as words; ids and people's own words as they are."""
    known = {one.value: text[0].lower() + text[1:] for one, text in REASONS.items()}
    known |= {one.value: text for one, text in HOLDS.items()}
    return known.get(reason, reason)


def alert_words(kind: str) -> str:
    """An alert's kind for people."""
    return {one.value: text for one, text in ALERTS.items()}.get(kind, plain(kind))


def difference_words(kind: str) -> str:
    """A difference's kind for people."""
    return {one.value: text for one, text in DIFFERENCES.items()}.get(kind, plain(kind))


def dispute_words(status: str) -> str:
    """A dispute's status for people; one that Stripe has invented since shows its own name."""
    return {one.value: text for one, text in DISPUTE_STATES.items()}.get(status, plain(status))
