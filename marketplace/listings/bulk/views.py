"""Bulk upload over HTTP: the form, an upload's progress with its report, and stopping it."""

from __future__ import annotations

import csv
import io
from typing import IO

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user

from marketplace.core.errors import ConflictError, InvalidError
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import requires
from marketplace.core.web.request_scope import db, save, services
from marketplace.listings.bulk import limits, operations, queries
from marketplace.listings.bulk.archive import Pictures
from marketplace.listings.bulk.models import BulkUpload
from marketplace.listings.bulk.parts import store_parts
from marketplace.listings.bulk.states import LineState
from marketplace.listings.bulk.table import COLUMNS, SAMPLE_COLUMNS, TableRow, read_table

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
    """The form; sent, both files are kept and a worker takes the rows in."""
    if request.method == "GET":
        return _form()
    try:
        rows, archive = _table(), _archive()
        made = _receive(rows, archive)
    except (InvalidError, ConflictError) as error:
        return _form(error.message)
    return redirect(url_for("sell.bulk_upload", upload_id=made.id), 303)


@requires(Permission.SELL_LISTINGS_WRITE)
def upload(upload_id: str) -> ResponseReturnValue:
    """How far an upload is, and what became of each row so far."""
    found = queries.own_upload(db(), current_user.id, upload_id)
    return render_template(
        "listings/bulk_upload.html",
        upload=found,
        progress=queries.progress_of(db(), found),
        reports=queries.reports_of(db(), services().vault, found),
        states=LineState,
    )


@requires(Permission.SELL_LISTINGS_WRITE)
def stop(upload_id: str) -> ResponseReturnValue:
    """Take in no further rows; the drafts that were made stay."""
    found = queries.own_upload(db(), current_user.id, upload_id)
    operations.stop(db(), services().vault, found)
    flash("Stopped. The drafts that were made stay.", "info")
    return redirect(url_for("sell.bulk_upload", upload_id=found.id), 303)


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


def _table() -> list[TableRow]:
    """The rows that were sent. Raises InvalidError."""
    sent = request.files.get("table")
    if sent is None or not sent.filename:
        raise InvalidError("Choose the table first.")
    if not sent.filename.lower().endswith(".csv"):
        raise InvalidError("Save the table as a CSV file, whose name ends in .csv.")
    return read_table(sent.stream.read(limits.MAX_TABLE_BYTES + 1))


def _archive() -> IO[bytes] | None:
    """The archive that was sent, looked through before it is stored. Raises InvalidError."""
    sent = request.files.get("pictures")
    if sent is None or not sent.filename:
        return None
    Pictures(sent.stream)
    return sent.stream


def _receive(rows: list[TableRow], archive: IO[bytes] | None) -> BulkUpload:
    """Row first, files second: what a process that dies leaves has a row that says so."""
    size = archive.seek(0, io.SEEK_END) if archive is not None else 0
    made = operations.receive(db(), current_user.id, size)
    if archive is not None:
        save()
        store_parts(services().blobs, made.parts, archive)
    operations.accept(db(), services(), made, rows)
    return made


def _form(problem: str = "") -> ResponseReturnValue:
    page = render_template(
        "listings/bulk.html",
        problem=problem,
        columns=COLUMNS,
        limits=limits,
        at_work=queries.at_work(db(), current_user.id),
        latest=queries.latest(db(), current_user.id),
    )
    return page, 422 if problem else 200
