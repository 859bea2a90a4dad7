"""A buyer's orders: what was bought, what it stands at, papers, and asking for money back."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_security import current_user

from marketplace.core.errors import ConflictError, InvalidError, NotFoundError
from marketplace.core.ids import is_id
from marketplace.core.web.guards import login_required
from marketplace.core.web.pagination import Page, page_number
from marketplace.core.web.request_scope import db, save, services
from marketplace.orders import buyer_queries as queries
from marketplace.orders import order_words as words
from marketplace.orders import receipts
from marketplace.orders.buyer_queries import BuyersLine
from marketplace.orders.checkout_orders import can_be_continued
from marketplace.orders.receipt_models import Receipt
from marketplace.orders.refund_form import RefundForm
from marketplace.orders.refunds import request_refund
from marketplace.orders.states import RefundReason, RequestState

blueprint = Blueprint("orders", __name__, url_prefix="/orders")

PAGE_SIZE = 20


@blueprint.get("", strict_slashes=False)
@login_required
def index() -> str:
    """Every order and how it stands, newest first."""
    everything = request.args.get("all") == "1"
    number = page_number()
    found = queries.orders_of(
        db(), current_user.id, everything, PAGE_SIZE, (number - 1) * PAGE_SIZE
    )
    total = queries.order_count(db(), current_user.id, everything)
    return render_template(
        "orders/index.html",
        page=Page(found, number, PAGE_SIZE, total),
        everything=everything,
        words=words.ORDER_WORDS,
    )


@blueprint.get("/<order_id>")
@login_required
def order(order_id: str) -> str:
    """One order, line by line."""
    found = queries.own_order(db(), order_id, current_user.id)
    save()  # papers are issued in a unit of work of their own; a thread has one connection
    receipts.issue_missing(services(), found.id)
    return render_template(
        "orders/order.html",
        order=found,
        lines=queries.buyers_lines(db(), found),
        parked=queries.refunds_of_order(db(), found.id),
        papers=[
            (paper, receipts.TITLES[paper.kind], receipts.number_text(paper))
            for paper in receipts.receipts_of(db(), found.id)
        ],
        can_go_on=can_be_continued(found),
        words=words,
    )


@blueprint.route("/<order_id>/refund/<line_id>", methods=["GET", "POST"])
@login_required
def refund(order_id: str, line_id: str) -> Any:
    """Ask for the price of one line, with a reason."""
    found = queries.own_order(db(), order_id, current_user.id)
    line = _line(queries.buyers_lines(db(), found), line_id)
    form = RefundForm()
    problem, status = None, 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                return _asked(order_id, line_id, form)
            except (ConflictError, InvalidError) as error:
                problem, status = error.message, error.status
    elif not line.can_ask:
        return redirect(url_for("orders.order", order_id=order_id))
    page = render_template("orders/refund.html", order=found, line=line, form=form, problem=problem)
    return page, status


def _asked(order_id: str, line_id: str, form: RefundForm) -> Any:
    asked = request_refund(
        db(),
        services(),
        line_id,
        current_user.id,
        RefundReason(form.reason.data),
        form.note.data or "",
    )
    if asked.state is RequestState.APPROVED:
        flash(f"{asked.answer} It is on its way.", "success")
    else:
        flash("We have your request and answer it here and by mail.", "success")
    return redirect(url_for("orders.order", order_id=order_id), 303)


def _line(lines: list[BuyersLine], line_id: str) -> BuyersLine:
    for each in lines:
        if each.line.id == line_id:
            return each
    raise NotFoundError


@blueprint.get("/papers/<receipt_id>")
@login_required
def paper(receipt_id: str) -> str:
    """A receipt, an invoice or a credit note as a page."""
    found = _paper(receipt_id)
    contents = receipts.contents_of(found)
    return render_template(
        "orders/paper.html",
        paper=found,
        title=receipts.TITLES[found.kind],
        number=receipts.number_text(found),
        contents=contents,
        closing=receipts.closing_words(found, contents),
    )


@blueprint.get("/papers/<receipt_id>.pdf")
@login_required
def paper_pdf(receipt_id: str) -> Response:
    """The same as a file."""
    # The library behind it takes a second to load, and most processes never need it.
    from marketplace.orders.receipt_pdf import receipt_pdf

    found = _paper(receipt_id)
    response = Response(receipt_pdf(found), mimetype="application/pdf")
    name = f"bracket-{receipts.number_text(found)}.pdf"
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response


def _paper(receipt_id: str) -> Receipt:
    if not is_id(receipt_id):
        raise NotFoundError
    return receipts.own_receipt(db(), receipt_id, current_user.id)
