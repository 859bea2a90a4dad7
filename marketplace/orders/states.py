"""The lives of orders, transfers, refunds, rights and disputes, as data."""

from __future__ import annotations

from enum import StrEnum

from marketplace.core.states import Ignore, StateMachine


class OrderState(StrEnum):
    """Where an order stands. A declined card is not a state: the checkout stays open."""

    DRAFT = "draft"
    AWAITING_PAYMENT = "awaiting_payment"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    CHARGED_BACK = "charged_back"
    EXPIRED = "expired"
    REVIEW = "review"


class OrderAction(StrEnum):
    """What can happen to an order."""

    OPEN_CHECKOUT = "open_checkout"
    PAY = "pay"
    EXPIRE = "expire"
    PARK = "park"
    REFUND_PART = "refund_part"
    REFUND = "refund"
    UNDO_REFUND = "undo_refund"
    """A refund failed later: its money is with us again."""
    DISPUTE = "dispute"
    WIN = "win"
    LOSE = "lose"


O, A = OrderState, OrderAction  # noqa: E741 - short names make the table readable

SOLD = frozenset({O.PAID, O.PARTIALLY_REFUNDED, O.REFUNDED, O.DISPUTED, O.CHARGED_BACK})
"""States of orders that were paid and delivered at some time."""
REFUNDABLE = frozenset({O.PAID, O.PARTIALLY_REFUNDED})
"""States in which money may be given back: the provider refuses while a dispute is open."""
MONEY_ARRIVED = SOLD | {O.REVIEW}

ORDER_STATES: StateMachine[OrderState, OrderAction] = StateMachine(
    "order",
    {
        (O.DRAFT, A.OPEN_CHECKOUT): O.AWAITING_PAYMENT,
        (O.DRAFT, A.EXPIRE): O.EXPIRED,
        (O.AWAITING_PAYMENT, A.OPEN_CHECKOUT): O.AWAITING_PAYMENT,
        (O.AWAITING_PAYMENT, A.PAY): O.PAID,
        (O.AWAITING_PAYMENT, A.EXPIRE): O.EXPIRED,
        (O.AWAITING_PAYMENT, A.PARK): O.REVIEW,
        # Money that arrives for an expired order is real: a person looks at it.
        (O.EXPIRED, A.PAY): O.REVIEW,
        (O.EXPIRED, A.EXPIRE): Ignore.DUPLICATE,
        (O.PAID, A.PAY): Ignore.DUPLICATE,
        (O.PAID, A.EXPIRE): Ignore.LATE,
        (O.REVIEW, A.PAY): Ignore.DUPLICATE,
        (O.REVIEW, A.PARK): Ignore.DUPLICATE,
        (O.REVIEW, A.EXPIRE): Ignore.LATE,
        (O.REVIEW, A.REFUND): O.REFUNDED,
        (O.REVIEW, A.DISPUTE): O.DISPUTED,
        # Which of these an order is in follows from its lines and disputes: any may follow any.
        **{(state, A.REFUND_PART): O.PARTIALLY_REFUNDED for state in SOLD},
        **{(state, A.REFUND): O.REFUNDED for state in SOLD},
        **{(state, A.UNDO_REFUND): O.PAID for state in SOLD},
        **{(state, A.DISPUTE): O.DISPUTED for state in SOLD},
        **{(state, A.WIN): O.PAID for state in SOLD},
        **{(state, A.LOSE): O.CHARGED_BACK for state in SOLD},
    },
)


class TransferState(StrEnum):
    """Where the payment of a line's seller stands."""

    NOT_DUE = "not_due"
    PENDING = "pending"
    HELD = "held"
    DONE = "done"
    PARTIALLY_REVERSED = "partially_reversed"
    REVERSED = "reversed"
    REVERSAL_FAILED = "reversal_failed"
    """The seller has money that is no longer theirs: a debt."""
    CANCELLED = "cancelled"
    """Refunded before anything was transferred."""


