"""The two files of a bulk upload: a table of listings, and an archive of their pictures. Pure.

Both are a stranger's: sizes, numbers of rows and files are capped, and nothing is unpacked to disk.
"""

from __future__ import annotations

import csv
import io
import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO

from marketplace.core.errors import InvalidError
from marketplace.images import MAX_BYTES
from marketplace.listings.models import MAX_SAMPLES

COLUMNS = (
    "title", "summary", "description", "guide", "category", "tags", "target_model", "scheduler",
    "steps", "guidance", "prompt", "price", "licence",
)  # fmt: skip
SAMPLE_COLUMNS = tuple(f"sample_{number}" for number in range(1, MAX_SAMPLES + 1))
MAX_ROWS, MAX_PICTURES, MAX_FILES = 20, 60, 300
MAX_TABLE_BYTES = 1_000_000
MAX_CONTENTS_BYTES = MAX_FILES * 2_000
"""Of an archive's table of contents, which is read into memory whole."""
MAX_TOLD = 80
"""Characters of a file's name that a message repeats."""
_END, _END_OF_LARGE, _END_BYTES = b"PK\x05\x06", b"PK\x06\x07", 22
_UNREADABLE = (
    zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, zlib.error, OSError,
)  # fmt: skip
_NOT_A_ZIP = "This is no zip archive. Pack the pictures anew."


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


def read_table(data: bytes) -> list[TableRow]:
    """The rows of a CSV in UTF-8, with commas or semicolons between its cells.

    Raises:
        InvalidError: for a file that is none, with too many rows, or with unknown columns.
    """
    if len(data) > MAX_TABLE_BYTES:
        raise InvalidError("The table is larger than 1 MB. Split it.", field="table")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidError(
            "Save the table as CSV in UTF-8 and send it again.", field="table"
        ) from None
    first = text.partition("\n")[0]
    mark = ";" if first.count(";") > first.count(",") else ","
    try:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
        header = [name.strip().lower() for name in next(lines, [])]
        _check_header(header)
        rows = [cells for cells in lines if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise InvalidError(f"This is no CSV table: {error}.", field="table") from None
    if len(rows) > MAX_ROWS:
        raise InvalidError(
            f"The table has {len(rows)} rows; at most {MAX_ROWS} are taken at a time. Split it.",
            field="table",
        )
    return [_row(number, header, cells) for number, cells in enumerate(rows, start=2)]


def _check_header(header: list[str]) -> None:
    strange = [name for name in header if name not in (*COLUMNS, *SAMPLE_COLUMNS)]
    if strange:
        raise InvalidError(
            f"Unknown column “{strange[0][:40]}”. Known are: {', '.join(COLUMNS)}, and sample_1 to "
            f"sample_{MAX_SAMPLES}.",
            field="table",
        )
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        raise InvalidError(f"The column “{twice}” is there twice.", field="table")
    if "title" not in header or "prompt" not in header:
        raise InvalidError(
            "The first line must name the columns, title and prompt among them.", field="table"
        )


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


class Pictures:
    """The files of an archive by their names, read one at a time.

    Args:
        file: seekable, and open for as long as files are read.

    Raises:
        InvalidError: for a file that is no zip archive, or holds too many files.
    """

    def __init__(self, file: IO[bytes]) -> None:
        _check_contents(file)
        try:
            self._zip = zipfile.ZipFile(file)
        except _UNREADABLE:
            raise InvalidError(_NOT_A_ZIP, field="pictures") from None
        entries = [info for info in self._zip.infolist() if not info.is_dir()]
        if len(entries) > MAX_FILES:
            raise InvalidError(f"At most {MAX_FILES} files in the archive.", field="pictures")
        self._by_name: dict[str, list[zipfile.ZipInfo]] = {}
        for info in entries:
            name = PurePosixPath(info.filename).name
            if not name.startswith(".") and "__MACOSX" not in info.filename:
                self._by_name.setdefault(name, []).append(info)

    def read(self, name: str) -> bytes:
        """One file, whatever folder it is in.

        Raises:
            InvalidError: no such file, more than one, too large, locked or broken.
        """
        told = name[:MAX_TOLD] or "(no name)"
        found = self._by_name.get(PurePosixPath(name).name, [])
        if not found:
            raise InvalidError(f"{told}: not in the archive.")
        if len(found) > 1:
            raise InvalidError(f"{told}: there are {len(found)} files of this name; rename them.")
        if found[0].file_size > MAX_BYTES:
            raise InvalidError(f"{told}: larger than {MAX_BYTES // 1_000_000} MB.")
        # The other methods can make gigabytes of one block, before anybody could count them.
        if found[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InvalidError(f"{told}: packed in an unusual way. Make a plain zip archive.")
        try:
            with self._zip.open(found[0]) as file:
                data = file.read(MAX_BYTES + 1)
        except (*_UNREADABLE, RuntimeError, EOFError):
            raise InvalidError(f"{told}: cannot be unpacked.") from None
        if len(data) > MAX_BYTES:  # whatever the archive says of its size
            raise InvalidError(f"{told}: larger than {MAX_BYTES // 1_000_000} MB.")
        return data


def _check_contents(file: IO[bytes]) -> None:
    """Refuse a table of contents that would not fit: zipfile reads all of it before it counts."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - _END_BYTES - 0xFFFF))
    tail = file.read()
    file.seek(0)
    at = len(tail) - _END_BYTES
    if at < 0 or not (tail[at:].startswith(_END) and tail.endswith(b"\x00\x00")):
        at = tail.rfind(_END)  # behind it stands a remark; zipfile looks in this order too
    if at < 0 or at + _END_BYTES > len(tail):
        raise InvalidError(_NOT_A_ZIP, field="pictures")
    (contents,) = struct.unpack_from("<I", tail, at + 12)
    if tail[max(0, at - 20) : at].startswith(_END_OF_LARGE) or contents > MAX_CONTENTS_BYTES:
        raise InvalidError(f"At most {MAX_FILES} files in the archive.", field="pictures")
