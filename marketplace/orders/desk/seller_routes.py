"""Sellers' money at the desk: holding and releasing it, and writing off what cannot be got back."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_security import current_user

from marketplace.accounts.models import SellerProfile
from marketplace.core.errors import InvalidError, NotFoundError
from marketplace.core.money import Money
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import requires
from marketplace.core.web.pagination import page_number
from marketplace.core.web.request_scope import db, services
from marketplace.gateways.payments import (
    PaymentError,
    PaymentUnavailableError,
    SellerAccount,
)
from marketplace.orders.debts import seller_debt, write_off
from marketplace.orders.desk import acts, search, sellers
from marketplace.orders.desk.blueprint import blueprint, known_id
from marketplace.orders.desk.forms import HoldForm, ReasonForm, WriteOffForm
from marketplace.orders.desk.models import Act
from marketplace.orders.desk.rights import is_own, must_not_be_own
from marketplace.orders.holds import hold_line, hold_seller, release_line, release_seller
from marketplace.orders.locks import lock_seller_money
from marketplace.orders.models import OrderLine


@blueprint.get("/sellers")
@requires(Permission.DESK_ORDERS_READ)
def seller_list() -> str:
    """Sellers with something the matter, or those who fit what was typed."""
    text = search.clean(request.args.get("q", ""))
    page = sellers.sellers_page(db(), text, page_number())
    return render_template("desk/sellers.html", page=page, q=text)


@blueprint.get("/sellers/<seller_id>")
@requires(Permission.DESK_ORDERS_READ)
def seller(seller_id: str) -> str:
    """One seller's money; what Stripe wants of them when asked for."""
    found = sellers.profile(db(), known_id(seller_id))
    account, problem = None, None
    if "stripe" in request.args and found.stripe_account_id:
        account, problem = _ask_stripe(found.stripe_account_id)
    return _page(found, account=account, problem=problem)


@blueprint.post("/sellers/<seller_id>/hold")
@requires(Permission.DESK_HOLDS_WRITE)
def hold_all(seller_id: str) -> Any:
    """Keep back everything a seller is owed."""
    found, form = sellers.profile(db(), known_id(seller_id)), HoldForm()
    must_not_be_own(found.user_id)
    if not form.validate_on_submit():
        return _page(found, hold_form=form), 422
    reason = (form.reason.data or "").strip()
    hold_seller(db(), found.user_id, current_user.id, reason, form.moment())
    acts.record(db(), Act.HOLD_SELLER, current_user.id, reason, seller_id=found.user_id)
    flash(f"Everything that {found.display_name} is owed is held now.", "success")
    return redirect(url_for("desk.seller", seller_id=found.user_id), 303)


@blueprint.post("/sellers/<seller_id>/release")
@requires(Permission.DESK_HOLDS_WRITE)
def release_all(seller_id: str) -> Any:
    """End the hold on a seller's money."""
    found, form = sellers.profile(db(), known_id(seller_id)), ReasonForm()
    must_not_be_own(found.user_id)
    if not form.validate_on_submit():
        return _page(found, release_form=form), 422
    reason = (form.reason.data or "").strip()
    release_seller(db(), services().queue, found.user_id, current_user.id, reason)
    acts.record(db(), Act.RELEASE_SELLER, current_user.id, reason, seller_id=found.user_id)
    flash(f"{found.display_name} is paid again.", "success")
    return redirect(url_for("desk.seller", seller_id=found.user_id), 303)


@blueprint.post("/sellers/<seller_id>/write-off")
@requires(Permission.DESK_DEBTS_WRITE)
def write_off_debt(seller_id: str) -> Any:
    """Let the house bear a debt, or a part of it."""
    found, form = sellers.profile(db(), known_id(seller_id)), WriteOffForm()
    must_not_be_own(found.user_id)
    if not form.validate_on_submit():
        return _page(found, write_off_form=form), 422
    reason = (form.reason.data or "").strip()
    lock_seller_money(db(), [found.user_id])  # two clicks take turns, and the second is told
    if request.form.get("seen") != str(seller_debt(db(), found.user_id)):
        flash("The debt has changed since you looked at it. Nothing was written off.", "warning")
        return _page(found, write_off_form=form), 409
    try:
        row = write_off(db(), services().queue, found.user_id, form.cents, reason, current_user.id)
    except InvalidError as error:
        field = form.amount if error.field == "cents" else form.reason
        field.errors = [*field.errors, error.message]
        return _page(found, write_off_form=form), 422
    acts.record(
        db(),
        Act.WRITE_OFF,
        current_user.id,
        reason,
        subject=row.id,
        seller_id=found.user_id,
        cents=row.cents,
    )
    flash(f"{Money(row.cents)} are written off.", "success")
    return redirect(url_for("desk.seller", seller_id=found.user_id), 303)


