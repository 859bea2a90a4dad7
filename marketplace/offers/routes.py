"""A seller's discounts, and where their link leads."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_security import current_user
from werkzeug import Response

from marketplace.accounts.models import SellerProfile
from marketplace.core.errors import InvalidError, NotFoundError
from marketplace.core.ids import split_slug
from marketplace.core.money import Money
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import public, requires, signed_in
from marketplace.core.web.request_scope import db, services
from marketplace.listings.models import Listing
from marketplace.listings.states import ListingState
from marketplace.offers import operations, queries
from marketplace.offers.bundles import bundles_of
from marketplace.offers.forms import CodeForm, OfferForm, SaleForm
from marketplace.offers.operations import LONGEST_SALE
from marketplace.offers.pricing import FLOOR_CENTS
from marketplace.offers.referral import remember

blueprint = Blueprint("offers", __name__)


@blueprint.get("/sell/discounts")
@requires(Permission.SELL_LISTINGS_WRITE)
def index() -> Any:
    """Sales, codes, bundles and the seller's own link."""
    seller_id = current_user.id
    link = queries.link_of(db(), seller_id)
    return render_template(
        "offers/index.html",
        sales=queries.sales_of(db(), seller_id),
        codes=queries.codes_of(db(), seller_id),
        bundles=bundles_of(db(), seller_id),
        link=link,
        floor=Money(FLOOR_CENTS),
    )


@blueprint.get("/sell/discounts/sale")
@requires(Permission.SELL_LISTINGS_WRITE)
def new_sale() -> Any:
    """The form of a timed sale."""
    return _page("offers/sale.html", SaleForm())


@blueprint.post("/sell/discounts/sale")
@requires(Permission.SELL_LISTINGS_WRITE)
def start_sale() -> Any:
    """Plan a sale, or begin one at once."""
    form = SaleForm()
    _offer_choices(form)
    if not form.validate():
        return _page("offers/sale.html", form, 422)
    try:
        sale = operations.start_sale(db(), current_user.id, form.offer())
    except InvalidError as error:
        form.refuse(error)
        return _page("offers/sale.html", form, 422)
    flash(f"Your sale ({sale.reduction}) is set. Buyers see the end beside the price.", "success")
    return redirect(url_for("offers.index"), 303)


@blueprint.post("/sell/discounts/sale/<sale_id>/end")
@requires(Permission.SELL_LISTINGS_WRITE)
def end_sale(sale_id: str) -> Response:
    """End a sale now, or call off one that has not begun."""
    if operations.cancel_sale(db(), current_user.id, sale_id):
        flash("The sale is over: the listed prices count again.", "success")
    return redirect(url_for("offers.index"), 303)


@blueprint.get("/sell/discounts/code")
@requires(Permission.SELL_LISTINGS_WRITE)
def new_code() -> Any:
    """The form of a discount code."""
    return _page("offers/code.html", CodeForm())


@blueprint.post("/sell/discounts/code")
@requires(Permission.SELL_LISTINGS_WRITE)
def make_code() -> Any:
    """Make a discount code."""
    form = CodeForm()
    _offer_choices(form)
    if not form.validate():
        return _page("offers/code.html", form, 422)
    try:
        code = operations.make_code(
            db(), current_user.id, form.code.data or "", form.offer(), *form.limits
        )
    except InvalidError as error:
        form.refuse(error)
        return _page("offers/code.html", form, 422)
    flash(f"Code {code.label} is yours to give away.", "success")
    return redirect(url_for("offers.index"), 303)


@blueprint.post("/sell/discounts/code/<code_id>/end")
@requires(Permission.SELL_LISTINGS_WRITE)
def end_code(code_id: str) -> Response:
    """Let a code work no more."""
    if operations.withdraw_code(db(), current_user.id, code_id):
        flash("The code works no more. Checkouts that are open with it can still be paid.", "info")
    return redirect(url_for("offers.index"), 303)


@blueprint.post("/sell/discounts/link")
@requires(Permission.SELL_LISTINGS_WRITE)
def renew_link() -> Response:
    """Make the seller's link, or a new one in place of the old."""
    operations.renew_link(db(), current_user.id)
    flash("This is your link. An older one leads nowhere from now on.", "success")
    return redirect(url_for("offers.index"), 303)


@blueprint.get("/via/<token>", defaults={"path": ""})
@blueprint.get("/via/<token>/<path>")
@public
def via(token: str, path: str) -> Response:
    """A seller's own link: note by whom the visitor came, and show the seller or one listing."""
    seller_id = queries.seller_of_link(db(), token)
    if seller_id is None:
        raise NotFoundError
    response = redirect(_target(seller_id, path), 303)
    response.headers["Referrer-Policy"] = "no-referrer"
    own = signed_in() and current_user.id == seller_id
    if services().settings.referral_free and not own:
        remember(response, services().settings, seller_id)
    return response


def _target(seller_id: str, path: str) -> str:
    """A listing of theirs that is on sale, or else their page."""
    listing = db().get(Listing, split_slug(path)[1]) if path else None
    if (
        listing is not None
        and listing.seller_id == seller_id
        and listing.state is ListingState.LIVE
    ):
        return url_for("discovery.listing", path=listing.path)
    return url_for("discovery.seller", handle=db().get_one(SellerProfile, seller_id).handle)


def _offer_choices(form: OfferForm) -> None:
    form.offer_choices(queries.on_sale_of(db(), current_user.id))


def _page(template: str, form: OfferForm, status: int = 200) -> tuple[str, int]:
    _offer_choices(form)
    chosen = request.args.getlist("listing")
    if request.method == "GET" and chosen:
        form.scope.data, form.listings.data = "some", chosen
    page = render_template(template, form=form, floor=Money(FLOOR_CENTS), longest=LONGEST_SALE.days)
    return page, status
