"""The cart's pages; open to strangers up to the point of paying."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask_security import current_user
from werkzeug import Response

from marketplace.core.errors import ConflictError, UnavailableError
from marketplace.core.web.guards import public, signed_in
from marketplace.core.web.request_scope import db, save, services
from marketplace.core.web.traces import note_carted
from marketplace.orders import buying_pages as pages
from marketplace.orders import cart_session
from marketplace.orders.cart import CartView, candidate, cart_view
from marketplace.orders.checkout import check_out
from marketplace.orders.checkout_form import CheckoutForm

blueprint = Blueprint("cart", __name__, url_prefix="/cart")

TEMPLATE = "orders/cart.html"


@blueprint.get("", strict_slashes=False)
@public
def index() -> Any:
    """What is in the cart, what cannot be bought and why, and the way to pay."""
    return pages.checkout_page(TEMPLATE, _view(), pages.checkout_form())


@blueprint.post("/add/<listing_id>")
@public
def add(listing_id: str) -> Response:
    """Put a listing in; putting it in twice changes nothing."""
    found = candidate(db(), cart_session.viewer_id(), listing_id)
    back = url_for("discovery.listing", path=found.listing.path)
    if found.obstacle is not None:
        flash(found.obstacle.message, "warning")
        return redirect(back, 303)
    is_new = listing_id not in cart_session.current_items()
    try:
        cart_session.put_in(found.listing)
    except ConflictError as error:
        flash(error.message, "warning")
        return redirect(url_for("cart.index"), 303)
    if is_new:
        note_carted(listing_id)
    flash(f"“{found.listing.title}” is in your cart.", "success")
    return redirect(back, 303)


@blueprint.post("/remove/<listing_id>")
@public
def remove(listing_id: str) -> Response:
    """Take a listing out."""
    cart_session.take_out(listing_id)
    return redirect(url_for("cart.index"), 303)


@blueprint.post("/checkout")
@public
def checkout() -> Any:
    """One hosted checkout for everything in the cart that can be bought."""
    if pages.code_is_typed():
        return redirect(url_for("cart.codes"), 307)
    form = pages.checkout_form()
    if not signed_in():
        return pages.log_in_first(form, url_for("cart.index"))
    view = _view()
    if not view.payable:
        flash("There is nothing in your cart that can be bought now.", "info")
        return redirect(url_for("cart.index"), 303)
    if not pages.seen_is_right(view.prices):
        return pages.checkout_page(TEMPLATE, view, form, 409, pages.CHANGED)
    if not form.validate():
        return pages.checkout_page(TEMPLATE, view, form, 422)
    return _go(view, form)


@blueprint.post("/codes")
@public
def codes() -> Any:
    """Use a discount code, or take one back; nothing is paid here."""
    return pages.codes_page(TEMPLATE, _view, pages.checkout_form())


def _go(view: CartView, form: CheckoutForm) -> Any:
    details = pages.details_of(form, view.prices)
    save()  # no transaction stays open while Stripe is asked
    try:
        url = check_out(services(), current_user.id, list(view.prices), details)
    except (ConflictError, UnavailableError) as error:
        # The cart is read again: what stands in the way may have come up just now.
        status, problem = pages.refused(error)
        return pages.checkout_page(TEMPLATE, _view(), form, status, problem)
    pages.forget_typed()
    return redirect(url, 303)


def _view() -> CartView:
    items = cart_session.current_items()
    return cart_view(db(), cart_session.viewer_id(), items, pages.asked())
