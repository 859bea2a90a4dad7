"""A figure as a CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
from datetime import date

from marketplace.insights.tables import Cell, Figure, Unit
from marketplace.payouts.statement_files import decimal, safe_text


def figure_csv(figure: Figure) -> bytes:
    """Every row of a figure; UTF-8, RFC 4180.

    Days are ISO 8601, amounts decimal dollars, shares in percent, what is not known is empty. No
    cell that somebody else has typed can be taken for a formula.
    """
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\r\n")
    writer.writerow([column.name for column in figure.columns])
    for row in figure.rows:
        cells = zip(row, figure.columns, strict=True)
        writer.writerow([_cell(cell, column.unit) for cell, column in cells])
    # The mark tells Excel that this is UTF-8.
    return sink.getvalue().encode("utf-8-sig")


def _cell(cell: Cell, unit: Unit) -> str:
    if cell is None:
        return ""
    if unit is Unit.CENTS and isinstance(cell, int):
        return decimal(cell)
    if isinstance(cell, date):
        return cell.isoformat()
    return safe_text(cell) if isinstance(cell, str) else str(cell)
