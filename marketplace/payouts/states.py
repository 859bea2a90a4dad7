"""How sellers are paid out, and the life of a payout that Bracket asks for, as data."""

from __future__ import annotations

from enum import StrEnum

from marketplace.core.states import Ignore, StateMachine


class Schedule(StrEnum):
    """When a seller's balance goes to their bank."""

    THRESHOLD = "threshold"
    """Bracket asks for a payout once enough has come together."""
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    """Both are the provider's own schedules."""
    MANUAL = "manual"
    """Only when the seller says so."""


class RequestState(StrEnum):
    """How far a payout that Bracket asks for has come."""

    PENDING = "pending"
    DONE = "done"
    """The provider has accepted it; what the bank does is in orders' SellerPayout."""
    REFUSED = "refused"


class RequestAction(StrEnum):
    """What can happen to it."""

    ACCEPT = "accept"
    REFUSE = "refuse"


S, A = RequestState, RequestAction

REQUEST_STATES: StateMachine[RequestState, RequestAction] = StateMachine(
    "payout",
    {
        (S.PENDING, A.ACCEPT): S.DONE,
        (S.PENDING, A.REFUSE): S.REFUSED,
        (S.DONE, A.ACCEPT): Ignore.DUPLICATE,
        # Another worker got through under the same key: the money is on its way.
        (S.DONE, A.REFUSE): Ignore.LATE,
        (S.REFUSED, A.ACCEPT): S.DONE,
        (S.REFUSED, A.REFUSE): Ignore.DUPLICATE,
    },
)


class NoticeKind(StrEnum):
    """What sellers are told about by e-mail, once each."""

    SALE_REFUNDED = "sale_refunded"
    REFUND_UNDONE = "refund_undone"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"
    PAYOUT_FAILED = "payout_failed"
    PAYOUT_REFUSED = "payout_refused"
    ACCOUNT_NEEDS = "account_needs"
