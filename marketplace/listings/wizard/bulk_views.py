"""Bulk upload over HTTP: a table, an archive, and a report of every row."""

from __future__ import annotations

import csv
import io

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_security import current_user

from marketplace.core.errors import InvalidError
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import requires
from marketplace.core.web.request_scope import db, save, services
from marketplace.listings.wizard.bulk import take_in_rows
from marketplace.listings.wizard.bulk_files import (
    COLUMNS,
    MAX_PICTURES,
    MAX_ROWS,
    MAX_TABLE_BYTES,
    SAMPLE_COLUMNS,
    Pictures,
    read_table,
)

EXAMPLE = {
    "title": "Paper-cut animals",
    "description": "Layered paper scenes with one animal of your choice.",
    "category": "Wallpapers",
    "tags": "paper, animals",
    "prompt": "paper-cut [animal=fox] under a [sky: sunset | night] sky",
    "price": "2.99",
    "sample_1": "fox.png; seed=5; animal=fox; sky=sunset",
}


@requires(Permission.SELL_LISTINGS_WRITE)
def bulk() -> ResponseReturnValue:
    """The form; sent, the report of what became of each row."""
    if request.method == "GET":
        return _page()
    table, archive = request.files.get("table"), request.files.get("pictures")
    if table is None or not table.filename:
        return _page(problem="Choose the table first.")
    if not table.filename.lower().endswith(".csv"):
        return _page(problem="Save the table as a CSV file, whose name ends in .csv.")
    try:
        rows = read_table(table.stream.read(MAX_TABLE_BYTES + 1))
        sent = archive is not None and archive.filename
        pictures = Pictures(archive.stream) if archive is not None and sent else None
        reports = take_in_rows(db(), services(), current_user.id, rows, pictures, save)
    except InvalidError as error:
        return _page(problem=error.message)
    return render_template("listings/bulk.html", reports=reports)


@requires(Permission.SELL_LISTINGS_WRITE)
def example() -> ResponseReturnValue:
    """A table to begin with: the columns and one row."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [*COLUMNS, *SAMPLE_COLUMNS], lineterminator="\r\n")
    writer.writeheader()
    writer.writerow(EXAMPLE)
    response = Response("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="listings.csv"'
    return response


def _page(problem: str = "") -> ResponseReturnValue:
    page = render_template(
        "listings/bulk.html",
        reports=None,
        problem=problem,
        columns=COLUMNS,
        most_rows=MAX_ROWS,
        most_pictures=MAX_PICTURES,
    )
    return page, 422 if problem else 200