class TransferAction(StrEnum):
    """What can happen to a transfer."""

    BECOME_DUE = "become_due"
    SUCCEED = "succeed"
    HOLD = "hold"
    RELEASE = "release"
    CANCEL = "cancel"
    REVERSE_PART = "reverse_part"
    REVERSE = "reverse"
    REFUSE_REVERSAL = "refuse_reversal"


T, X = TransferState, TransferAction

_PAID_OUT = (T.DONE, T.PARTIALLY_REVERSED, T.REVERSED, T.REVERSAL_FAILED)

TRANSFER_STATES: StateMachine[TransferState, TransferAction] = StateMachine(
    "transfer",
    {
        (T.NOT_DUE, X.BECOME_DUE): T.PENDING,
        (T.PENDING, X.BECOME_DUE): Ignore.DUPLICATE,
        (T.HELD, X.BECOME_DUE): Ignore.LATE,
        (T.PENDING, X.SUCCEED): T.DONE,
        (T.HELD, X.SUCCEED): T.DONE,
        (T.CANCELLED, X.SUCCEED): T.DONE,
        (T.PENDING, X.HOLD): T.HELD,
        (T.HELD, X.RELEASE): T.PENDING,
        (T.PENDING, X.CANCEL): T.CANCELLED,
        (T.HELD, X.CANCEL): T.CANCELLED,
        (T.CANCELLED, X.CANCEL): Ignore.DUPLICATE,
        # A refund that failed, or a dispute that was won, makes the share due again.
        (T.CANCELLED, X.BECOME_DUE): T.PENDING,
        (T.PARTIALLY_REVERSED, X.BECOME_DUE): T.PENDING,
        (T.REVERSED, X.BECOME_DUE): T.PENDING,
        (T.REVERSAL_FAILED, X.BECOME_DUE): T.PENDING,
        (T.DONE, X.BECOME_DUE): T.PENDING,
        **{(state, X.SUCCEED): T.DONE for state in _PAID_OUT if state is not T.DONE},
        (T.DONE, X.SUCCEED): Ignore.DUPLICATE,
        **{
            (state, action): target
            for state in (*_PAID_OUT, T.PENDING, T.HELD)
            for action, target in (
                (X.REVERSE_PART, T.PARTIALLY_REVERSED),
                (X.REVERSE, T.REVERSED),
                (X.REFUSE_REVERSAL, T.REVERSAL_FAILED),
            )
        },
    },
)


class EntitlementState(StrEnum):
    """Whether a buyer may use what they bought."""

    GRANTED = "granted"
    SUSPENDED = "suspended"
    """A dispute is open."""
    REVOKED = "revoked"
    """The money went back."""


class RefundReason(StrEnum):
    """Why money is given back."""

    NOT_AS_DESCRIBED = "not_as_described"
    DOES_NOT_WORK = "does_not_work"
    BOUGHT_BY_MISTAKE = "bought_by_mistake"
    DUPLICATE = "duplicate"
    FRAUDULENT = "fraudulent"
    LISTING_FAILED = "listing_failed"
    """The prompt failed its re-verification."""
    OWNER_DECISION = "owner_decision"
    FRAUD_WARNING = "fraud_warning"
    OTHER = "other"


BUYERS_REASONS = (
    RefundReason.NOT_AS_DESCRIBED,
    RefundReason.DOES_NOT_WORK,
    RefundReason.BOUGHT_BY_MISTAKE,
    RefundReason.DUPLICATE,
    RefundReason.FRAUDULENT,
    RefundReason.OTHER,
)
"""Reasons that a buyer may choose from."""


class RefundState(StrEnum):
    """How far a refund has come; our own two first, then Stripe's."""

    REQUESTED = "requested"
    SUBMITTED = "submitted"
    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    MANUAL = "manual"
    """Failed at the bank, then paid by hand."""
    CANCELED = "canceled"


class RefundAction(StrEnum):
    """What can happen to a refund."""

    SUBMIT = "submit"
    PEND = "pend"
    ASK = "ask"
    SUCCEED = "succeed"
    FAIL = "fail"
    CANCEL = "cancel"
    PAY_BY_HAND = "pay_by_hand"
    PUT_BACK = "put_back"
    """The provider could not do it now: it will be asked again under a new key."""


