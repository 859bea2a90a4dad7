"""The books' pages: reconciliation, trial balance, and the export for an accountant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask_security import current_user

from marketplace.core.clock import now
from marketplace.core.database import Database
from marketplace.core.permissions import Permission
from marketplace.core.unit_of_work import unit_of_work
from marketplace.core.web.guards import requires
from marketplace.core.web.pagination import page_number
from marketplace.core.web.request_scope import db, save, services
from marketplace.gateways.payments import PaymentError, PaymentUnavailableError
from marketplace.orders.desk import acts, books
from marketplace.orders.desk.blueprint import blueprint, known_id
from marketplace.orders.desk.forms import DayForm, ExportForm, moments
from marketplace.orders.desk.models import Act
from marketplace.orders.reconciliation import reconcile
from marketplace.orders.statements import journal

CHUNK = 200
"""Lines of a CSV sent at a time."""


@blueprint.get("/books")
@requires(Permission.DESK_BOOKS_READ)
def reconciliations() -> str:
    """All daily comparisons with Stripe's books."""
    return _books_page(DayForm(formdata=None))


@blueprint.post("/books")
@requires(Permission.DESK_BOOKS_WRITE)
def reconcile_now() -> Any:
    """Compare now, for the day that is named."""
    form = DayForm()
    if not form.validate_on_submit() or form.day.data is None:
        return _books_page(form), 422
    day = form.day.data
    save()
    try:
        made = reconcile(services(), day)
    except PaymentUnavailableError:
        flash("Stripe does not answer now, so nothing was compared. Try again later.", "error")
        return redirect(url_for("desk.reconciliations"), 303)
    except PaymentError as error:
        flash(f"Stripe refuses its books ({error.code or 'no code'}).", "error")
        return redirect(url_for("desk.reconciliations"), 303)
    acts.record(db(), Act.RECONCILE, current_user.id, subject=day.isoformat())
    return redirect(url_for("desk.reconciliation", reconciliation_id=made.id), 303)


@blueprint.get("/books/<reconciliation_id>")
@requires(Permission.DESK_BOOKS_READ)
def reconciliation(reconciliation_id: str) -> str:
    """One comparison, each difference named."""
    found = books.reconciliation(db(), known_id(reconciliation_id))
    return render_template("desk/reconciliation.html", one=found)


@blueprint.get("/books/trial-balance")
@requires(Permission.DESK_BOOKS_READ)
def trial_balance() -> str:
    """Every account at the end of a day."""
    day = _day(request.args.get("day", ""))
    before = moments(day, day)[1] if day else None
    return render_template(
        "desk/trial_balance.html",
        balance=books.trial_balance(db(), before),
        day=day,
    )


@blueprint.get("/books/export")
@requires(Permission.DESK_BOOKS_EXPORT)
def export() -> str:
    """Choose the days."""
    last = now().date().replace(day=1) - timedelta(days=1)
    form = ExportForm(formdata=None, data={"start": last.replace(day=1), "end": last})
    return render_template("desk/export.html", form=form)


@blueprint.post("/books/export")
@requires(Permission.DESK_BOOKS_EXPORT)
def download() -> Any:
    """The journal of the chosen days as CSV, sent while it is read."""
    form = ExportForm()
    if not form.validate_on_submit() or form.start.data is None or form.end.data is None:
        return render_template("desk/export.html", form=form), 422
    start, end = form.start.data, form.end.data
    acts.record(db(), Act.EXPORT, current_user.id, subject=f"{start} to {end}")
    name = f"bracket-journal-{start}-to-{end}.csv"
    return Response(
        _lines(services().database, *moments(start, end)),
        mimetype="text/csv",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


def _lines(database: Database, start: datetime, end: datetime) -> Iterator[str]:
    """The request's own session is over when this runs: it reads in one of its own."""
    kept: list[str] = []
    with unit_of_work(database) as session:
        for line in books.journal_csv(session, journal(session, start, end)):
            kept.append(line)
            if len(kept) == CHUNK:
                yield "".join(kept)
                kept = []
        yield "".join(kept)


def _books_page(form: DayForm) -> str:
    if form.day.data is None and not form.errors:
        form.day.data = now().date()
    page = books.reconciliations_page(db(), page_number())
    return render_template("desk/books.html", page=page, form=form)


def _day(text: str) -> date | None:
    """A day from an address; None where it is not one, or is still to come."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day <= now().date() else None
