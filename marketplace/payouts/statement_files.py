"""A statement as a CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

from marketplace.payouts.statements import Statement

CSV_COLUMNS = (
    "date",
    "entry",
    "prompt",
    "sale",
    "order",
    "buyer_country",
    "price",
    "commission",
    "amount",
    "balance",
    "currency",
    "reference",
)
# Spreadsheets take a cell that begins like this for a formula and run it.
_FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def statement_csv(statement: Statement) -> bytes:
    """Every entry of the month between two rows with the balances; UTF-8, RFC 4180.

    Dates are ISO 8601 in UTC, amounts decimal with the currency in a column of its own.
    """
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    month = statement.month
    writer.writerow(_balance_row(statement, month.start, "Balance before", statement.opening_cents))
    for row in statement.rows:
        writer.writerow(
            (
                iso(row.at),
                safe_text(row.words),
                safe_text(row.title),
                row.sale_id,
                row.order_id,
                safe_text(row.country),
                "" if row.price_cents is None else decimal(row.price_cents),
                "" if row.commission_cents is None else decimal(-row.commission_cents),
                decimal(row.cents),
                decimal(row.balance_cents),
                statement.currency.upper(),
                safe_text(row.reference),
            )
        )
    writer.writerow(_balance_row(statement, month.end, "Balance after", statement.closing_cents))
    # The mark tells Excel that this is UTF-8.
    return sink.getvalue().encode("utf-8-sig")


def _balance_row(statement: Statement, at: datetime, words: str, cents: int) -> tuple[str, ...]:
    empty = ("",) * 7
    return (iso(at), words, *empty, decimal(cents), statement.currency.upper(), "")


def safe_text(text: str) -> str:
    """A cell that no spreadsheet takes for a formula, on one line."""
    line = " ".join(text.split())
    return f"'{line}" if line.startswith(_FORMULA_STARTS) else line


def decimal(cents: int) -> str:
    """Cents as a decimal number, for example -1.59."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def iso(moment: datetime) -> str:
    """A moment as 2026-11-21T08:30:00Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
