"""Becoming a seller, the connected account, and the seller's dashboard."""

from __future__ import annotations

import logging
from typing import cast

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user

from marketplace.accounts import operations as accounts
from marketplace.accounts.models import SellerProfile, User
from marketplace.core.errors import InvalidError
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import login_required, may, public, requires
from marketplace.core.web.request_scope import db, save, services
from marketplace.gateways.payments import (
    PaymentError,
    PaymentUnavailableError,
    TransfersStatus,
)
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
            return redirect(url_for("sell.onboarding"))
    return render_template("listings/start.html", form=form), 422 if form.is_submitted() else 200


@requires(Permission.SELL_LISTINGS_WRITE)
def onboarding() -> ResponseReturnValue:
    """Explain what the payments partner will ask, and lead there."""
    profile = current_user.seller
    if request.method == "POST" and _connect(profile):
        save()
        address = _hosted_onboarding(profile)
        if address is not None:
            return redirect(address, 303)
    return render_template(
        "listings/onboarding.html", profile=profile, payout_note=payout_note(profile)
    )


@requires(Permission.SELL_LISTINGS_WRITE)
def onboarding_return() -> ResponseReturnValue:
    """Back from the payments partner: ask how it stands."""
    try:
        status = accounts.refresh_transfers_status(services().payments, current_user.seller)
    except (PaymentError, PaymentUnavailableError) as error:
        _say_away(error)
        return redirect(url_for("sell.index"))
    if status is TransfersStatus.ACTIVE:
        flash("Payouts are set up. 80 % of every sale goes to your account.", "success")
    else:
        flash(payout_note(current_user.seller) or "", "warning")
    return redirect(url_for("sell.index"))


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


def _hosted_onboarding(profile: SellerProfile) -> str | None:
    """Address of the provider's own form, or None when it does not answer."""
    base = services().settings.public_url
    try:
        return services().payments.onboarding_url(
            str(profile.stripe_account_id),
            return_url=base + url_for("sell.onboarding_return"),
            refresh_url=base + url_for("sell.onboarding"),
        )
    except (PaymentError, PaymentUnavailableError) as error:
        _say_away(error)
        return None


def _say_away(error: Exception) -> None:
    log.warning("payments provider: %s %s", type(error).__name__, getattr(error, "code", ""))
    flash(
        "Our payments partner does not answer just now. Nothing is lost; try again in a minute.",
        "warning",
    )
