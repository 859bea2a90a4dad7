"""What the demo's buyers say of their purchases, and what the sellers answer."""

from __future__ import annotations

from demo.script import BuyerScript, ListingScript, Purchase
from demo.stored import find_listing
from marketplace.accounts.queries import user_by_email
from marketplace.community.review_queries import written_by
from marketplace.community.reviewing import Words, reply, write_review
from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.orders.queries import owned


def review(
    services: Services, buyer: BuyerScript, purchase: Purchase, listing: ListingScript
) -> str | None:
    """Write the review of a purchase and its reply, unless they are there; what happened, or None.

    Raises:
        DomainError: the content breaks a rule of reviews.
    """
    said = purchase.review
    if said is None:
        return None
    with unit_of_work(services.database) as session:
        user = user_by_email(session, buyer.email)
        stored = find_listing(session, listing)
        right = owned(session, user.id, stored.id) if user and stored else None
        if right is None or user is None or stored is None:
            return "nothing to review yet"
        if written_by(session, user.id, stored.id) is not None:
            return None
        words = Words(rating=said.rating, text=said.text)
        written = write_review(session, services, user.id, right.id, words)
        if said.reply:
            reply(session, services, stored.seller_id, written.id, said.reply)
    return f"reviewed with {said.rating} stars"
