"""Payouts to a seller's bank: when, now, and what became of them."""

from __future__ import annotations

import logging
from datetime import timedelta

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import now
from marketplace.core.errors import ConflictError
from marketplace.core.money import Money
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import requires
from marketplace.core.web.pagination import Page, page_number
from marketplace.core.web.request_scope import db, save, services
from marketplace.gateways.payments import AccountBalance, PaymentError, PaymentUnavailableError
from marketplace.payouts import operations, queries, schedules
from marketplace.payouts.account_views import AWAY
from marketplace.payouts.forms import ScheduleForm
from marketplace.payouts.models import PayoutSettings
from marketplace.payouts.money_words import payout_refusal
from marketplace.payouts.presenters import payout_row
from marketplace.payouts.states import RequestState, Schedule

log = logging.getLogger(__name__)
PAGE_SIZE = 20
REFUSALS_SHOWN = timedelta(days=7)


@requires(Permission.SELL_LISTINGS_WRITE)
def index() -> ResponseReturnValue:
    """What lies at the provider, the schedule, and every payout."""
    settings = schedules.settings_of(db(), current_user.id)
    form = ScheduleForm(
        formdata=None,
        data={
            "schedule": settings.schedule.value,
            "threshold": str(Money(settings.threshold_cents)).removeprefix("$"),
        },
    )
    return _page(settings, form)


@requires(Permission.SELL_LISTINGS_WRITE)
def schedule() -> ResponseReturnValue:
    """Choose when to be paid out."""
    form = ScheduleForm()
    if not form.validate_on_submit():
        return _page(schedules.settings_of(db(), current_user.id), form, 422)
    schedules.choose_schedule(
        db(),
        services().queue,
        current_user.id,
        Schedule(form.schedule.data),
        form.threshold_cents,
    )
    flash("Saved. Stripe is told within a minute.", "success")
    return redirect(url_for("payouts.index"), 303)


@requires(Permission.SELL_LISTINGS_WRITE)
def pay_out() -> ResponseReturnValue:
    """Pay out what is available now."""
    profile: SellerProfile = current_user.seller
    found = _at_provider(profile)
    if found is None:
        flash(AWAY, "warning")
        return redirect(url_for("payouts.index"), 303)
    try:
        request = operations.ask_for_payout(
            db(), services().queue, profile.user_id, found.available, profile.user_id
        )
    except ConflictError as error:
        flash(error.message, "warning")
    else:
        flash(f"{Money(request.cents)} is on its way to your bank.", "success")
    return redirect(url_for("payouts.index"), 303)


@requires(Permission.SELL_LISTINGS_WRITE)
def resume() -> ResponseReturnValue:
    """The bank details are right again: pay out as before."""
    schedules.resume(db(), services().queue, current_user.id)
    flash("Thank you. Payouts go on as before.", "success")
    return redirect(url_for("payouts.index"), 303)


def _page(settings: PayoutSettings, form: ScheduleForm, status: int = 200) -> ResponseReturnValue:
    profile: SellerProfile = current_user.seller
    seller_id, number = profile.user_id, page_number()
    at_provider = _at_provider(profile)
    available = at_provider.available if at_provider else 0
    rows = [
        payout_row(payout)
        for payout in queries.payouts_of(db(), seller_id, PAGE_SIZE, (number - 1) * PAGE_SIZE)
    ]
    requests = queries.unfinished_requests(db(), seller_id, now() - REFUSALS_SHOWN)
    page = render_template(
        "payouts/payouts.html",
        profile=profile,
        settings=settings,
        form=form,
        at_provider=at_provider,
        reason=operations.reason_against(db(), profile, settings, available),
        failed=operations.has_failed(db(), seller_id, settings),
        pending=[one for one in requests if one.state is RequestState.PENDING],
        refused=[
            (one, payout_refusal(one.refused_code))
            for one in requests
            if one.state is RequestState.REFUSED
        ],
        page=Page(rows, number, PAGE_SIZE, queries.payout_count(db(), seller_id)),
    )
    return page, status


def _at_provider(profile: SellerProfile) -> AccountBalance | None:
    """What lies in the seller's account; None when nobody answers, or there is no account."""
    account_id = profile.stripe_account_id
    if account_id is None:
        return None
    save()  # no transaction stays open while the provider is asked
    try:
        return services().payments.account_balance(account_id)
    except (PaymentError, PaymentUnavailableError) as error:
        log.warning("balance of %s not read: %s", account_id, type(error).__name__)
        return None
