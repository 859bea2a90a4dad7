"""Pages of paying: "Buy now", off to the hosted checkout, and back from it."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_security import current_user
from werkzeug import Response

from marketplace.core.errors import ConflictError, NotFoundError, UnavailableError
from marketplace.core.ids import is_id
from marketplace.core.web.guards import login_required, public, signed_in
from marketplace.core.web.request_scope import db, save, services
from marketplace.core.web.traces import note_carted
from marketplace.gateways.payments import PaymentError, PaymentUnavailableError
from marketplace.offers.queries import current_prices
from marketplace.orders import buying_pages as pages
from marketplace.orders import cart, queries
from marketplace.orders.buyable import Obstacle
from marketplace.orders.checkout import start_checkout
from marketplace.orders.checkout_form import CheckoutForm
from marketplace.orders.checkout_orders import can_be_continued
from marketplace.orders.models import Order
from marketplace.orders.operations import settle
from marketplace.orders.states import SOLD, OrderState
from marketplace.orders.terms import TERMS_VERSION, VERSIONS

blueprint = Blueprint("checkout", __name__, url_prefix="/checkout")

SESSION_ID = re.compile(r"[A-Za-z0-9_]{1,120}")
TEMPLATE = "orders/checkout.html"


@blueprint.get("/start/<listing_id>")
@login_required
def review(listing_id: str) -> Any:
    """One listing before it is paid: price, billing details, terms."""
    found = cart.candidate(db(), current_user.id, listing_id)
    if found.obstacle is not None:
        return _owned_or_refused(found.obstacle)
    return pages.checkout_page(TEMPLATE, _only(listing_id), pages.checkout_form())


@blueprint.post("/start/<listing_id>")
@public
def start(listing_id: str) -> Any:
    """Open (or find again) the hosted checkout for one listing and go there."""
    if pages.code_is_typed():
        return redirect(url_for("checkout.codes", listing_id=listing_id), 307)
    form = pages.checkout_form()
    if not signed_in():
        return pages.log_in_first(form, url_for("checkout.review", listing_id=listing_id))
    found = cart.candidate(db(), current_user.id, listing_id)
    if found.obstacle is not None:
        return _owned_or_refused(found.obstacle)
    view = _only(listing_id)
    if not pages.seen_is_right(view.prices):
        return pages.checkout_page(TEMPLATE, view, form, 409, pages.CHANGED)
    if not form.validate():
        return pages.checkout_page(TEMPLATE, view, form, 422)
    return _go(view, form, listing_id)


@blueprint.post("/start/<listing_id>/codes")
@public
def codes(listing_id: str) -> Any:
    """Use a discount code, or take one back; nothing is paid here."""
    form = pages.checkout_form()
    if not signed_in():
        return pages.log_in_first(form, url_for("checkout.review", listing_id=listing_id))
    found = cart.candidate(db(), current_user.id, listing_id)
    if found.obstacle is not None:
        return _owned_or_refused(found.obstacle)
    return pages.codes_page(TEMPLATE, lambda: _only(listing_id), form)


def _go(view: cart.CartView, form: CheckoutForm, listing_id: str) -> Any:
    details = pages.details_of(form, view.prices)
    save()  # no transaction stays open while Stripe is asked
    try:
        begun = start_checkout(services(), current_user.id, listing_id, details)
    except (ConflictError, UnavailableError) as error:
        status, problem = pages.refused(error)
        return pages.checkout_page(TEMPLATE, _only(listing_id), form, status, problem)
    pages.forget_typed()
    if begun.entitlement_id is not None:
        return _to_library(begun.entitlement_id)
    note_carted(listing_id)
    return redirect(str(begun.url), 303)


def _only(listing_id: str) -> cart.CartView:
    listing = cart.candidate(db(), current_user.id, listing_id).listing
    shown = current_prices(db(), [listing])
    return cart.cart_view(db(), current_user.id, shown, pages.asked())


def _owned_or_refused(obstacle: Obstacle) -> Response:
    if obstacle.entitlement_id is not None:
        return _to_library(obstacle.entitlement_id)
    raise ConflictError(obstacle.message, obstacle.code)


def _to_library(entitlement_id: str) -> Response:
    flash("You own this prompt already.", "info")
    return redirect(url_for("library.item", id=entitlement_id), 303)


@blueprint.get("/terms", defaults={"version": TERMS_VERSION})
@blueprint.get("/terms/<version>")
@public
def terms(version: str) -> Any:
    """The terms of instant delivery, in the version that an order names."""
    if version not in VERSIONS:
        raise NotFoundError
    return render_template("orders/terms.html", terms=VERSIONS[version])


@blueprint.get("/done")
@login_required
def done() -> Any:
    """Back from the hosted page. The address proves nothing: Stripe is asked."""
    session_id = request.args.get("sid", "")
    if SESSION_ID.fullmatch(session_id) is None:
        raise NotFoundError
    order = queries.order_of_session(db(), session_id, current_user.id)
    save()  # no transaction stays open while Stripe is asked
    try:
        state = settle(services(), order.id)
    except (PaymentUnavailableError, PaymentError):
        return _status_page(order, "checking", refresh=True)
    if state not in SOLD:
        return _status_page(order, state.value, refresh=False)
    return _paid(order, state)


def _paid(order: Order, state: OrderState) -> Response:
    pages.forget_codes()
    cart.take_out(db(), current_user.id, [line.listing_id for line in order.lines])
    given = queries.entitlements_of_order(db(), order.id)
    if state is not OrderState.PAID or len(given) != len(order.lines):
        # Something of it went back, or is in dispute: the order's page says what.
        return redirect(url_for("orders.order", order_id=order.id), 303)
    if len(given) == 1:
        flash("Thank you! Your payment has arrived and the prompt is yours.", "success")
        return redirect(url_for("library.item", id=given[0].id), 303)
    flash("Thank you! Your payment has arrived and the prompts are yours.", "success")
    return redirect(url_for("orders.order", order_id=order.id), 303)


@blueprint.get("/cancelled")
@login_required
def cancelled() -> Any:
    """Back from the hosted page without paying; the checkout stays open for a while."""
    order_id = request.args.get("order", "")
    if not is_id(order_id):
        raise NotFoundError
    order = queries.order_of(db(), order_id, current_user.id)
    if order.state in SOLD:
        return redirect(url_for("orders.order", order_id=order.id))
    name = "cancelled" if order.state is OrderState.AWAITING_PAYMENT else order.state.value
    return _status_page(order, name, refresh=False)


def _status_page(order: Order, name: str, refresh: bool) -> Response:
    page = render_template(
        "orders/status.html",
        order=order,
        name=name,
        listings=[line.listing for line in order.lines],
        can_go_on=can_be_continued(order),
    )
    response = make_response(page)
    if refresh:
        response.headers["Refresh"] = "5"
    return response
