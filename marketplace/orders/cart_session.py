"""The cart of whoever is asking: rows for people, the signed session for strangers."""

from __future__ import annotations

from typing import Any

from flask import Flask, session
from flask_login import user_logged_in
from flask_security import current_user

from marketplace.core.errors import ConflictError
from marketplace.core.ids import is_id
from marketplace.core.web.guards import signed_in
from marketplace.core.web.request_scope import db
from marketplace.listings.models import MAX_PRICE_CENTS, Listing
from marketplace.offers.queries import current_prices
from marketplace.orders import cart

KEY = "cart"


def viewer_id() -> str | None:
    """The person who is asking; None for strangers."""
    return str(current_user.id) if signed_in() else None


def current_items() -> dict[str, int]:
    """Price when put in by listing id, oldest first, of whoever is asking."""
    buyer_id = viewer_id()
    return _strangers() if buyer_id is None else cart.items_of(db(), buyer_id)


def current_count() -> int:
    """How many listings are in the cart of whoever is asking."""
    buyer_id = viewer_id()
    return len(_strangers()) if buyer_id is None else cart.count_of(db(), buyer_id)


def put_in(listing: Listing) -> None:
    """Put a listing into the cart of whoever is asking.

    Raises:
        ConflictError: the cart is full.
    """
    buyer_id = viewer_id()
    if buyer_id is not None:
        cart.put_in(db(), buyer_id, listing)
        return
    items = _strangers()
    if listing.id not in items and len(items) >= cart.MAX_ITEMS:
        raise ConflictError(cart.FULL, "cart_full")
    _keep(items | current_prices(db(), [listing]))


def take_out(listing_id: str) -> None:
    """Remove a listing from the cart of whoever is asking."""
    buyer_id = viewer_id()
    if buyer_id is not None:
        cart.take_out(db(), buyer_id, [listing_id])
        return
    items = _strangers()
    items.pop(listing_id, None)
    _keep(items)


def _strangers() -> dict[str, int]:
    """The session's cart. It is signed, but may be years old: what does not fit is dropped."""
    kept = session.get(KEY)
    pairs = kept if isinstance(kept, list) else []
    return {
        pair[0]: pair[1]
        for pair in pairs[: cart.MAX_ITEMS]
        if isinstance(pair, list)
        and len(pair) == 2
        and isinstance(pair[0], str)
        and is_id(pair[0])
        and type(pair[1]) is int
        and 0 < pair[1] <= MAX_PRICE_CENTS
    }


def _keep(items: dict[str, int]) -> None:
    # As pairs: the session's JSON would sort the keys of a mapping and lose their order.
    session[KEY] = [[listing_id, cents] for listing_id, cents in items.items()]


def init_cart(app: Flask) -> None:
    """Merge a stranger's cart into the person's at each log-in; let templates count it."""

    def merge(sender: Flask, user: Any, **more: Any) -> None:
        items = _strangers()
        if items:
            cart.merge(db(), str(user.id), items)
        session.pop(KEY, None)

    user_logged_in.connect(merge, app)
    app.extensions["bracket_cart_merge"] = merge  # signals hold their listeners weakly
    app.jinja_env.globals["cart_count"] = current_count
