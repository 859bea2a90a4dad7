"""Documents as PDF, read back by another library."""

from __future__ import annotations

import io
from datetime import UTC, datetime

from pypdf import PdfReader

from marketplace.core.pdf import Column, PdfDocument

DAY = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
COLUMNS = (Column("Prompt", 3), Column("Price", 1, numeric=True))


def document(rows: int) -> bytes:
    made = PdfDocument("Receipt R-000012", DAY, footer="Bracket")
    made.columns(("From", ["Bracket"]), ("To", ["Łukasz Ćwik", "Αθήνα"]))
    made.facts([("Order", "0123"), ("Paid with", "Visa")])
    made.heading("What you bought")
    made.table(COLUMNS, [(f"Fox {i}", "$2.99") for i in range(rows)], [("Total", "$5.98")])
    made.paragraph("With a character that no font has: \U0001f98a", soft=True)
    return made.to_bytes()


def read(content: bytes) -> tuple[PdfReader, list[str]]:
    reader = PdfReader(io.BytesIO(content))
    return reader, [page.extract_text() for page in reader.pages]


def test_everything_is_there_and_names_keep_their_letters() -> None:
    reader, (text,) = read(document(2))
    for part in ("Receipt R-000012", "Łukasz Ćwik", "Αθήνα", "Fox 1", "$5.98", "Page 1 of 1"):
        assert part in text
    assert "no font has: \u25a1" in text  # a box, and no crash
    assert reader.metadata is not None
    assert (reader.metadata.title, reader.metadata.author) == ("Receipt R-000012", "Bracket")
    assert reader.metadata.creation_date == DAY


def test_long_tables_go_on_with_their_head() -> None:
    _, pages = read(document(50))
    assert len(pages) == 2
    assert all("Prompt" in page and "Price" in page for page in pages)
    assert "Fox 49" in pages[1]


def test_the_same_contents_give_the_same_bytes() -> None:
    assert document(1) == document(1)
