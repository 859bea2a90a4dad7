"""Settling: one idempotent path from what Stripe says to what the buyer owns and the books say.

The webhook, the return page and the poller all come through here; none of them is believed.
"""

from __future__ import annotations

import logging

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.errors import NotFoundError
from marketplace.core.ids import new_id
from marketplace.core.task_queue import enqueue
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.payments import CheckoutSession
from marketplace.orders import ledger
from marketplace.orders.history import change_order, change_transfer
from marketplace.orders.locks import lock_order
from marketplace.orders.mails import send_confirmation
from marketplace.orders.models import Entitlement, Order
from marketplace.orders.states import EntitlementState, OrderAction, OrderState, TransferAction
from marketplace.task_names import TaskName

log = logging.getLogger(__name__)


class _AlreadyOwnedError(Exception):
    """Another order has given the buyer the same listing meanwhile."""


def settle(services: Services, order_id: str) -> OrderState:
    """Ask Stripe how the order's checkout stands and make our rows say the same.

    May be called at any time, any number of times, by several processes at once.

    Raises:
        NotFoundError: no such order.
        PaymentUnavailableError, PaymentError: Stripe did not say; nothing changed.
    """
    checkout = fetch_checkout(services, order_id)
    with unit_of_work(services.database) as session:
        if checkout is None:
            return lock_order(session, order_id).state
        return record_checkout(session, services, order_id, checkout).state


def fetch_checkout(services: Services, order_id: str) -> CheckoutSession | None:
    """The order's checkout as Stripe has it now; None when none was opened.

    The question is asked without a transaction. That is safe because "paid" and "expired" never
    change back: an answer can be old, but not wrong.
    """
    with unit_of_work(services.database) as session:
        order = session.get(Order, order_id)
        if order is None:
            raise NotFoundError
        session_id = order.checkout_session_id
    return services.payments.retrieve_checkout(session_id) if session_id else None


def record_checkout(
    session: Session, services: Services, order_id: str, checkout: CheckoutSession
) -> Order:
    """Apply a checkout as Stripe has it now to its order, under the order's lock.

    In one transaction: state, event, entitlements, ledger, transfers due, mail. What does not
    match goes to review and nothing is delivered.

    Raises:
        NotFoundError: no such order.
    """
    order = lock_order(session, order_id)
    if order.state in {OrderState.PAID, OrderState.REVIEW}:
        if order.charge_id is not None and order.charge_id == checkout.charge_id:
            _book_fee(session, order, checkout)
        return order
    if not checkout.paid:
        if checkout.status == "expired" and order.checkout_session_id == checkout.session_id:
            change_order(session, order, OrderAction.EXPIRE)
        return order
    if checkout.charge_id is None:
        return order  # paid, but the charge cannot be read yet: asked again later
    _adopt(session, order, checkout)
    livemode = services.settings.stripe_livemode
    problem = _mismatch(order, checkout, livemode)
    if problem is None and order.state is OrderState.AWAITING_PAYMENT:
        try:
            with session.begin_nested():
                _grant(session, order)
        except _AlreadyOwnedError:
            problem = "the buyer owns this already"
    if problem is not None or order.state is OrderState.EXPIRED:
        ours = checkout.livemode is livemode and checkout.order_id == order.id
        _park(session, order, checkout, problem or "paid after it had expired", ours)
    else:
        _pay(session, services, order, checkout)
    return order


def expire_draft(session: Session, order_id: str) -> None:
    """Give up a draft whose hosted checkout was never recorded; its address reached nobody."""
    order = lock_order(session, order_id)
    if order.state is OrderState.DRAFT and order.checkout_session_id is None:
        change_order(session, order, OrderAction.EXPIRE, "no checkout was opened")


def _adopt(session: Session, order: Order, checkout: CheckoutSession) -> None:
    """A draft paid before its session's id was recorded: the crash lay between call and commit."""
    if order.state is OrderState.DRAFT and order.checkout_session_id is None:
        change_order(session, order, OrderAction.OPEN_CHECKOUT, "recorded when it was paid")
        order.checkout_session_id = checkout.session_id


