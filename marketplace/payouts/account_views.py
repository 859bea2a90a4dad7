"""The seller's account at the payments partner: how it stands, and the way there and back."""

from __future__ import annotations

import logging

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user

from marketplace.accounts import operations as accounts_operations
from marketplace.accounts.models import SellerProfile
from marketplace.core.errors import ConflictError
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import requires
from marketplace.core.web.request_scope import db, save, services
from marketplace.gateways.payments import (
    PaymentError,
    PaymentUnavailableError,
    TransfersStatus,
)
from marketplace.payouts import accounts
from marketplace.payouts.account_words import account_words

log = logging.getLogger(__name__)
AWAY = "Our payments partner does not answer just now. Nothing is lost; try again in a minute."


@requires(Permission.SELL_LISTINGS_WRITE)
def account() -> ResponseReturnValue:
    """How the account stands, what is missing, and where to give it."""
    profile: SellerProfile = current_user.seller
    state = accounts.account_state(db(), profile)
    return render_template(
        "payouts/account.html",
        profile=profile,
        words=account_words(state.status, state.closed, state.needs),
        needs=state.needs,
        has_page=_has_page(state),
    )


@requires(Permission.SELL_LISTINGS_WRITE)
def onboard() -> ResponseReturnValue:
    """Lead to the provider's own form; opens the account first where there is none."""
    address = _form_address(current_user.seller)
    return redirect(address or url_for("payouts.account"), 303)


@requires(Permission.SELL_LISTINGS_WRITE)
def onboarding_refresh() -> ResponseReturnValue:
    """The provider sends sellers here whose link was old or used: give them a new one."""
    address = _form_address(current_user.seller)
    return redirect(address or url_for("payouts.account"))


@requires(Permission.SELL_LISTINGS_WRITE)
def onboarding_return() -> ResponseReturnValue:
    """Back from the provider, finished or not: ask how it stands."""
    profile: SellerProfile = current_user.seller
    seller_id = profile.user_id
    save()  # no transaction stays open while the provider is asked
    try:
        state = accounts.check_account(services(), seller_id)
    except (PaymentError, PaymentUnavailableError) as error:
        _say_away(error)
        return redirect(url_for("payouts.account"))
    if any(need.urgent for need in state.needs):
        flash("Stripe still needs something from you; it is listed here.", "warning")
    return redirect(url_for("payouts.account"))


@requires(Permission.SELL_LISTINGS_WRITE)
def dashboard() -> ResponseReturnValue:
    """Lead to the seller's own page at the provider: bank details, payouts, tax forms."""
    profile: SellerProfile = current_user.seller
    save()
    try:
        return redirect(accounts.login_address(services(), profile), 303)
    except PaymentUnavailableError as error:
        _say_away(error)
    except (PaymentError, ConflictError):
        flash("Set up payouts first; then you have a page of your own at Stripe.", "warning")
    return redirect(url_for("payouts.account"), 303)


def _has_page(state: accounts.AccountState) -> bool:
    begun = {TransfersStatus.ACTIVE, TransfersStatus.PENDING, TransfersStatus.RESTRICTED}
    return state.status in begun and not state.closed


def _form_address(profile: SellerProfile) -> str | None:
    """A fresh address of the provider's form; None, with a message, when there is none."""
    base = services().settings.public_url
    save()  # the row first: the call's key is made from its id
    try:
        account_id = accounts_operations.connect_account(
            services().payments, profile, current_user.email
        )
        save()
        return accounts.onboarding_address(
            services(),
            account_id,
            return_url=base + url_for("payouts.onboarding_return"),
            refresh_url=base + url_for("payouts.onboarding_refresh"),
        )
    except (PaymentError, PaymentUnavailableError) as error:
        _say_away(error)
        return None


def _say_away(error: Exception) -> None:
    log.warning("payments provider: %s %s", type(error).__name__, getattr(error, "code", ""))
    flash(AWAY, "warning")
