"""What the cart and "Buy now" share: the form, who is asking, and the page when it cannot go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import flash, redirect, render_template, request, session, url_for
from flask_security import current_user
from werkzeug import Response

from marketplace.core.errors import ConflictError, UnavailableError
from marketplace.core.web.guards import signed_in
from marketplace.core.web.request_scope import db, services
from marketplace.listings.queries import covers_of
from marketplace.orders.billing import BillingDetails, last_billing
from marketplace.orders.cart import CartView, seen_prices
from marketplace.orders.checkout import CheckoutDetails
from marketplace.orders.checkout_form import CheckoutForm
from marketplace.orders.risk import address_hash
from marketplace.orders.terms import TERMS_VERSION

TYPED = "checkout_typed"
CHANGED = (
    "Something has changed since you opened this page. Look at the sum below, and press again if "
    "it suits you."
)


def checkout_form() -> CheckoutForm:
    """The form as it was sent; a fresh one holds what was typed before, or bought with last."""
    form = CheckoutForm()
    if request.method == "POST" and "line1" in request.form:
        return form
    form.fill_in(_known_billing())
    return form


def _known_billing() -> BillingDetails:
    typed = session.get(TYPED)
    if isinstance(typed, dict):
        names = asdict(BillingDetails())
        return BillingDetails(
            **{name: text for name, text in typed.items() if name in names and type(text) is str}
        )
    return last_billing(db(), current_user.id) if signed_in() else BillingDetails()


def log_in_first(form: CheckoutForm, back: str) -> Response:
    """Send somebody whose session has ended to the log-in page; what they typed waits."""
    if form.billing().given:
        session[TYPED] = asdict(form.billing())
    flash("Please log in first; your cart is kept.", "info")
    return redirect(url_for("security.login", next=back))


def forget_typed() -> None:
    """The order has it now."""
    session.pop(TYPED, None)


def seen_is_right(prices: Mapping[str, int]) -> bool:
    """Whether a form was sent from a page that showed what there is to buy now."""
    seen = request.form.get("seen")
    return seen is None or seen == seen_prices(prices)


def details_of(form: CheckoutForm, prices: Mapping[str, int]) -> CheckoutDetails:
    """What goes into the order."""
    address = request.remote_addr
    return CheckoutDetails(
        terms_version=TERMS_VERSION if form.terms.data else None,
        billing=form.billing() if "line1" in request.form else None,
        address_hash=address_hash(services().settings.secret_key, address) if address else None,
        prices=prices,
    )


def checkout_page(
    template: str,
    view: CartView,
    form: CheckoutForm,
    status: int = 200,
    problem: str | None = None,
    **values: Any,
) -> tuple[str, int]:
    """A page with the form, everything typed still in it."""
    versions = [
        line.listing.live_version_id
        for line in [*view.payable, *view.blocked]
        if line.listing.live_version_id
    ]
    page = render_template(
        template,
        cart=view,
        seen=seen_prices(view.prices),
        form=form,
        covers=covers_of(db(), versions),
        problem=problem,
        away=status == UnavailableError.status,
        taxed=services().settings.stripe_tax,
        **values,
    )
    return page, status


def refused(error: ConflictError | UnavailableError) -> tuple[int, str]:
    """Status and words of a checkout that could not be opened."""
    return (429 if error.code == "too_many_attempts" else error.status), error.message
