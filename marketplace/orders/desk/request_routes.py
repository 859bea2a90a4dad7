"""Refunds that wait for a person: buyers' requests, parked orders, refunds that came back."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_security import current_user

from marketplace.accounts.models import User
from marketplace.core.errors import ConflictError, InvalidError, NotFoundError
from marketplace.core.money import Money
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import requires
from marketplace.core.web.pagination import page_number
from marketplace.core.web.request_scope import db, services
from marketplace.orders.desk import acts, overview
from marketplace.orders.desk.blueprint import blueprint, known_id
from marketplace.orders.desk.forms import AnswerForm, ReasonForm
from marketplace.orders.desk.models import Act
from marketplace.orders.desk.refund_plan import Plan, plan, read_amount
from marketplace.orders.desk.refund_routes import seller_names
from marketplace.orders.desk.rights import is_own, must_not_be_own, parties
from marketplace.orders.models import Order
from marketplace.orders.refund_booking import mark_paid_by_hand
from marketplace.orders.refund_models import Refund, RefundRequest
from marketplace.orders.refunds import decide_refund_request, refund_parked, refundable_cents
from marketplace.orders.states import REFUNDABLE, OrderState, RequestState

TABS = ("requests", "parked", "failed", "answered")


@blueprint.get("/refunds")
@requires(Permission.DESK_ORDERS_READ)
def refunds() -> str:
    """What waits for a decision, by kind."""
    tab = request.args.get("tab", "requests")
    tab = tab if tab in TABS else "requests"
    number = page_number()
    page: Any
    if tab == "parked":
        page = overview.parked_page(db(), number)
        orders = list(page.items)
    elif tab == "failed":
        page = overview.failed_page(db(), number)
        orders = [row.order for row in page.items]
    else:
        page = overview.requests_page(db(), number, answered=tab == "answered")
        orders = [row.order for row in page.items]
    names = acts.people(db(), [row.decided_by for row in page.items] if tab == "answered" else [])
    emails = overview.emails(db(), orders)
    return render_template("desk/refunds.html", tab=tab, page=page, emails=emails, names=names)


@blueprint.get("/refunds/requests/<request_id>")
@requires(Permission.DESK_ORDERS_READ)
def refund_request(request_id: str) -> str:
    """One request with what a yes would do."""
    return _request_page(_request(request_id), AnswerForm(formdata=None))


@blueprint.post("/refunds/requests/<request_id>")
@requires(Permission.DESK_REFUNDS_WRITE)
def decide_request(request_id: str) -> Any:
    """Say yes or no; a changed sum is shown once more before it is given back."""
    asked, form = _request(request_id), AnswerForm()
    must_not_be_own(*parties(asked.order))
    approve = "approve" in request.form
    try:
        if not form.validate_on_submit():
            return _request_page(asked, form), 422
        cents = _cents(asked, form) if approve else None
        if approve and request.form.get("seen") != f"{asked.id}:{cents}":
            return _request_page(asked, form, cents)
        answer = (form.answer.data or "").strip()
        decide_refund_request(db(), services(), asked.id, current_user.id, approve, answer, cents)
    except InvalidError as error:
        _put_error(form, error)
        return _request_page(asked, form), 422
    acts.record(
        db(),
        Act.APPROVE_REQUEST if approve else Act.DECLINE_REQUEST,
        current_user.id,
        answer,
        subject=asked.id,
        order_id=asked.order_id,
        seller_id=asked.line.seller_id,
        cents=cents,
    )
    flash("The money is on its way back." if approve else "The request is declined.", "success")
    return redirect(url_for("desk.refunds"), 303)


@blueprint.get("/parked/<order_id>")
@requires(Permission.DESK_ORDERS_READ)
def parked(order_id: str) -> str:
    """One parked order: why, and what arrived."""
    return _parked_page(_parked(order_id), ReasonForm(formdata=None))


@blueprint.post("/parked/<order_id>")
@requires(Permission.DESK_REFUNDS_WRITE)
def refund_parked_order(order_id: str) -> Any:
    """Give back the money of a parked order; nothing of it was delivered."""
    order, form = _parked(order_id), ReasonForm()
    must_not_be_own(*parties(order))
    if not form.validate_on_submit():
        return _parked_page(order, form), 422
    reason = (form.reason.data or "").strip()
    row = refund_parked(db(), services(), order.id, reason, current_user.id)
    acts.record(
        db(),
        Act.REFUND_PARKED,
        current_user.id,
        reason,
        subject=row.id,
        order_id=order.id,
        cents=row.paid_back_cents,
    )
    flash(f"{Money(row.paid_back_cents)} are on their way back to the buyer.", "success")
    return redirect(url_for("desk.order", order_id=order.id), 303)


@blueprint.get("/refunds/failed/<refund_id>")
@requires(Permission.DESK_ORDERS_READ)
def failed_refund(refund_id: str) -> str:
    """One refund that came back."""
    return _failed_page(_refund(refund_id), ReasonForm(formdata=None))


@blueprint.post("/refunds/failed/<refund_id>")
@requires(Permission.DESK_MANUAL_WRITE)
def pay_by_hand(refund_id: str) -> Any:
    """Keep that it was paid from the house's bank account."""
    row, form = _refund(refund_id), ReasonForm()
    must_not_be_own(row.order.buyer_id)
    if not overview.is_to_be_paid_by_hand(db(), row.id):
        raise ConflictError("This refund needs no payment by hand.", "not_failed")
    if not form.validate_on_submit():
        return _failed_page(row, form), 422
    note = (form.reason.data or "").strip()
    mark_paid_by_hand(db(), services(), row.id, current_user.id, note)
    acts.record(
        db(),
        Act.PAY_BY_HAND,
        current_user.id,
        note,
        subject=row.id,
        order_id=row.order_id,
        cents=row.paid_back_cents,
    )
    flash("Booked as paid from the bank account.", "success")
    return redirect(url_for("desk.order", order_id=row.order_id), 303)


