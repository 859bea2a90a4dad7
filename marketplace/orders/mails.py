"""Mail about orders. It names titles and sums; never a word of a prompt."""

from __future__ import annotations

from sqlalchemy.orm import Session

from marketplace.accounts.mail import queue_mail
from marketplace.accounts.models import User
from marketplace.core.container import Services
from marketplace.core.money import Money
from marketplace.orders.models import Order

CONFIRMATION = """Thank you for your purchase.

{lines}

Total: {total}
Order: {order_id}, {day}

Your prompts wait for you in your library, ready to fill in and copy:
{library}

You can come back to them whenever you like.
Bracket
"""


def send_confirmation(session: Session, services: Services, order: Order) -> None:
    """Queue the buyer's confirmation of a paid order as part of the caller's commit."""
    buyer = session.get_one(User, order.buyer_id)
    text = CONFIRMATION.format(
        lines="\n".join(
            f"  {line.title}: {Money(line.price_cents, line.currency)}" for line in order.lines
        ),
        total=Money(order.total_cents, order.currency),
        order_id=order.id,
        day=f"{order.paid_at.day} {order.paid_at:%B %Y}" if order.paid_at else "",
        library=f"{services.settings.public_url}/library",
    )
    queue_mail(session, services.queue, buyer.email, "Your Bracket order", text)
