"""Giving money back from the desk: chosen, shown with what it does, confirmed, done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_security import current_user
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile, User
from marketplace.core.errors import InvalidError, NotFoundError
from marketplace.core.money import Money
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import requires
from marketplace.core.web.request_scope import db, services
from marketplace.orders.desk import acts
from marketplace.orders.desk.blueprint import blueprint, known_id
from marketplace.orders.desk.forms import RefundForm
from marketplace.orders.desk.models import Act
from marketplace.orders.desk.refund_plan import Plan, plan, read_amount
from marketplace.orders.desk.rights import is_own, must_not_be_own, parties
from marketplace.orders.locks import lock_order
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.refunds import refund_lines, refundable_cents
from marketplace.orders.states import REFUNDABLE

CHANGED = (
    "Something of this order was refunded after you looked at it, perhaps by your own second "
    "click. Nothing more was done: look again at what is left."
)


@dataclass
class Choice:
    """What a person chose and typed, line by line; kept whatever is wrong with it."""

    ticked: set[str] = field(default_factory=set)
    typed: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


@blueprint.get("/orders/<order_id>/refund")
@requires(Permission.DESK_REFUNDS_WRITE)
def refund(order_id: str) -> str:
    """Choose what is given back; everything that is left is ticked."""
    order = _order(db(), order_id)
    choice = Choice(ticked={line.id for line in order.lines if refundable_cents(db(), line) > 0})
    return _form_page(order, RefundForm(formdata=None), choice)


@blueprint.post("/orders/<order_id>/refund")
@requires(Permission.DESK_REFUNDS_WRITE)
def refund_step(order_id: str) -> Any:
    """Show what the refund would do, go back to the form, or do it."""
    form = RefundForm()
    order = _order(db(), order_id, lock="confirm" in request.form)
    must_not_be_own(*parties(order))
    choice, wanted = _read(order)
    valid = form.validate_on_submit()
    if "change" in request.form:
        return _form_page(order, form, choice, checked=False)
    if not valid or choice.errors:
        return _form_page(order, form, choice), 422
    if order.state not in REFUNDABLE:
        return _form_page(order, form, choice), 409
    planned = plan(db(), order, wanted)
    if "confirm" not in request.form:
        return _confirm_page(order, form, choice, planned)
    if request.form.get("seen") != planned.fingerprint:
        flash(CHANGED, "warning")
        return _confirm_page(order, form, choice, planned), 409
    note = (form.note.data or "").strip()
    rows = refund_lines(
        db(), services(), order.id, planned.amounts(), form.chosen(), note, current_user.id
    )
    for row in rows:
        acts.record(
            db(),
            Act.REFUND,
            current_user.id,
            note,
            subject=row.id,
            order_id=order.id,
            seller_id=row.line.seller_id if row.line else None,
            cents=row.paid_back_cents,
        )
    flash(f"{Money(planned.paid_back_cents)} are on their way back to the buyer.", "success")
    return redirect(url_for("desk.order", order_id=order.id), 303)


def _order(session: Session, order_id: str, lock: bool = False) -> Order:
    """The order; locked where it is about to be refunded, so that two clicks take turns."""
    if lock:
        return lock_order(session, known_id(order_id))
    order = session.get(Order, known_id(order_id))
    if order is None:
        raise NotFoundError
    return order


def _read(order: Order) -> tuple[Choice, dict[str, int]]:
    """The chosen lines and their sums, with what is wrong beside each."""
    form = request.form
    choice = Choice(
        ticked={line.id for line in order.lines if form.get(f"line-{line.id}")},
        typed={line.id: form.get(f"amount-{line.id}", "")[:20] for line in order.lines},
    )
    wanted = {}
    for line in order.lines:
        if line.id not in choice.ticked:
            continue
        try:
            wanted[line.id] = _sum(line, choice.typed[line.id])
        except InvalidError as error:
            choice.errors[line.id] = error.message
    if not choice.ticked:
        choice.errors[""] = "Choose at least one line."
    return choice, wanted


def _sum(line: OrderLine, typed: str) -> int:
    cents = read_amount(db(), line, typed)
    if cents <= 0:
        raise InvalidError("Nothing of this line is left to give back.", field=line.id)
    return cents


def _form_page(order: Order, form: RefundForm, choice: Choice, checked: bool = True) -> str:
    if not checked:
        form.form_errors, choice.errors = [], {}
        for one in form:
            one.errors = []
    return render_template(
        "desk/refund.html",
        order=order,
        possible=order.state in REFUNDABLE,
        own=is_own(*parties(order)),
        form=form,
        choice=choice,
        left={line.id: refundable_cents(db(), line) for line in order.lines},
        sellers=seller_names(db(), order),
        buyer=db().get(User, order.buyer_id),
    )


def _confirm_page(order: Order, form: RefundForm, choice: Choice, planned: Plan) -> str:
    return render_template(
        "desk/refund_confirm.html",
        order=order,
        form=form,
        choice=choice,
        plan=planned,
        sellers=seller_names(db(), order),
        buyer=db().get(User, order.buyer_id),
    )


def seller_names(session: Session, order: Order) -> dict[str, str]:
    """Display names of an order's sellers by their ids."""
    profiles = (session.get(SellerProfile, line.seller_id) for line in order.lines)
    return {one.user_id: one.display_name for one in profiles if one is not None}
