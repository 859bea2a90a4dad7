"""Payouts, refunds, disputes and transfers in a seller's words. Pure: no rows, no calls."""

from __future__ import annotations

from marketplace.orders.states import RefundReason
from marketplace.orders.transfer_models import PayoutStatus

PAYOUT_STATES = {
    PayoutStatus.PENDING: ("info", "On its way"),
    PayoutStatus.IN_TRANSIT: ("info", "At your bank soon"),
    PayoutStatus.PAID: ("success", "Paid"),
    PayoutStatus.FAILED: ("error", "Returned by your bank"),
    PayoutStatus.CANCELED: ("", "Cancelled"),
}

_FAILURES = {
    "account_closed": "The bank account is closed.",
    "account_frozen": "The bank account is frozen.",
    "bank_account_restricted": "The bank account is restricted.",
    "bank_ownership_changed": "The bank account has changed hands.",
    "could_not_process": "The bank could not process it.",
    "debit_not_authorized": "The bank account does not allow it.",
    "declined": "The bank declined it.",
    "incorrect_account_address": "The address given for the bank account is wrong.",
    "incorrect_account_holder_name": "The account holder's name is wrong.",
    "incorrect_account_holder_tax_id": "The account holder's tax number is wrong.",
    "insufficient_funds": "Your balance at Stripe was not enough.",
    "invalid_account_number": "The account number is wrong.",
    "invalid_account_number_length": "The account number has the wrong length.",
    "invalid_currency": "The bank account does not take US dollars.",
    "no_account": "There is no such bank account.",
    "unsupported_card": "The card does not take payouts.",
}
_REFUSALS = {
    "balance_insufficient": "Your balance at Stripe was smaller by then, after a refund perhaps.",
    "insufficient_funds": "Your balance at Stripe was smaller by then, after a refund perhaps.",
    "payouts_not_allowed": "Stripe does not pay your account out now. See Account for what is "
    "missing.",
    "no_account": "Stripe knows no bank account of yours.",
}

_REASONS = {
    RefundReason.NOT_AS_DESCRIBED: "the buyer says it is not as described",
    RefundReason.DOES_NOT_WORK: "the buyer says it does not work",
    RefundReason.BOUGHT_BY_MISTAKE: "bought by mistake",
    RefundReason.DUPLICATE: "bought twice",
    RefundReason.FRAUDULENT: "the card's owner did not buy it",
    RefundReason.LISTING_FAILED: "the prompt failed its re-verification",
    RefundReason.OWNER_DECISION: "Bracket decided so",
    RefundReason.FRAUD_WARNING: "the buyer's bank warned of fraud",
    RefundReason.OTHER: "for another reason",
}
_DISPUTES = {
    "bank_cannot_process": "the bank could not process the payment",
    "credit_not_processed": "the buyer waits for a refund",
    "customer_initiated": "the buyer asked their bank",
    "duplicate": "the buyer says they paid twice",
    "fraudulent": "the card's owner says they did not buy it",
    "general": "for no particular reason",
    "incorrect_account_details": "the account details were wrong",
    "insufficient_funds": "the buyer's account was empty",
    "product_not_received": "the buyer says they never got it",
    "product_unacceptable": "the buyer says it is not as described",
    "subscription_canceled": "the buyer says they had cancelled",
    "unrecognized": "the buyer does not recognise the payment",
}


def payout_state(status: str) -> tuple[str, str]:
    """Kind of badge and words for a payout; a status we do not know shows itself."""
    known = {one.value: words for one, words in PAYOUT_STATES.items()}
    return known.get(status, ("", status.replace("_", " ").capitalize()))


def payout_failure(code: str | None) -> str:
    """Why a bank returned a payout."""
    return _FAILURES.get(code or "", "The bank gave no reason that we can name.")


def payout_refusal(code: str | None) -> str:
    """Why Stripe did not make a payout."""
    return _REFUSALS.get(code or "", "Stripe did not accept it; we try again tomorrow.")


def refund_reason(reason: RefundReason) -> str:
    """Why money was given back."""
    return _REASONS[reason]


def dispute_reason(code: str) -> str:
    """Why a payment was taken back; Stripe's word in ours."""
    return _DISPUTES.get(code, "for a reason the bank calls “" + code.replace("_", " ") + "”")
