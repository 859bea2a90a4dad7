"""Statements by month, as a list and as files."""

from __future__ import annotations

from flask import Response, render_template
from flask_security import current_user

from marketplace.core.clock import now
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import requires
from marketplace.core.web.request_scope import db
from marketplace.payouts.statement_files import statement_csv
from marketplace.payouts.statements import make_statement, months_of, parse_month


@requires(Permission.SELL_LISTINGS_WRITE)
def statements() -> str:
    """Every month since the first sale."""
    return render_template(
        "payouts/statements.html", months=months_of(db(), current_user.id), now_=now()
    )


@requires(Permission.SELL_LISTINGS_WRITE)
def as_csv(month: str) -> Response:
    """One month for spreadsheets."""
    statement = make_statement(db(), current_user.id, parse_month(month))
    return _file(statement_csv(statement), "text/csv; charset=utf-8", f"bracket-{month}.csv")


@requires(Permission.SELL_LISTINGS_WRITE)
def as_pdf(month: str) -> Response:
    """One month for people."""
    # The library behind it takes a second to load, and most processes never need it.
    from marketplace.payouts.statement_pdf import statement_pdf

    statement = make_statement(db(), current_user.id, parse_month(month))
    return _file(statement_pdf(statement, now()), "application/pdf", f"bracket-{month}.pdf")


def _file(contents: bytes, kind: str, name: str) -> Response:
    # The name is made of a checked month: nothing of a person's gets into the header.
    disposition = f'attachment; filename="{name}"'
    return Response(contents, mimetype=None, content_type=kind, headers={
        "Content-Disposition": disposition,
    })  # fmt: skip
