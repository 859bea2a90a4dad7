"""The lives of an order and of a seller's transfer, as data."""

from __future__ import annotations

from enum import StrEnum

from marketplace.core.states import Ignore, StateMachine


class OrderState(StrEnum):
    """Where an order stands. A declined card is not a state: the checkout stays open."""

    DRAFT = "draft"
    AWAITING_PAYMENT = "awaiting_payment"
    PAID = "paid"
    EXPIRED = "expired"
    REVIEW = "review"


class OrderAction(StrEnum):
    """What can happen to an order."""

    OPEN_CHECKOUT = "open_checkout"
    PAY = "pay"
    EXPIRE = "expire"
    PARK = "park"


O, A = OrderState, OrderAction  # noqa: E741 - short names make the table readable

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
    },
)


class TransferState(StrEnum):
    """Where a line's transfer to its seller stands."""

    NOT_DUE = "not_due"
    PENDING = "pending"
    HELD = "held"
    DONE = "done"


class TransferAction(StrEnum):
    """What can happen to a transfer."""

    BECOME_DUE = "become_due"
    SUCCEED = "succeed"
    HOLD = "hold"
    RELEASE = "release"


T, X = TransferState, TransferAction

TRANSFER_STATES: StateMachine[TransferState, TransferAction] = StateMachine(
    "transfer",
    {
        (T.NOT_DUE, X.BECOME_DUE): T.PENDING,
        (T.PENDING, X.BECOME_DUE): Ignore.DUPLICATE,
        (T.PENDING, X.SUCCEED): T.DONE,
        (T.PENDING, X.HOLD): T.HELD,
        (T.HELD, X.RELEASE): T.PENDING,
        (T.DONE, X.SUCCEED): Ignore.DUPLICATE,
        (T.DONE, X.BECOME_DUE): Ignore.DUPLICATE,
    },
)
