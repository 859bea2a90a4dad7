"""Buying a bundle: one position, one payment, a line for each prompt in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, redirect, url_for
from flask_security import current_user

from marketplace.core.errors import ConflictError, NotFoundError, UnavailableError
from marketplace.core.web.guards import login_required, public, signed_in
from marketplace.core.web.request_scope import db, save, services
from marketplace.orders import buying_pages as pages
from marketplace.orders.bundling import OVER, BundleOffer, bundle_offer
from marketplace.orders.cart import CartLine, CartView
from marketplace.orders.checkout import check_out
from marketplace.orders.checkout_form import CheckoutForm

blueprint = Blueprint("bundle_checkout", __name__, url_prefix="/checkout/bundle")

TEMPLATE = "orders/bundle.html"


@blueprint.get("/<bundle_id>")
@login_required
def review(bundle_id: str) -> Any:
    """A bundle before it is paid: what is in it, its price, billing details, terms."""
    return _page(_offer(bundle_id), pages.checkout_form())


@blueprint.post("/<bundle_id>")
@public
def start(bundle_id: str) -> Any:
    """Open (or find again) the hosted checkout for a bundle and go there."""
    form = pages.checkout_form()
    if not signed_in():
        return pages.log_in_first(form, url_for("bundle_checkout.review", bundle_id=bundle_id))
    offer = _offer(bundle_id)
    if offer.obstacle is not None:
        return _page(offer, form, 409)
    if not pages.seen_is_right(offer.quote.prices):
        return _page(offer, form, 409, pages.CHANGED)
    if not form.validate():
        return _page(offer, form, 422)
    return _go(offer, form)


def _go(offer: BundleOffer, form: CheckoutForm) -> Any:
    details = pages.details_of(form, offer.quote.prices)
    asked = replace(details.asked, codes=(), bundle_id=offer.bundle.id)
    wanted, bundle_id = list(offer.quote.lines), offer.bundle.id
    save()  # no transaction stays open while Stripe is asked
    try:
        url = check_out(services(), current_user.id, wanted, replace(details, asked=asked))
    except (ConflictError, UnavailableError) as error:
        status, problem = pages.refused(error)
        return _page(_offer(bundle_id), form, status, problem)
    pages.forget_typed()
    return redirect(url, 303)


def _offer(bundle_id: str) -> BundleOffer:
    """The bundle as the person who asks can have it; one that was withdrawn is not there."""
    referrer_id = pages.asked().referrer_id
    offer = bundle_offer(db(), current_user.id, bundle_id, referrer_id)
    if offer.obstacle is OVER:
        raise NotFoundError
    return offer


def _page(
    offer: BundleOffer, form: CheckoutForm, status: int = 200, problem: str | None = None
) -> Any:
    lines = [
        CartLine(terms.listing, terms.shelf_cents, None, terms)
        for terms in offer.quote.lines.values()
    ]
    if problem is None and offer.obstacle is not None:
        problem = offer.obstacle.message
    return pages.checkout_page(TEMPLATE, CartView(lines, []), form, status, problem, offer=offer)