@blueprint.get("/lines/<line_id>")
@requires(Permission.DESK_ORDERS_READ)
def line(line_id: str) -> str:
    """One sale's share: where it stands, and holding or releasing it."""
    return _line_page(_line(line_id))


@blueprint.post("/lines/<line_id>/hold")
@requires(Permission.DESK_HOLDS_WRITE)
def hold_one(line_id: str) -> Any:
    """Keep one sale's share back."""
    found, form = _line(line_id), HoldForm()
    must_not_be_own(found.seller_id, found.order.buyer_id)
    if not form.validate_on_submit():
        return _line_page(found, hold_form=form), 422
    reason = (form.reason.data or "").strip()
    hold_line(db(), found.id, current_user.id, reason, form.moment())
    return _line_done(found, Act.HOLD_LINE, reason, "The share is held.")


@blueprint.post("/lines/<line_id>/release")
@requires(Permission.DESK_HOLDS_WRITE)
def release_one(line_id: str) -> Any:
    """Set one sale's share going."""
    found, form = _line(line_id), ReasonForm()
    must_not_be_own(found.seller_id, found.order.buyer_id)
    if not form.validate_on_submit():
        return _line_page(found, release_form=form), 422
    reason = (form.reason.data or "").strip()
    release_line(db(), services().queue, found.id, current_user.id, reason)
    return _line_done(found, Act.RELEASE_LINE, reason, "The share is on its way.")


def _line_done(found: OrderLine, act: Act, reason: str, words: str) -> Any:
    acts.record(
        db(),
        act,
        current_user.id,
        reason,
        subject=found.id,
        order_id=found.order_id,
        seller_id=found.seller_id,
    )
    flash(words, "success")
    return redirect(url_for("desk.order", order_id=found.order_id), 303)


def _line(line_id: str) -> OrderLine:
    found = db().get(OrderLine, known_id(line_id))
    if found is None:
        raise NotFoundError
    return found


def _line_page(
    found: OrderLine, hold_form: HoldForm | None = None, release_form: ReasonForm | None = None
) -> str:
    hold_form = hold_form or HoldForm(formdata=None)
    release_form = release_form or ReasonForm(formdata=None)
    release_form.reason.id = "release-reason"  # both forms may stand on the page
    return render_template(
        "desk/line.html",
        line=found,
        seller=db().get(SellerProfile, found.seller_id),
        hold_form=hold_form,
        release_form=release_form,
        names=acts.people(db(), [found.held_by]),
        own=is_own(found.seller_id, found.order.buyer_id),
    )


def _page(
    found: SellerProfile,
    *,
    hold_form: HoldForm | None = None,
    release_form: ReasonForm | None = None,
    write_off_form: WriteOffForm | None = None,
    account: SellerAccount | None = None,
    problem: str | None = None,
) -> str:
    view = sellers.seller_view(db(), found, acts.acts_about_seller(db(), found.user_id))
    people = [act.actor_id for act in view.acts] + [row.decided_by for row in view.write_offs]
    people += [view.hold.placed_by] if view.hold else []
    write_off_form = write_off_form or WriteOffForm(formdata=None)
    write_off_form.reason.id = "write-off-reason"  # a hold's form stands on the page, too
    return render_template(
        "desk/seller.html",
        view=view,
        hold_form=hold_form or HoldForm(formdata=None),
        release_form=release_form or ReasonForm(formdata=None),
        write_off_form=write_off_form,
        names=acts.people(db(), people),
        own=is_own(found.user_id),
        account=account,
        problem=problem,
    )


def _ask_stripe(account_id: str) -> tuple[SellerAccount | None, str | None]:
    """The account as Stripe has it now, or why that is not known."""
    try:
        return services().payments.seller_account(account_id), None
    except PaymentUnavailableError:
        return None, "Stripe does not answer now. Please try again in a moment."
    except PaymentError as error:
        return None, f"Stripe refuses to say ({error.code or 'no code'})."
