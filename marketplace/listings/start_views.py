"""Becoming a seller, and the seller's dashboard."""

from __future__ import annotations

import logging
from typing import cast

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user

from marketplace.accounts import operations as accounts
from marketplace.accounts.models import SellerProfile, User
from marketplace.core.errors import InvalidError
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import login_required, may, public
from marketplace.core.web.request_scope import db, save, services
from marketplace.gateways.payments import PaymentError, PaymentUnavailableError
from marketplace.listings.forms import StartForm
from marketplace.listings.presenters import listing_row, payout_note
from marketplace.listings.queries import listings_of

log = logging.getLogger(__name__)


@public
def index() -> ResponseReturnValue:
    """A seller's dashboard; to everyone else, what selling here means."""
    if not may(Permission.SELL_LISTINGS_WRITE):
        return render_template("listings/pitch.html")
    profile = current_user.seller
    rows = [listing_row(listing) for listing in listings_of(db(), current_user.id)]
    return render_template(
        "listings/index.html", profile=profile, rows=rows, payout_note=payout_note(profile)
    )


@login_required
def start() -> ResponseReturnValue:
    """Opt in: profile, role and connected account."""
    if current_user.seller is not None:
        return redirect(url_for("sell.index"))
    form = StartForm(data={"display_name": current_user.display_name})
    if form.validate_on_submit():
        try:
            profile = accounts.open_seller_profile(
                db(), _me(), form.handle.data or "", form.display_name.data or ""
            )
        except InvalidError as error:
            form.handle.errors = [error.message]
        else:
            save()  # the row first: the call's key is made from its id
            _connect(profile)
            return redirect(url_for("payouts.account"))
    return render_template("listings/start.html", form=form), 422 if form.is_submitted() else 200


def _me() -> User:
    """The person behind the request, as a row rather than a proxy."""
    return cast(User, current_user._get_current_object())


def _connect(profile: SellerProfile) -> bool:
    """Make sure there is a connected account; False when the provider does not play along."""
    try:
        accounts.connect_account(services().payments, profile, current_user.email)
    except (PaymentError, PaymentUnavailableError) as error:
        _say_away(error)
        return False
    return True


def _say_away(error: Exception) -> None:
    log.warning("payments provider: %s %s", type(error).__name__, getattr(error, "code", ""))
    flash(
        "Our payments partner does not answer just now. Nothing is lost; try again in a minute.",
        "warning",
    )