def _mismatch(order: Order, checkout: CheckoutSession, livemode: bool) -> str | None:
    """Why the payment is not what the order asked for, or None."""
    if checkout.livemode is not livemode:
        return "the payment was made in the other mode"
    if checkout.order_id != order.id:
        return "the checkout names another order"
    if checkout.session_id != order.checkout_session_id:
        return "the payment came through another checkout"
    if checkout.amount.currency != order.currency:
        return "the payment is in another currency"
    if checkout.amount.cents != order.total_cents:
        return f"{checkout.amount} were paid instead of {order.total_cents} cents"
    return None


def _grant(session: Session, order: Order) -> None:
    # In one order for everybody, so that two settlements cannot wait for each other in a circle.
    for line in sorted(order.lines, key=lambda line: line.listing_id):
        given = session.scalar(
            insert(Entitlement)
            .values(
                id=new_id(),
                buyer_id=order.buyer_id,
                listing_id=line.listing_id,
                version_id=line.version_id,
                line_id=line.id,
                state=EntitlementState.GRANTED,
            )
            # Waits for the other order's transaction where two are settled at once.
            .on_conflict_do_nothing(
                index_elements=[Entitlement.buyer_id, Entitlement.listing_id],
                # As text: a prepared statement with a parameter here matches no index.
                index_where=text("state <> 'revoked'"),
            )
            .returning(Entitlement.id)
        )
        if given is None:
            raise _AlreadyOwnedError


def _pay(session: Session, services: Services, order: Order, checkout: CheckoutSession) -> None:
    order.paid_at = now()
    order.charge_id, order.payment_intent_id = checkout.charge_id, checkout.payment_intent_id
    change_order(session, order, OrderAction.PAY)
    postings = {ledger.STRIPE_BALANCE: order.total_cents, ledger.COMMISSION: 0}
    for line in order.lines:
        payable = ledger.seller_payable(line.seller_id)
        postings[payable] = postings.get(payable, 0) - line.seller_cents
        postings[ledger.COMMISSION] -= line.commission_cents
        change_transfer(session, line, TransferAction.BECOME_DUE)
        enqueue(session, services.queue, TaskName.TRANSFER_LINE, line.id)
    ledger.post(session, ledger.EntryKind.CHARGE, str(checkout.charge_id), postings, order.id)
    _book_fee(session, order, checkout)
    send_confirmation(session, services, order)


def _park(
    session: Session, order: Order, checkout: CheckoutSession, problem: str, ours: bool
) -> None:
    """Deliver nothing and pay nobody; the money that did arrive is booked where one sees it."""
    action = OrderAction.PAY if order.state is OrderState.EXPIRED else OrderAction.PARK
    change_order(session, order, action, problem)
    order.review_reason = problem[:200]
    log.error("order %s needs a person: %s", order.id, problem)
    arrived = checkout.amount
    if not ours or arrived.currency != order.currency or arrived.cents <= 0:
        return  # not this order's money, or none that these books can hold
    order.charge_id, order.payment_intent_id = checkout.charge_id, checkout.payment_intent_id
    postings = {ledger.STRIPE_BALANCE: arrived.cents, ledger.in_review(order.id): -arrived.cents}
    ledger.post(session, ledger.EntryKind.CHARGE, str(checkout.charge_id), postings, order.id)
    _book_fee(session, order, checkout)


def _book_fee(session: Session, order: Order, checkout: CheckoutSession) -> None:
    """Book Stripe's own fee once it is known; it may come later than the charge."""
    if checkout.fee is None or checkout.balance_transaction_id is None:
        return
    order.stripe_fee_cents = checkout.fee.cents
    if checkout.fee.cents:
        ledger.post(
            session,
            ledger.EntryKind.FEE,
            checkout.balance_transaction_id,
            {
                ledger.STRIPE_FEES: checkout.fee.cents,
                ledger.STRIPE_BALANCE: -checkout.fee.cents,
            },
            order.id,
        )
