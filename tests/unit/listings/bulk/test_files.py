"""The two files of a bulk upload are strangers: what is wrong with them is said at once."""

from __future__ import annotations

import contextlib
import io
import stat
import struct
import time
import zipfile
from collections.abc import Callable

import pytest

from marketplace.core.errors import InvalidError
from marketplace.gateways.local_blobs import LocalBlobs
from marketplace.listings.bulk.archive import Pictures
from marketplace.listings.bulk.limits import MAX_FILES, MAX_PICTURES, MAX_ROWS, MAX_TABLE_BYTES
from marketplace.listings.bulk.parts import PART_BYTES, PartedFile, part_keys, store_parts
from marketplace.listings.bulk.table import TableRow, read_table
from tests.factories.listings import picture_bytes
from tests.unit.listings.bulk.conftest import HEADER, archive


@pytest.fixture(scope="module")
def honest() -> float:
    """Seconds to look through an archive of as many pictures as there may be: a few milliseconds
    for what is refused, which is held against it."""
    return seconds_for(
        archive(**{f"{number}.png": b"x" * 2_000 for number in range(MAX_FILES - 5)})
    )


def seconds_for(packed: bytes) -> float:
    """Processor time of looking through an archive, the best of three."""
    best = float("inf")
    for _ in range(3):
        began = time.process_time()
        with contextlib.suppress(InvalidError):
            Pictures(io.BytesIO(packed))
        best = min(best, time.process_time() - began)
    return best


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("title,prompt,Title\r\n", "is there twice"),
        ("title,colour\r\n", "Unknown column “colour”"),
        ("title,price\r\n", "title and prompt among them"),
        (HEADER + "a,b\r\n" * 10_000, f"more than {MAX_ROWS} rows. Split it"),
        (HEADER, "no rows"),
        (
            "title,prompt,"
            + ",".join(f"sample_{n}" for n in range(1, 6))
            + "\r\n"
            + "a,b,1.png,1.png,1.png,1.png,1.png\r\n" * (MAX_PICTURES // 5 + 1),
            f"at most {MAX_PICTURES} at once",
        ),
        ("PK\x03\x04 a workbook", "choose “Save as”"),
        ('title,prompt\r\n"open,x\r\n', "no CSV table"),
        ("title,prompt\r\n" + "x" * MAX_TABLE_BYTES, "larger than 5 MB"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(table: str, said: str) -> None:
    with pytest.raises(InvalidError, match=said):
        read_table(table.encode())


def test_tables_may_be_written_with_semicolons_and_a_mark_of_order() -> None:
    rows = read_table("\ufeffTitle;Prompt\r\nFoxes;a [fox]\r\n".encode())
    assert [row.typed for row in rows] == [{"title": "Foxes", "prompt": "a [fox]"}]


def test_a_row_comes_out_of_its_json_as_it_went_in() -> None:
    [row] = read_table((HEADER + 'Fox,"é, ""x""",,,a [fox],,1.png; seed=5; fox=red\r\n').encode())
    assert TableRow.from_json(row.to_json()) == row
    assert row.samples[0].values == {"fox": "red"}


def zipped(name: str, data: bytes, method: int = zipfile.ZIP_DEFLATED, mode: int = 0) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as packed:
        info = zipfile.ZipInfo(name)
        info.compress_type, info.external_attr = method, mode << 16
        packed.writestr(info, data)
    return target.getvalue()


def bomb() -> bytes:
    """Four entries of 14 MB of nothing: each may be taken, together they are too much."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for number in range(4):
            packed.writestr(f"{number}.png", bytes(14_000_000))
    return target.getvalue()


def crowded() -> bytes:
    """A table of contents with more entries than there are files."""
    entry = b"PK\x01\x02" + bytes(42)
    contents = entry * (MAX_FILES + 1)
    return contents + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1, 1, len(contents), 0, 0)


def overlapping() -> bytes:
    """Many names for the same bytes, as bombs have them that no ratio of one entry betrays."""
    data = bytearray(zipped("1.png", picture_bytes(1), zipfile.ZIP_STORED))
    end = data.rindex(b"PK\x05\x06")
    start = data.index(b"PK\x01\x02")
    contents = bytes(data[start:end]) * 20
    tail = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 20, 20, len(contents), start, 0)
    return bytes(data[:start]) + contents + tail


def locked() -> bytes:
    data = bytearray(zipped("1.png", b"x"))
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    return bytes(data)


def large_contents() -> bytes:
    large = zipped("a" * 60_000 + ".png", b"x")
    end = large.rindex(b"PK\x05\x06")
    size = (7_000_000).to_bytes(4, "little")
    return large[:end] + large[end : end + 12] + size + large[end + 16 :]


@pytest.mark.parametrize(
    ("packed", "said"),
    [
        (lambda: b"Rar!\x1a\x07 and so on", "This is a RAR archive, no zip archive. Pack"),
        (lambda: picture_bytes(1), "This is a picture"),
        (lambda: b"PK\x05\x06", "This is no zip archive"),
        (lambda: b"", "This is no zip archive"),
        (bomb, "unpacks to far more than pictures do. Leave nothing but"),
        (overlapping, "unpacks to far more"),
        (crowded, "more than 3,000 files. Leave only"),
        (large_contents, "more than 3,000 files"),
        (lambda: zipped("x/" * 13 + "1.png", b"x"), "more than 12 folders. Pack fewer"),
        (lambda: zipped("../../etc/1.png", b"x"), "leads out of the archive. Pack"),
        (lambda: zipped("..\\..\\1.png", b"x"), "leads out of the archive"),
        (lambda: zipped("/etc/1.png", b"x"), "leads out of the archive"),
        (
            lambda: zipped("1.png", b"/etc/passwd", mode=stat.S_IFLNK | 0o777),
            "is a link. Pack the pictures themselves",
        ),
        (lambda: zipped("1.png", b"x" * 90, zipfile.ZIP_LZMA), "Make a plain zip archive"),
        (locked, "locked with a password. Pack"),
        (lambda: zipped("setup.exe", b"MZ"), "no PNG, JPEG or WebP"),
    ],
)
def test_hostile_archives_are_refused_at_once_with_a_way_out(
    packed: Callable[[], bytes], said: str, honest: float
) -> None:
    hostile = packed()
    with pytest.raises(InvalidError, match=said) as refused:
        Pictures(io.BytesIO(hostile))
    assert refused.value.field == "pictures"
    assert seconds_for(hostile) < honest


def broken() -> bytes:
    """An archive whose one file is not what its packing says."""
    data = bytearray(zipped("big.png", bytes(range(256)) * 40))
    data[40:60] = b"\xff" * 20
    return bytes(data)


@pytest.mark.parametrize(
    ("packed", "name", "said"),
    [
        (zipped("big.png", bytes(15_000_001)), "big.png", "larger than 15 MB"),
        (broken(), "big.png", "cannot be unpacked"),
        (zipped("other.png", b"x"), "big.png", "not in the archive"),
        (archive(notes_txt=b"x"), "notes.txt", "name a PNG, JPEG or WebP file"),
        (archive(**{"other/1_png": b"x"}), "1.png", "2 files of this name; rename"),
    ],
)
def test_what_is_wrong_with_one_picture_is_said_of_that_one(
    packed: bytes, name: str, said: str
) -> None:
    pictures = Pictures(io.BytesIO(packed))
    with pytest.raises(InvalidError, match=said):
        pictures.read(name)


def test_a_picture_is_found_in_whatever_folder_it_lies() -> None:
    pictures = Pictures(io.BytesIO(archive()))
    assert pictures.read("2.png") == picture_bytes(2)
    assert pictures.read("elsewhere/2.png") == picture_bytes(2)
    by_windows = Pictures(io.BytesIO(zipped("folder\\2.PNG", b"x")))
    assert by_windows.read("2.PNG") == b"x"


def test_a_file_in_parts_reads_like_the_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    blobs = LocalBlobs(tmp_path_factory.mktemp("blobs"))
    data = bytes(range(251)) * (2 * PART_BYTES // 251 + 1_000)
    keys = part_keys(len(data))
    assert len(keys) == 3
    assert part_keys(0) == []
    store_parts(blobs, keys, io.BytesIO(data))
    with io.BufferedReader(PartedFile(blobs, keys, len(data))) as file:
        assert file.read() == data
        for place in (0, PART_BYTES - 5, 2 * PART_BYTES - 1, len(data) - 3):
            file.seek(place)
            assert file.read(10) == data[place : place + 10]
        assert file.seek(0, io.SEEK_END) == len(data)
        assert file.read(1) == b""