def _request(request_id: str) -> RefundRequest:
    found = db().get(RefundRequest, known_id(request_id))
    if found is None:
        raise NotFoundError
    return found


def _cents(asked: RefundRequest, form: AnswerForm) -> int:
    """What is given back: all that is left unless something else was typed."""
    try:
        cents = read_amount(db(), asked.line, form.amount.data or "")
    except InvalidError as error:
        raise InvalidError(error.message, error.code, field="cents") from None
    if cents <= 0:
        raise InvalidError("Nothing of this line is left to give back.", field="cents")
    return cents


def _put_error(form: AnswerForm, error: InvalidError) -> None:
    """Show a refusal beside the field it concerns."""
    where = form.amount if error.field == "cents" else form.answer
    where.errors = [*where.errors, error.message]


def _request_page(asked: RefundRequest, form: AnswerForm, cents: int | None = None) -> str:
    order = asked.order
    open_ = asked.state is RequestState.OPEN
    left = refundable_cents(db(), asked.line)
    planned: Plan | None = None
    if open_ and order.state in REFUNDABLE and left > 0:
        planned = plan(db(), order, {asked.line_id: cents or left})
    return render_template(
        "desk/request.html",
        asked=asked,
        order=order,
        form=form,
        plan=planned,
        left=left,
        checking=cents is not None,
        own=is_own(*parties(order)),
        sellers=seller_names(db(), order),
        buyer=db().get(User, order.buyer_id),
        names=acts.people(db(), [asked.decided_by]),
    )


def _parked(order_id: str) -> Order:
    found = db().get(Order, known_id(order_id))
    if found is None or found.state is not OrderState.REVIEW:
        raise NotFoundError
    return found


def _parked_page(order: Order, form: ReasonForm) -> str:
    buyer = db().get(User, order.buyer_id)
    own = is_own(*parties(order))
    return render_template("desk/parked.html", order=order, buyer=buyer, form=form, own=own)


def _refund(refund_id: str) -> Refund:
    found = db().get(Refund, known_id(refund_id))
    if found is None:
        raise NotFoundError
    return found


def _failed_page(row: Refund, form: ReasonForm) -> str:
    waits = overview.is_to_be_paid_by_hand(db(), row.id)
    buyer = db().get(User, row.order.buyer_id)
    return render_template("desk/failed.html", row=row, buyer=buyer, form=form, waits=waits)
