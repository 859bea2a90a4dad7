"""A seller's bundles: made, and withdrawn."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_security import current_user
from flask_wtf import FlaskForm
from werkzeug import Response
from wtforms import SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, ValidationError

from marketplace.accounts.forms import printable
from marketplace.core.errors import InvalidError
from marketplace.core.money import Money, parse_price
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import requires
from marketplace.core.web.request_scope import db
from marketplace.offers import bundles
from marketplace.offers.forms import NeededField
from marketplace.offers.pricing import FLOOR_CENTS
from marketplace.offers.queries import on_sale_of

blueprint = Blueprint("bundle_offers", __name__, url_prefix="/sell/discounts/bundle")


class BundleForm(FlaskForm):
    """A bundle: its name, what is in it, its price."""

    title = StringField(
        "Name",
        validators=[
            DataRequired("Give it a name that buyers see, for example “All my paper animals”."),
            Length(max=80, message="At most 80 characters, please."),
            printable,
        ],
        filters=[lambda text: " ".join(text.split()) if text else text],
    )
    listings = SelectMultipleField("What is in it", validate_choice=False)
    price = NeededField("Price of all together, in dollars")

    def validate_listings(self, field: SelectMultipleField) -> None:
        """So many, and no more."""
        chosen = set(field.data or ())
        if not bundles.FEWEST <= len(chosen) <= bundles.MOST:
            raise ValidationError(f"Choose {bundles.FEWEST} to {bundles.MOST} of your listings.")

    def validate_price(self, field: StringField) -> None:
        """Dollars and cents."""
        try:
            parse_price(field.data or "")
        except ValueError as error:
            raise ValidationError(str(error)) from None


@blueprint.get("")
@requires(Permission.SELL_LISTINGS_WRITE)
def new() -> Any:
    """The form of a bundle."""
    return _page(BundleForm())


@blueprint.post("")
@requires(Permission.SELL_LISTINGS_WRITE)
def make() -> Any:
    """Offer a bundle."""
    form = BundleForm()
    if not form.validate():
        return _page(form, 422)
    chosen, price = form.listings.data or [], parse_price(form.price.data or "")
    try:
        bundle = bundles.make_bundle(
            db(), current_user.id, form.title.data or "", chosen, price.cents
        )
    except InvalidError as error:
        field = form[error.field or "price"]
        field.errors = [*field.errors, error.message]
        return _page(form, 422)
    flash(f"“{bundle.title}” is on offer for {Money(bundle.price_cents)}.", "success")
    return redirect(url_for("bundles.show", bundle_id=bundle.id), 303)


@blueprint.post("/<bundle_id>/end")
@requires(Permission.SELL_LISTINGS_WRITE)
def end(bundle_id: str) -> Response:
    """Offer it no more."""
    if bundles.withdraw_bundle(db(), current_user.id, bundle_id):
        flash("The bundle is not offered any more. Whoever bought it keeps everything.", "success")
    return redirect(url_for("offers.index"), 303)


def _page(form: BundleForm, status: int = 200) -> tuple[str, int]:
    live = on_sale_of(db(), current_user.id)
    form.listings.choices = [
        SelectChoice(one.id, f"{one.title} ({Money(one.price_cents)})") for one in live
    ]
    page = render_template("offers/bundle.html", form=form, floor=Money(FLOOR_CENTS))
    return page, status
