"""Mail about orders. It names titles and sums; never a word of a prompt."""

from __future__ import annotations

from sqlalchemy.orm import Session

from marketplace.accounts.mail import queue_mail
from marketplace.accounts.models import User
from marketplace.core.container import Services
from marketplace.core.money import Money
from marketplace.core.task_queue import TaskQueue
from marketplace.orders.models import Order
from marketplace.orders.order_words import REFUND_REASONS
from marketplace.orders.refund_models import Refund, RefundRequest

CONFIRMATION = """Thank you for your purchase.

{lines}

{total}
Order: {order_id}, {day}

Your prompts wait for you in your library, ready to fill in and copy:
{library}

Your receipt, and a way to ask for your money back should something be wrong:
{order}

You can come back to them whenever you like.
Bracket
"""

REFUND_MADE = """You get {amount} back.

{what}
Why: {why}
{note}
It goes to the card or wallet that you paid with, and shows on your statement within five to ten
days. Your order {order_id} on Bracket has a credit note for it.
{ended}
Bracket
"""

REFUND_BY_HAND = """You get {amount} back.

{what}
Your bank did not take the refund to your card, so we have paid it in another way.

Order: {order_id}
Bracket
"""

REFUND_DECLINED = """You asked for your money back for "{title}", {price}.

We have looked at it and will not give it back. Our answer:

{answer}

You can see your request, and the order, here:
{order}

If you think that we got it wrong, answer this mail.
Bracket
"""

RIGHT_ENDED = (
    "\nWith the money, the right to use the prompt goes back, so it has left your library.\n"
)


def send_confirmation(session: Session, services: Services, order: Order) -> None:
    """Queue the buyer's confirmation of a paid order as part of the caller's commit."""
    buyer = session.get_one(User, order.buyer_id)
    site = services.settings.public_url
    total = f"Total: {Money(order.paid_cents, order.currency)}"
    if order.tax_cents:
        total = f"Tax: {Money(order.tax_cents, order.currency)}\n{total}"
    text = CONFIRMATION.format(
        lines="\n".join(
            f"  {line.title}: {Money(line.price_cents, line.currency)}" for line in order.lines
        ),
        total=total,
        order_id=order.id,
        day=f"{order.paid_at.day} {order.paid_at:%B %Y}" if order.paid_at else "",
        library=f"{site}/library",
        order=f"{site}/orders/{order.id}",
    )
    queue_mail(session, services.queue, buyer.email, "Your Bracket order", text)


def send_refund_made(session: Session, queue: TaskQueue, refund: Refund) -> None:
    """Queue the news that a refund has reached the buyer's bank, with the caller's commit."""
    order, line = refund.order, refund.line
    buyer = session.get_one(User, order.buyer_id)
    whole = line is not None and line.refunded_cents >= line.price_cents
    text = REFUND_MADE.format(
        amount=Money(refund.paid_back_cents, refund.currency),
        what=_what(refund),
        why=REFUND_REASONS[refund.reason],
        # An answer to a request was written for the buyer; other notes were not.
        note=f"Our answer: {refund.note}\n" if refund.request_id and refund.note else "",
        order_id=order.id,
        ended=RIGHT_ENDED if whole else "",
    )
    queue_mail(session, queue, buyer.email, "Your refund from Bracket", text)


def send_refund_by_hand(session: Session, queue: TaskQueue, refund: Refund) -> None:
    """Queue the news that a refund was paid in another way, with the caller's commit."""
    buyer = session.get_one(User, refund.order.buyer_id)
    text = REFUND_BY_HAND.format(
        amount=Money(refund.paid_back_cents, refund.currency),
        what=_what(refund),
        order_id=refund.order_id,
    )
    queue_mail(session, queue, buyer.email, "Your refund from Bracket", text)


def send_refund_declined(session: Session, services: Services, request: RefundRequest) -> None:
    """Queue the answer to a request that was declined, with the caller's commit."""
    buyer = session.get_one(User, request.buyer_id)
    text = REFUND_DECLINED.format(
        title=request.line.title,
        price=Money(request.line.price_cents, request.line.currency),
        answer=request.answer or "",
        order=f"{services.settings.public_url}/orders/{request.order_id}",
    )
    queue_mail(session, services.queue, buyer.email, "About the refund you asked for", text)


def _what(refund: Refund) -> str:
    if refund.line is None:
        return "This is the whole payment, for which nothing was delivered."
    return f"It is for “{refund.line.title}”."
