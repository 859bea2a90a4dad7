"""A statement as a PDF for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby

from marketplace.core.money import Money
from marketplace.core.pdf import Column, PdfDocument
from marketplace.payouts.statement_files import decimal, iso
from marketplace.payouts.statements import Statement, StatementRow

MOST_PDF_ENTRIES = 300
"""Longer months are set day by day: a table's row takes milliseconds, and somebody waits."""


def statement_pdf(statement: Statement, made_at: datetime, legal_name: str = "Bracket") -> bytes:
    """All of a month, its sums first."""
    month = statement.month
    document = PdfDocument(
        f"Statement, {month.words}",
        made_at,
        footer=f"{legal_name} · @{statement.handle} · {month}",
    )
    document.facts(
        [
            ("Seller", f"{statement.seller} (@{statement.handle})"),
            ("Period", f"1 {month.words} to the end of the month, UTC"),
            ("Currency", "US dollars (USD)"),
            ("Made", f"{iso(made_at)}{'' if statement.final else '; the month is not over'}"),
        ]
    )
    document.heading("In short")
    document.table(
        [Column("", 4), Column("Entries", 1, True), Column("USD", 1.4, True)],
        [
            ("Owed to you before", "", _shown(statement.opening_cents)),
            *((words, str(count), _shown(cents)) for words, count, cents in statement.totals),
        ],
        [("Owed to you after", "", _shown(statement.closing_cents))],
    )
    document.paragraph(
        f"You earned {Money(statement.earned_cents)} after Bracket's commission of 20 %, and "
        f"{Money(statement.paid_cents)} went to your account at Stripe."
    )
    if len(statement.rows) > MOST_PDF_ENTRIES:
        document.heading("Day by day")
        document.table(_DAY_COLUMNS, day_rows(statement.rows))
        document.paragraph("Every single entry is in the CSV of this month.", soft=True)
    elif statement.rows:
        document.heading("Every entry")
        document.table(_PDF_COLUMNS, [_pdf_row(row) for row in statement.rows])
    document.paragraph(
        "Amounts are your share in US dollars: plus for you, minus where it was paid to you or "
        "taken back. The commission is 20 % of each price, rounded half up to the cent; sales "
        "through your own link bear none.",
        soft=True,
    )
    return document.to_bytes()


_PDF_COLUMNS = (
    Column("Date", 1.5),
    Column("Entry", 1.9),
    Column("Prompt", 3.0),
    Column("Buyer", 0.8),
    Column("Price", 1.1, True),
    Column("20 %", 1.0, True),
    Column("Amount", 1.2, True),
    Column("Balance", 1.2, True),
)


_DAY_COLUMNS = (
    Column("Date", 1.5),
    Column("Entry", 2.5),
    Column("Entries", 1.0, True),
    Column("Amount", 1.2, True),
    Column("Balance", 1.2, True),
)


def day_rows(rows: Sequence[StatementRow]) -> list[tuple[str, ...]]:
    """Each day's entries of one kind in one row, with the balance at the end of the day."""
    found: list[tuple[str, ...]] = []
    for day, on_day in groupby(rows, key=lambda row: row.at.astimezone(UTC).date()):
        entries = list(on_day)
        sums: dict[str, list[int]] = {}
        for row in entries:
            sums.setdefault(row.words, []).append(row.cents)
        for number, (words, cents) in enumerate(sums.items(), start=1):
            balance = _shown(entries[-1].balance_cents) if number == len(sums) else ""
            count = str(len(cents))
            found.append((day.isoformat(), words, count, _shown(sum(cents)), balance))
    return found


def _pdf_row(row: StatementRow) -> tuple[str, ...]:
    return (
        row.at.astimezone(UTC).date().isoformat(),
        row.words,
        row.title,
        row.country,
        "" if row.price_cents is None else _shown(row.price_cents),
        "" if row.commission_cents is None else _shown(-row.commission_cents),
        _shown(row.cents),
        _shown(row.balance_cents),
    )


def _shown(cents: int) -> str:
    return decimal(cents).replace("-", "\u2212")
