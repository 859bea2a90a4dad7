"""What must hold, by name, and how a breach is told."""

from __future__ import annotations

from enum import StrEnum


class Rule(StrEnum):
    """The invariants. Those marked (rest) hold once every message has arrived."""

    ENTRY_SUM = "every ledger entry sums to zero"
    BOOKS_BANK = "the books' Stripe balance is the bank's, but for named calls under way"
    BANK_SUM = "the bank's balance is the sum of its balance transactions"
    NAMED = "what the bank has done for us and is not booked has its pending row"
    DRAINED = "nothing is unbooked (rest)"
    UNPAID_RIGHT = "no right without payment"
    KEPT_RIGHT = "no right after the money went back"
    UNGIVEN = "no payment without right or refund (rest)"
    PAID_TWICE = "a seller gets a line's share at most once"
    REFUNDED_TWICE = "a buyer gets a line's price back at most once"
    LINE_SUMS = "a line's sums are those of its transfers, reversals and refunds"
    COMMISSION = "commission is 20 % of each line, half up; nothing by the seller's own link"
    REDUCED = "no sale or code brings a line below 99 cents"
    CODE_USES = "a code is used at most as often as it may be"
    SELLER_BOOKS = "a seller's account is what their lines say"
    DEBT = "a debt is neither negative nor paid twice"
    STATEMENT = "statements and totals equal the ledger (rest)"
    STUCK = "nothing waits for ever (rest)"
    PAYOUT_TWICE = "each payout that was asked for is made once (rest)"
    SUSPENSE = "nothing stays in suspense when a dispute is over (rest)"
    NO_ERROR = "nothing fails in a way that nobody thought of"
    APPEND_ONLY = "the ledger is what it was, and more"


class Violation(AssertionError):
    """A rule is broken."""

    def __init__(self, rule: Rule, what: str) -> None:
        super().__init__(f"{rule.name}: {rule.value}\n  {what}")
        self.rule, self.what = rule, what


def must(holds: object, rule: Rule, *what: object) -> None:
    """Raises Violation unless it holds."""
    if not holds:
        raise Violation(rule, " ".join(map(str, what)))
