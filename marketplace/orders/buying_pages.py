"""What the cart and "Buy now" share: the form, who is asking, and the page when it cannot go on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from flask import flash, redirect, render_template, request, session, url_for
from flask_security import current_user
from werkzeug import Response

from marketplace.core.errors import ConflictError, UnavailableError
from marketplace.core.web.guards import signed_in
from marketplace.core.web.request_scope import db, services
from marketplace.listings.queries import covers_of
from marketplace.offers.codes import folded, written
from marketplace.offers.referral import current_referrer
from marketplace.orders.billing import BillingDetails, last_billing
from marketplace.orders.cart import CartView, seen_prices
from marketplace.orders.checkout import CheckoutDetails
from marketplace.orders.checkout_form import CheckoutForm
from marketplace.orders.quoting import MAX_CODES, Asked
from marketplace.orders.risk import address_hash
from marketplace.orders.terms import TERMS_VERSION

TYPED = "checkout_typed"
CODES = "discount_codes"
NO_CODE = "A code has 4 to 20 letters and digits, for example FOX20. Type it as you were given it."
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
        asked=asked(),
    )


def asked() -> Asked:
    """The codes that this browser has typed, and by whose link it came."""
    return Asked(_kept_codes(), current_referrer(services().settings))


def _kept_codes() -> tuple[str, ...]:
    kept = session.get(CODES)
    texts = kept if isinstance(kept, list) else []
    return tuple(text for text in texts[:MAX_CODES] if isinstance(text, str) and folded(text))


def code_is_typed() -> bool:
    """Whether a code stands in the form that nobody has looked at: it is, before anything is paid.

    There the tries are counted, so the way to pay is no way to guess.
    """
    return bool(request.form.get("code", "").strip())


def codes_page(template: str, view: Callable[[], CartView], form: CheckoutForm) -> Any:
    """The page again, with a code more or less; what cannot be used stays in its field."""
    taken_back = folded(request.form.get("remove", ""))
    typed = request.form.get("code", "")
    before = _kept_codes()
    if taken_back:
        session[CODES] = [text for text in before if folded(text) != taken_back]
        return checkout_page(template, view(), form)
    if not folded(typed):
        return checkout_page(template, view(), form, 422, code=(typed, NO_CODE))
    if len(before) >= MAX_CODES and folded(typed) not in map(folded, before):
        full = f"{MAX_CODES} codes are the most at once: take one out first."
        return checkout_page(template, view(), form, 422, code=(typed, full))
    kept = [text for text in before if folded(text) != folded(typed)]
    session[CODES] = [written(typed), *kept]
    found = view()
    note = next((one for one in found.codes if one.label == written(typed)), None)
    if note is not None and note.works:
        return checkout_page(template, found, form)
    session[CODES] = kept
    message = note.message if note else "There is nothing here that a code could lower."
    return checkout_page(template, view(), form, 422, code=(typed, message))


def forget_codes() -> None:
    """They have done their work."""
    session.pop(CODES, None)


def checkout_page(
    template: str,
    view: CartView,
    form: CheckoutForm,
    status: int = 200,
    problem: str | None = None,
    code: tuple[str, str] = ("", ""),
    **values: Any,
) -> tuple[str, int]:
    """A page with the form, everything typed still in it; ``code`` is one that failed, and why."""
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
        code=code,
        away=status == UnavailableError.status,
        taxed=services().settings.stripe_tax,
        **values,
    )
    return page, status


def refused(error: ConflictError | UnavailableError) -> tuple[int, str]:
    """Status and words of a checkout that could not be opened."""
    return (429 if error.code == "too_many_attempts" else error.status), error.message
