"""The demo's buyers: the site's own checkout, paid on the emulator's hosted page."""

from __future__ import annotations

from demo.loopback import submit
from demo.script import BuyerScript, ListingScript, Purchase
from demo.stored import find_listing
from marketplace.accounts.queries import user_by_email
from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.listings.states import ListingState
from marketplace.orders.checkout import CheckoutDetails, start_checkout
from marketplace.orders.operations import settle
from marketplace.orders.queries import open_order_for, owns
from marketplace.orders.states import OrderState
from marketplace.orders.terms import TERMS_VERSION

CARD = {"number": "4242 4242 4242 4242", "exp": "12 / 34", "cvc": "123"}


def buy(
    services: Services, buyer: BuyerScript, purchase: Purchase, listing: ListingScript
) -> str | None:
    """Buy one listing unless it is owned; returns what happened, None when there is nothing to do.

    Raises:
        DomainError, PaymentError, PaymentUnavailableError, PageRefusedError: nothing is lost;
            the next call settles what was paid and pays what was not.
    """
    with unit_of_work(services.database) as session:
        user = user_by_email(session, buyer.email)
        stored = find_listing(session, listing)
        if user is None or stored is None or stored.state is not ListingState.LIVE:
            return "not on sale yet"
        if owns(session, user.id, stored.id):
            return None
        buyer_id, listing_id = user.id, stored.id
    # Paid in an earlier run that ended before it came back from the hosted page?
    if _settle_open(services, buyer_id, listing_id) is OrderState.PAID:
        return "bought"
    begun = start_checkout(services, buyer_id, listing_id, CheckoutDetails(TERMS_VERSION))
    if begun.url is None:
        return None
    form = {"pay": purchase.method}
    if purchase.method == "card":
        form |= CARD | {"name": buyer.person}
    submit(begun.url, form)
    state = _settle_open(services, buyer_id, listing_id)
    # No open order left: the webhook was faster than we were.
    return "bought" if state in {OrderState.PAID, None} else "paid; the books follow in a moment"


def _settle_open(services: Services, buyer_id: str, listing_id: str) -> OrderState | None:
    """Settle the buyer's open order of a listing, as the return page does; None without one."""
    with unit_of_work(services.database) as session:
        order = open_order_for(session, buyer_id, listing_id, now())
        order_id = order.id if order else None
    return settle(services, order_id) if order_id else None
