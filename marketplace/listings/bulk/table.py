"""The table of a bulk upload: a CSV with one listing in each row. Pure.

It is a stranger's: its size and its number of rows are capped.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from marketplace.core.errors import InvalidError
from marketplace.listings.bulk.limits import MAX_PICTURES, MAX_ROWS, MAX_TABLE_BYTES
from marketplace.listings.models import MAX_SAMPLES

COLUMNS = (
    "title", "summary", "description", "guide", "category", "tags", "target_model", "scheduler",
    "steps", "guidance", "prompt", "price", "licence",
)  # fmt: skip
SAMPLE_COLUMNS = tuple(f"sample_{number}" for number in range(1, MAX_SAMPLES + 1))
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How files of spreadsheet programs begin, whatever they are called."""


@dataclass(frozen=True, slots=True)
class SampleCell:
    """What one cell says of a picture: ``fox.png; seed=5; animal=fox``."""

    file: str
    seed: str
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class TableRow:
    """One listing of the table; ``number`` counts as a spreadsheet does, the header being 1."""

    number: int
    typed: dict[str, str] = field(repr=False)
    samples: tuple[SampleCell, ...] = field(repr=False)
    fault: str = ""
    """Why the row cannot be read at all; empty for those that can."""

    def to_json(self) -> str:
        """The row as text, to be sealed: it holds a prompt."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> TableRow:
        """The row that to_json wrote."""
        kept: dict[str, Any] = json.loads(text)
        samples = tuple(SampleCell(**cell) for cell in kept.pop("samples"))
        return cls(samples=samples, **kept)


def read_table(data: bytes) -> list[TableRow]:
    """The rows of a CSV in UTF-8, with commas or semicolons between its cells.

    Raises:
        InvalidError: for a file that is none, with too many rows, pictures or columns.
    """
    if len(data) > MAX_TABLE_BYTES:
        raise _wrong(f"The table is larger than {MAX_TABLE_BYTES // 1_000_000} MB. Split it.")
    if data.startswith(_WORKBOOKS):
        raise _wrong("This is a workbook. In your spreadsheet program choose “Save as”, then CSV.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _wrong("Save the table as CSV in UTF-8 and send it again.") from None
    first = text.partition("\n")[0]
    mark = ";" if first.count(";") > first.count(",") else ","
    try:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
        header = [name.strip().lower() for name in next(lines, [])]
        _check_header(header)
        filled = (cells for cells in lines if any(cell.strip() for cell in cells))
        found = list(itertools.islice(filled, MAX_ROWS + 1))  # no more than tells that it is full
    except csv.Error as error:
        raise _wrong(f"This is no CSV table: {error}.") from None
    rows = [_row(number, header, cells) for number, cells in enumerate(found, 2)]
    _check_size(len(found), sum(len(row.samples) for row in rows))
    return rows


def _wrong(message: str) -> InvalidError:
    return InvalidError(message, field="table")


def _check_size(rows: int, pictures: int) -> None:
    if not rows:
        raise _wrong("The table has a header and no rows. Write one row for each listing.")
    if rows > MAX_ROWS:
        raise _wrong(f"The table has more than {MAX_ROWS} rows. Split it.")
    if pictures > MAX_PICTURES:
        raise _wrong(
            f"The table names {pictures} pictures; at most {MAX_PICTURES} at once. Split it."
        )


def _check_header(header: list[str]) -> None:
    strange = [name for name in header if name not in (*COLUMNS, *SAMPLE_COLUMNS)]
    if strange:
        raise _wrong(
            f"Unknown column “{strange[0][:40]}”. Known are: {', '.join(COLUMNS)}, and sample_1 to "
            f"sample_{MAX_SAMPLES}."
        )
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        raise _wrong(f"The column “{twice}” is there twice. Delete one of them.")
    if "title" not in header or "prompt" not in header:
        raise _wrong("The first line must name the columns, title and prompt among them.")


def _row(number: int, header: list[str], row: list[str]) -> TableRow:
    cells = {name: cell.strip() for name, cell in zip(header, row, strict=False) if cell.strip()}
    typed = {name: cells[name] for name in COLUMNS if name in cells}
    samples = tuple(_sample(cells[name]) for name in SAMPLE_COLUMNS if name in cells)
    return TableRow(number, typed, samples, _fault(header, row))


def _fault(header: list[str], row: list[str]) -> str:
    if any(cell.strip() for cell in row[len(header) :]):
        return (
            f"The row has {len(row)} cells for {len(header)} columns. Put quotation marks around "
            "texts with commas in them."
        )
    if any("\x00" in cell for cell in row):
        return "The row holds characters that are no text. Save the table as CSV in UTF-8."
    return ""


def _sample(cell: str) -> SampleCell:
    file, *rest = [part.strip() for part in cell.split(";")]
    pairs = dict(part.split("=", 1) for part in rest if "=" in part)
    said = {name.strip(): value.strip() for name, value in pairs.items()}
    return SampleCell(file, said.pop("seed", ""), said)
