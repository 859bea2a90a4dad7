"""A table is sent, taken in and reported: each row stands for itself; only its seller sees it."""

from __future__ import annotations

import io

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.listings import operations
from marketplace.listings.bulk.models import BulkLine, BulkUpload
from marketplace.listings.models import Listing
from marketplace.listings.queries import version_of
from marketplace.task_names import TaskName
from tests.factories.accounts import make_seller
from tests.fixtures.app import log_in
from tests.unit.listings.bulk.conftest import GOOD, HEADER, Upload, archive, numbered, send
from workers.bulk import work_on

ODD = 'No,short,nowhere,,"a [fox] of paper",free,missing.png; seed=x,text.png,\r\n'


def test_a_good_row_is_ready_and_an_odd_one_is_kept_with_its_faults(
    shop: FlaskClient, session: Session, services: Services
) -> None:
    page = send(shop, services, HEADER + GOOD + ODD, archive(text_png=b"no picture"))
    assert "2 of 2 rows became drafts" in page
    assert "Complete: check it, then submit it." in page
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
    again = send(shop, services, HEADER + GOOD, archive())
    assert "a listing of yours has this prompt already" in again
    assert len(session.scalars(select(Listing)).all()) == 2


def test_rows_that_cannot_be_read_make_nothing(
    shop: FlaskClient, session: Session, services: Services
) -> None:
    rows = (
        "Comma,a [fox], in snow\r\n"
        'Bracket,"a [fox"\r\n'
        "Nothing,\r\n"
        "Null,a \x00 [fox]\r\n"
        '"=HYPERLINK(""x"")",a [fox] of paper\r\n'
    )
    page = send(shop, services, "title,prompt\r\n" + rows)
    assert "1 of 5 rows became drafts" in page
    for said in ("3 cells for 2 columns", "is not closed", "Prompt: ", "no text"):
        assert said in page
    assert [row.title for row in session.scalars(select(Listing))] == ['=HYPERLINK("x")']


def test_the_example_table_can_be_sent_as_it_is(shop: FlaskClient, services: Services) -> None:
    table = shop.get("/sell/bulk.csv").get_data(as_text=True)
    page = send(shop, services, table.removeprefix("\ufeff"))
    assert "1 of 1 rows became drafts" in page
    assert "there was no archive of pictures" in page


def test_what_cannot_be_taken_is_told_and_leaves_nothing(
    shop: FlaskClient, session: Session, services: Services
) -> None:
    assert shop.post("/sell/bulk").status_code == 422
    assert "name ends in .csv" in shop.post(
        "/sell/bulk", data={"table": (io.BytesIO(b"x"), "table.xlsx")}
    ).get_data(as_text=True)
    assert "This is a RAR archive" in send(shop, services, HEADER + GOOD, b"Rar!\x1a")
    head = b'--x\r\nContent-Disposition: form-data; name="table"; filename="a.csv"\r\n\r\n'
    flood = head + bytes(9_000_000) + b"\r\n--x--\r\n"
    kind = "multipart/form-data; boundary=x"
    assert shop.post("/sell/bulk", data=flood, content_type=kind).status_code == 413
    assert session.scalars(select(BulkUpload)).all() == []
    assert not list(services.blobs.root.rglob("*.part"))  # type: ignore[attr-defined]


class Unread(io.BytesIO):
    """A body that nobody may read."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise AssertionError("a stranger's upload was read")

    def readinto(self, buffer: object, /) -> int:
        return len(self.read())


def test_nothing_of_a_strangers_upload_is_read(csrf_app: Flask) -> None:
    answer = csrf_app.test_client().post(
        "/sell/bulk",
        input_stream=Unread(bytes(2_000_000)),
        content_type="multipart/form-data; boundary=x",
    )
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/account/login?next=/sell/bulk")


def test_the_page_shows_progress_and_moves_without_a_script(
    shop: FlaskClient, services: Services, upload: Upload
) -> None:
    made = upload(rows=3)
    address = f"/sell/bulk/{made}"
    page = shop.get(address).text
    assert '<noscript><meta http-equiv="refresh"' in page
    assert "it begins in a moment" in page
    assert address in shop.get("/sell/bulk").text  # in place of a form that could not be sent
    assert 'type="file"' not in shop.get("/sell/bulk").text
    assert "Another table of yours" in send(shop, services, HEADER + numbered(9))
    assert work_on(services, made, turn=0) is True  # its turn is over before the first row
    work_on(services, made)
    page = shop.get(address).text
    assert "3 of 3 rows became drafts" in page
    assert "http-equiv" not in page
    assert page.count("Complete: check it") == 3


def test_a_stopped_upload_keeps_its_drafts_and_makes_no_more(
    shop: FlaskClient, session: Session, services: Services, upload: Upload
) -> None:
    made = upload(rows=2)
    assert shop.post(f"/sell/bulk/{made}/stop").status_code == 303
    assert shop.post(f"/sell/bulk/{made}/stop").status_code == 303
    assert work_on(services, made) is False
    assert "0 of 2 rows became drafts, then you stopped" in shop.get(f"/sell/bulk/{made}").text
    assert session.scalars(select(Listing)).all() == []
    assert session.scalars(select(BulkLine.row_sealed)).all() == [None, None]


def test_nobody_else_sees_or_stops_an_upload(
    client: FlaskClient, session: Session, services: Services, upload: Upload
) -> None:
    made = upload()
    stranger = make_seller(session)
    session.commit()
    assert client.get(f"/sell/bulk/{made}").status_code == 302
    log_in(client, stranger.user)
    assert client.get(f"/sell/bulk/{made}").status_code == 404
    assert client.post(f"/sell/bulk/{made}/stop").status_code == 404
    assert made not in client.get("/sell/bulk").text
    assert client.get("/sell/bulk/nonsense").status_code == 404
    assert work_on(services, made) is False
    session.expire_all()
    assert session.get_one(BulkUpload, made).finished_at is not None
    assert (str(TaskName.TAKE_IN_BULK), (made,)) in services.queue.sent  # type: ignore[attr-defined]
