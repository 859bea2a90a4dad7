"""Settling: one idempotent path from what Stripe says to what the buyer owns and the books say.

The webhook, the return page and the poller all come through here; none of them is believed.
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.errors import NotFoundError
from marketplace.core.ids import new_id
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.payments import CardFacts, CheckoutSession
from marketplace.orders import ledger
from marketplace.orders.alerts import AlertKind, raise_alert
from marketplace.orders.history import change_order
from marketplace.orders.line_money import become_due
from marketplace.orders.locks import lock_lines, lock_order
from marketplace.orders.mails import send_confirmation
from marketplace.orders.models import Entitlement, Order, OrderLine
from marketplace.orders.refund_rows import give_back
from marketplace.orders.risk import record_attempt
from marketplace.orders.states import (
    MONEY_ARRIVED,
    EntitlementState,
    OrderAction,
    OrderState,
    RefundReason,
)


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
    if order.state in MONEY_ARRIVED:
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
    problem = _mismatch(order, checkout, livemode, services.settings.stripe_tax)
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


def _mismatch(order: Order, checkout: CheckoutSession, livemode: bool, taxed: bool) -> str | None:
    """Why the payment is not what the order asked for, or None."""
    if checkout.livemode is not livemode:
        return "the payment was made in the other mode"
    if checkout.order_id != order.id:
        return "the checkout names another order"
    if checkout.session_id != order.checkout_session_id:
        return "the payment came through another checkout"
    if checkout.amount.currency != order.currency:
        return "the payment is in another currency"
    tax = _tax(checkout) if taxed else 0
    if tax < 0 or checkout.amount.cents != order.total_cents + tax:
        return f"{checkout.amount} were paid instead of {order.total_cents + tax} cents"
    if checkout.subtotal is not None and checkout.subtotal.cents != order.total_cents:
        return f"{checkout.subtotal} were asked instead of {order.total_cents} cents"
    return None


def _tax(checkout: CheckoutSession) -> int:
    return checkout.tax.cents if checkout.tax is not None else 0


def _grant(session: Session, order: Order) -> list[OrderLine]:
    """Give the buyer every line; returns the lines that they own already by another order."""
    doubled = []
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
            doubled.append(line)
    return doubled


def _pay(session: Session, services: Services, order: Order, checkout: CheckoutSession) -> None:
    doubled = _grant(session, order)
    lines = lock_lines(session, order)
    order.paid_at = now()
    _note_payment(session, order, checkout)
    if services.settings.stripe_tax:
        _spread_tax(order, lines, _tax(checkout))
    change_order(session, order, OrderAction.PAY)
    legs = [
        ledger.Leg(ledger.STRIPE_BALANCE, order.paid_cents),
        ledger.Leg(ledger.TAX_PAYABLE, -order.tax_cents),
    ]
    for line in lines:
        payable = ledger.seller_payable(line.seller_id)
        legs.append(ledger.Leg(payable, -line.seller_cents, line.id))
        legs.append(ledger.Leg(ledger.COMMISSION, -line.commission_cents, line.id))
        become_due(session, services.queue, services.settings, line)
    charge = str(checkout.charge_id)
    ledger.post(session, ledger.EntryKind.CHARGE, charge, legs, order.id, _memo(lines))
    _book_fee(session, order, checkout)
    if doubled:
        # Two orders of one thing, paid at once: whoever paid twice gets the second sum back.
        parts: dict[OrderLine, int | None] = dict.fromkeys(doubled)
        give_back(session, services.queue, order, parts, RefundReason.DUPLICATE, "owned already")
    send_confirmation(session, services, order)


def _memo(lines: list[OrderLine]) -> str | None:
    """Why a sale brings no commission, for whoever reads the journal."""
    referred = [line.id for line in lines if line.referred]
    if not referred:
        return None
    return f"no commission, sold through the seller's own link: {', '.join(referred)}"


def _note_payment(session: Session, order: Order, checkout: CheckoutSession) -> None:
    """What the charge says of itself and its card; never the card's number."""
    order.charge_id, order.payment_intent_id = checkout.charge_id, checkout.payment_intent_id
    order.arrived_cents = checkout.amount.cents
    card = checkout.card or CardFacts()
    order.card_fingerprint, order.card_country = card.fingerprint, card.country
    order.card_brand, order.card_last4 = card.brand, card.last4
    order.billing_name = order.billing_name or checkout.billing_name
    order.billing_country = order.billing_country or checkout.billing_country
    record_attempt(session, order, str(checkout.charge_id), None, card, succeeded=True)


def _spread_tax(order: Order, lines: list[OrderLine], tax_cents: int) -> None:
    """Divide the tax among the lines by price, cumulatively: the last line takes the rest."""
    order.tax_cents = tax_cents
    price, given = 0, 0
    for line in lines:
        price += line.price_cents
        line.tax_cents = tax_cents * price // order.total_cents - given
        given += line.tax_cents


def _park(
    session: Session, order: Order, checkout: CheckoutSession, problem: str, ours: bool
) -> None:
    """Deliver nothing and pay nobody; the money that did arrive is booked where one sees it."""
    action = OrderAction.PAY if order.state is OrderState.EXPIRED else OrderAction.PARK
    change_order(session, order, action, problem)
    order.review_reason = problem[:200]
    raise_alert(session, AlertKind.ORDER_IN_REVIEW, order.id, problem, order.id)
    arrived = checkout.amount
    if not ours or arrived.currency != order.currency or arrived.cents <= 0:
        return  # not this order's money, or none that these books can hold
    _note_payment(session, order, checkout)
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
