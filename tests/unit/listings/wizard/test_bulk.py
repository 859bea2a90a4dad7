"""Many listings at once: each row stands for itself, and its report says what became of it."""

from __future__ import annotations

import io
import zipfile

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.core.errors import InvalidError
from marketplace.listings import operations
from marketplace.listings.models import Listing
from marketplace.listings.queries import version_of
from marketplace.listings.wizard.bulk_files import MAX_ROWS, Pictures, read_table
from tests.factories.listings import PROMPT, picture_bytes

HEADER = "title,description,category,target_model,prompt,price,sample_1,sample_2,sample_3\r\n"
GOOD = (
    'Paper animals,"Layered paper scenes, one animal each.",Wallpapers,house-full,'
    f'"{PROMPT}",2.99,1.png; seed=5; subject=fox; sky=night,2.png;seed=6,3.png; seed=7\r\n'
)
ODD = 'No,short,nowhere,,"a [fox] of paper",free,missing.png; seed=x,text.png,\r\n'


def archive(**more: bytes) -> bytes:
    """Three pictures in a folder, and what else is given."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        for number in (1, 2, 3):
            packed.writestr(f"folder/{number}.png", picture_bytes(number))
        packed.writestr("__MACOSX/folder/1.png", b"not this one")
        packed.writestr("../../etc/4.png", b"goes nowhere")
        for name, data in more.items():
            packed.writestr(name.replace("_", "."), data)
    return target.getvalue()


def send(shop: FlaskClient, table: str, packed: bytes | None = None) -> str:
    data: dict[str, object] = {"table": (io.BytesIO(table.encode()), "table.csv")}
    if packed is not None:
        data["pictures"] = (io.BytesIO(packed), "pictures.zip")
    return shop.post("/sell/bulk", data=data).text


def test_a_good_row_is_ready_and_an_odd_one_is_kept_with_its_faults(
    shop: FlaskClient, session: Session, services: Services
) -> None:
    page = send(shop, HEADER + GOOD + ODD, archive(text_png=b"no picture"))
    assert "2 of 2 rows became drafts" in page
    assert "Ready to submit" in page
    assert "missing.png: not in the archive" in page
    assert "text.png: " in page
    assert "Category: there is no “nowhere”" in page
    listings = {row.title: row for row in session.scalars(select(Listing))}
    good = listings["Paper animals"]
    samples = version_of(session, good).samples
    assert [sample.seed for sample in samples] == [5, 6, 7]
    assert samples[0].values == {"subject": "fox", "sky": "night"}
    operations.submit(session, services.vault, services.queue, good, good.seller_id)
    odd = listings["No"]
    assert "free" in shop.get(f"/sell/{odd.id}/steps/price").text
    again = send(shop, HEADER + GOOD, archive())
    assert "a listing of yours has this prompt already" in again
    assert len(session.scalars(select(Listing)).all()) == 2


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("title,prompt,Title\r\n", "is there twice"),
        ("title,colour\r\n", "Unknown column “colour”"),
        ("title,price\r\n", "title and prompt among them"),
        (HEADER + "a,b\r\n" * 10_000, f"10000 rows; at most {MAX_ROWS}"),
        ('title,prompt\r\n"open,x\r\n', "no CSV table"),
        ("title,prompt\r\n" + "x" * 1_000_001, "larger than 1 MB"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(table: str, said: str) -> None:
    with pytest.raises(InvalidError, match=said):
        read_table(table.encode())


def test_tables_may_be_written_with_semicolons_and_a_mark_of_order() -> None:
    rows = read_table("\ufeffTitle;Prompt\r\nFoxes;a [fox]\r\n".encode())
    assert [row.typed for row in rows] == [{"title": "Foxes", "prompt": "a [fox]"}]


def zipped(name: str, data: bytes, method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as packed:
        packed.writestr(name, data)
    return target


def broken() -> io.BytesIO:
    """An archive whose one file is not what its packing says."""
    data = bytearray(zipped("big.png", bytes(range(256)) * 40).getvalue())
    data[40:60] = b"\xff" * 20
    return io.BytesIO(data)


@pytest.mark.parametrize(
    ("packed", "said"),
    [
        (zipped("big.png", bytes(15_000_001)), "larger than 15 MB"),
        (zipped("big.png", b"x" * 90, zipfile.ZIP_LZMA), "unusual way"),
        (broken(), "cannot be unpacked"),
        (zipped("x/../../big.png", b"x"), ""),
        (zipped("other.png", b"x"), "not in the archive"),
    ],
)
def test_files_of_an_archive_are_read_with_care(packed: io.BytesIO, said: str) -> None:
    pictures = Pictures(packed)
    if not said:
        assert pictures.read("big.png") == b"x"  # into memory, wherever it says it belongs
        return
    with pytest.raises(InvalidError, match=said):
        pictures.read("../big.png")


def test_archives_are_read_with_care() -> None:
    packed = Pictures(io.BytesIO(archive(**{"other/1_png": b"x"})))
    with pytest.raises(InvalidError, match="2 files of this name"):
        packed.read("1.png")
    assert packed.read("2.png") == picture_bytes(2)
    large = zipped("a" * 60_000 + ".png", b"x").getvalue()
    end = large.rindex(b"PK\x05\x06")
    many = large[:end] + large[end : end + 12] + (700_000).to_bytes(4, "little") + large[end + 16 :]
    for data, said in ((b"rar", "no zip"), (b"PK\x05\x06", "no zip"), (many, "At most 300")):
        with pytest.raises(InvalidError, match=said):
            Pictures(io.BytesIO(data))


def test_rows_that_cannot_be_read_make_nothing(
    shop: FlaskClient, session: Session, services: Services
) -> None:
    rows = (
        "Comma,a [fox], in snow\r\n"
        'Bracket,"a [fox"\r\n'
        "Nothing,\r\n"
        "Null,a \x00 [fox]\r\n"
        '=HYPERLINK("x"),a [fox] of paper\r\n'
    )
    page = send(shop, "title,prompt\r\n" + rows.replace('=HYPERLINK("x")', '"=HYPERLINK(""x"")"'))
    assert "1 of 5 rows became drafts" in page
    for said in ("3 cells for 2 columns", "is not closed", "Prompt: ", "no text"):
        assert said in page
    assert [row.title for row in session.scalars(select(Listing))] == ['=HYPERLINK("x")']


def test_the_example_table_can_be_sent_as_it_is(shop: FlaskClient) -> None:
    table = shop.get("/sell/bulk.csv").get_data(as_text=True)
    assert "1 of 1 rows became drafts" in send(shop, table.removeprefix("\ufeff"))
    assert shop.post("/sell/bulk").status_code == 422
