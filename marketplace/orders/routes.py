"""Pages of buying: off to the hosted checkout, and back from it."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_security import current_user
from werkzeug import Response

from marketplace.core.errors import NotFoundError
from marketplace.core.ids import is_id
from marketplace.core.web.guards import login_required
from marketplace.core.web.request_scope import db, services
from marketplace.gateways.payments import PaymentError, PaymentUnavailableError
from marketplace.listings.models import Listing
from marketplace.orders import queries
from marketplace.orders.checkout import start_checkout
from marketplace.orders.models import Order
from marketplace.orders.operations import settle
from marketplace.orders.states import OrderState

blueprint = Blueprint("checkout", __name__, url_prefix="/checkout")

SESSION_ID = re.compile(r"[A-Za-z0-9_]{1,120}")


@blueprint.post("/start/<listing_id>")
@login_required
def start(listing_id: str) -> Response:
    """Open (or find again) the hosted checkout for one listing and go there."""
    if not is_id(listing_id):
        raise NotFoundError
    begun = start_checkout(services(), current_user.id, listing_id)
    if begun.entitlement_id is not None:
        flash("You own this prompt already.", "info")
        return redirect(url_for("library.item", id=begun.entitlement_id), 303)
    return redirect(str(begun.url), 303)


@blueprint.get("/start/<listing_id>")
@login_required
def start_again(listing_id: str) -> Response:
    """After logging in on the way to a checkout: back to the listing, to press Buy with intent."""
    listing = db().get(Listing, listing_id) if is_id(listing_id) else None
    if listing is None or listing.published_at is None:
        raise NotFoundError
    return redirect(_listing_url(listing))


@blueprint.get("/done")
@login_required
def done() -> Any:
    """Back from the hosted page. The address proves nothing: Stripe is asked."""
    session_id = request.args.get("sid", "")
    if SESSION_ID.fullmatch(session_id) is None:
        raise NotFoundError
    order = queries.order_of_session(db(), session_id, current_user.id)
    try:
        state = settle(services(), order.id)
    except (PaymentUnavailableError, PaymentError):
        return _status_page(order, "checking", refresh=True)
    if state is not OrderState.PAID:
        return _status_page(order, state.value, refresh=False)
    given = queries.entitlements_of_order(db(), order.id)
    flash("Thank you! Your payment has arrived and the prompt is yours.", "success")
    if len(given) == 1:
        return redirect(url_for("library.item", id=given[0].id), 303)
    return redirect(url_for("library.index"), 303)


@blueprint.get("/cancelled")
@login_required
def cancelled() -> Any:
    """Back from the hosted page without paying; the checkout stays open for a while."""
    order_id = request.args.get("order", "")
    if not is_id(order_id):
        raise NotFoundError
    order = queries.order_of(db(), order_id, current_user.id)
    if order.state is OrderState.PAID:
        return redirect(url_for("library.index"))
    name = "cancelled" if order.state is OrderState.AWAITING_PAYMENT else order.state.value
    return _status_page(order, name, refresh=False)


def _status_page(order: Order, name: str, refresh: bool) -> Response:
    listings = [(line.listing, _listing_url(line.listing)) for line in order.lines]
    page = render_template("orders/status.html", order=order, name=name, listings=listings)
    response = make_response(page)
    if refresh:
        response.headers["Refresh"] = "5"
    return response


def _listing_url(listing: Listing) -> str:
    return url_for("discovery.listing", path=f"{listing.slug}-{listing.id}")