R, F = RefundState, RefundAction

_UNDER_WAY = (R.SUBMITTED, R.PENDING, R.REQUIRES_ACTION)

REFUND_STATES: StateMachine[RefundState, RefundAction] = StateMachine(
    "refund",
    {
        (R.REQUESTED, F.SUBMIT): R.SUBMITTED,
        (R.SUBMITTED, F.SUBMIT): Ignore.DUPLICATE,
        (R.SUBMITTED, F.PUT_BACK): R.REQUESTED,
        (R.REQUESTED, F.CANCEL): R.CANCELED,
        **{(state, F.PEND): R.PENDING for state in _UNDER_WAY if state is not R.PENDING},
        **{(state, F.ASK): R.REQUIRES_ACTION for state in (R.SUBMITTED, R.PENDING)},
        **{(state, F.SUCCEED): R.SUCCEEDED for state in _UNDER_WAY},
        **{(state, F.FAIL): R.FAILED for state in _UNDER_WAY},
        **{(state, F.CANCEL): R.CANCELED for state in _UNDER_WAY},
        (R.PENDING, F.PEND): Ignore.DUPLICATE,
        (R.REQUIRES_ACTION, F.ASK): Ignore.DUPLICATE,
        (R.SUCCEEDED, F.SUCCEED): Ignore.DUPLICATE,
        (R.SUCCEEDED, F.PEND): Ignore.LATE,
        (R.FAILED, F.FAIL): Ignore.DUPLICATE,
        (R.CANCELED, F.CANCEL): Ignore.DUPLICATE,
        # A bank may send the money back days after it was taken for delivered.
        (R.SUCCEEDED, F.FAIL): R.FAILED,
        (R.FAILED, F.PAY_BY_HAND): R.MANUAL,
        (R.CANCELED, F.PAY_BY_HAND): R.MANUAL,
        (R.MANUAL, F.FAIL): Ignore.LATE,
    },
)

REFUND_OPEN = frozenset({R.REQUESTED, R.SUBMITTED, R.PENDING, R.REQUIRES_ACTION})
REFUND_STANDS = frozenset({*REFUND_OPEN, R.SUCCEEDED, R.MANUAL})
"""Refunds whose sum cannot be given back a second time."""


class RequestState(StrEnum):
    """A buyer's request for their money."""

    OPEN = "open"
    APPROVED = "approved"
    DECLINED = "declined"


class ReversalState(StrEnum):
    """Money called back from a seller."""

    PENDING = "pending"
    DONE = "done"
    REFUSED = "refused"
    """What is not recovered of it is the seller's debt."""
    CANCELLED = "cancelled"
    """No longer wanted: the dispute was won, or the refund failed."""


class DisputeStatus(StrEnum):
    """Stripe's words for a dispute, as the pinned library lists them."""

    WARNING_NEEDS_RESPONSE = "warning_needs_response"
    WARNING_UNDER_REVIEW = "warning_under_review"
    WARNING_CLOSED = "warning_closed"
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"
    PREVENTED = "prevented"
    APPEAL_NEEDS_RESPONSE = "appeal_needs_response"
    APPEAL_UNDER_REVIEW = "appeal_under_review"


D = DisputeStatus

DISPUTE_WARNINGS = frozenset({D.WARNING_NEEDS_RESPONSE, D.WARNING_UNDER_REVIEW, D.WARNING_CLOSED})
"""Inquiries: no money moves."""
DISPUTE_OPEN = frozenset({D.NEEDS_RESPONSE, D.UNDER_REVIEW})
DISPUTE_OVER = frozenset({D.WON, D.LOST, D.WARNING_CLOSED, D.PREVENTED})
DISPUTE_LOST = frozenset({D.LOST, D.PREVENTED, D.APPEAL_NEEDS_RESPONSE, D.APPEAL_UNDER_REVIEW})
"""The bank has given the money back, whether or not an appeal is open."""
DISPUTE_ANSWERABLE = frozenset({D.WARNING_NEEDS_RESPONSE, D.NEEDS_RESPONSE})
