"""A worker that takes in a table may be killed anywhere, doubled or late: each row once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import frozen, now
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError
from marketplace.core.leases import STALE_AFTER
from marketplace.core.unit_of_work import unit_of_work
from marketplace.listings.bulk import limits, operations, queries
from marketplace.listings.bulk.models import BulkLine, BulkUpload
from marketplace.listings.bulk.states import LineState, UploadState
from marketplace.listings.bulk.table import read_table
from marketplace.listings.catalogue import load_catalogue
from marketplace.listings.models import Listing
from marketplace.task_names import TaskName
from tests.factories.accounts import make_seller
from tests.factories.listings import SECRET_WORD
from tests.unit.listings.bulk.conftest import HEADER, Upload, numbered
from tests.unit.listings.bulk.conftest import upload as upload  # a fixture
from workers import bulk
from workers.tasks import bulk as tasks

LONG_AGO = STALE_AFTER + timedelta(seconds=5)


class Killed(BaseException):
    """The process ends here: nothing catches this, nothing is cleaned up by us."""


@pytest.fixture
def seller(session: Session) -> SellerProfile:
    load_catalogue(session)
    made = make_seller(session)
    session.commit()
    return made


@pytest.fixture(autouse=True)
def _own_services(monkeypatch: pytest.MonkeyPatch, services: Services) -> None:
    monkeypatch.setattr(tasks, "services", lambda: services)


def titles(session: Session) -> list[str]:
    session.expire_all()
    return sorted(session.scalars(select(Listing.title)))


def lines(session: Session) -> list[BulkLine]:
    session.expire_all()
    return list(session.scalars(select(BulkLine).order_by(BulkLine.number)))


def dies_at(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, call: int) -> None:
    """Kill the worker at the end of the n-th call of a function."""
    real: Callable[..., Any] = getattr(module, name)
    calls = iter(range(1, 1_000))

    def then_dies(*args: Any, **named: Any) -> Any:
        result = real(*args, **named)
        if next(calls) == call:
            raise Killed
        return result

    monkeypatch.setattr(module, name, then_dies)


@pytest.mark.parametrize(
    ("module", "name", "call"),
    [
        (operations, "claim", 1),  # before the claim is committed
        (operations, "begin_line", 1),  # before the first try is counted
        (operations, "begin_line", 3),
        (operations, "take_in_row", 2),  # a draft is made, its line not written down
        (operations, "take_in", 1),  # both are, and nothing is committed
        (operations, "take_in", 3),
        (operations, "begin_line", 4),  # all is done, the upload is not over
    ],
)
def test_killed_anywhere_no_row_is_lost_and_none_doubled(
    session: Session,
    services: Services,
    upload: Upload,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    name: str,
    call: int,
) -> None:
    made = upload(rows=3)
    with monkeypatch.context() as patch:
        dies_at(patch, module, name, call)
        with pytest.raises(Killed):
            bulk.work_on(services, made)
    with frozen(now() + LONG_AGO):
        tasks.sweep_bulk()
        assert (str(TaskName.TAKE_IN_BULK), (made,)) in services.queue.sent  # type: ignore[attr-defined]
        tasks.take_in_bulk(made)
    assert titles(session) == ["Paper animals 0", "Paper animals 1", "Paper animals 2"]
    assert [line.state for line in lines(session)] == [LineState.READY] * 3
    assert len({line.listing_id for line in lines(session)}) == 3
    assert session.get_one(BulkUpload, made).state is UploadState.FINISHED


def test_a_task_that_comes_twice_does_nothing_the_second_time(
    session: Session, services: Services, upload: Upload
) -> None:
    made = upload(rows=2)
    tasks.take_in_bulk(made)
    before = [(line.listing_id, line.report_sealed) for line in lines(session)]
    tasks.take_in_bulk(made)
    tasks.take_in_bulk("0000000000000")
    assert [(line.listing_id, line.report_sealed) for line in lines(session)] == before
    assert len(titles(session)) == 2


def test_two_workers_share_no_upload_and_the_late_one_records_nothing(
    session: Session, services: Services, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = upload(rows=2)
    real, others = operations.take_in_row, iter([True])

    def overtaken(*args: Any) -> Any:
        if next(others, False):
            assert bulk.work_on(services, made) is False  # it is held
            with frozen(now() + LONG_AGO), unit_of_work(services.database) as own:
                assert operations.release_stale(own) == 1  # we were silent for too long
            assert bulk.work_on(services, made) is False  # another one did all of it
        return real(*args)

    monkeypatch.setattr(operations, "take_in_row", overtaken)
    assert bulk.work_on(services, made) is False
    assert len(titles(session)) == 2
    assert [line.state for line in lines(session)] == [LineState.READY] * 2


def test_one_bad_row_stops_none_of_the_good_ones(
    session: Session, services: Services, upload: Upload
) -> None:
    bad = 'Odd,short,nowhere,,"a [fox",free,missing.png,,\r\n'
    made = upload(table=HEADER + numbered(1) + bad + numbered(2))
    tasks.take_in_bulk(made)
    states = [line.state for line in lines(session)]
    assert states == [LineState.READY, LineState.REFUSED, LineState.READY]
    row = session.get_one(BulkUpload, made)
    [report] = [
        one for one in queries.reports_of(session, services.vault, row) if one.listing_id is None
    ]
    assert (report.number, report.title) == (3, "Odd")
    assert "is not closed" in report.messages[0]


def test_a_row_at_which_we_fail_is_tried_again_later_then_left_out_and_no_text_is_logged(
    session: Session,
    services: Services,
    upload: Upload,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = upload(rows=3)
    real = operations.take_in_row

    def breaks(session: Session, services: Services, seller_id: str, row: Any, *rest: Any) -> Any:
        if row.number == 3:
            raise RuntimeError(row.typed["prompt"])
        return real(session, services, seller_id, row, *rest)

    monkeypatch.setattr(operations, "take_in_row", breaks)
    moment = now()
    with caplog.at_level(logging.DEBUG):
        for _ in range(limits.MAX_TRIES):
            with frozen(moment):
                tasks.take_in_bulk(made)
                tasks.take_in_bulk(made)  # at once: it waits
            moment += limits.PAUSE * 4
        with frozen(moment):
            tasks.take_in_bulk(made)
    assert [line.state for line in lines(session)] == [
        LineState.READY, LineState.REFUSED, LineState.READY,
    ]  # fmt: skip
    assert [line.attempts for line in lines(session)] == [1, limits.MAX_TRIES, 1]
    assert caplog.text.count("not taken in: RuntimeError") == limits.MAX_TRIES
    assert SECRET_WORD not in caplog.text


def test_no_text_stays_readable_and_none_at_all_once_it_is_done(
    session: Session, services: Services, upload: Upload
) -> None:
    made = upload(rows=2)
    columns = "row_sealed, report_sealed"
    for stage in ("waiting", "done"):
        rows = session.execute(text(f"SELECT {columns} FROM bulk_lines")).all()
        stored = b"".join(bytes(cell) for row in rows for cell in row if cell is not None)
        assert stored
        assert SECRET_WORD.encode() not in stored
        assert b"Paper animals" not in stored
        if stage == "waiting":
            session.rollback()
            tasks.take_in_bulk(made)
    assert [row.row_sealed for row in rows] == [None, None]


def test_what_became_of_a_row_is_written_once(
    session: Session, services: Services, upload: Upload
) -> None:
    tasks.take_in_bulk(upload(rows=1))
    for change in ("state = 'refused', listing_id = NULL", "report_sealed = 'x'", "attempts = 9"):
        with pytest.raises(DatabaseError, match="written once"):
            session.execute(text(f"UPDATE bulk_lines SET {change}"))
        session.rollback()


def test_the_archive_goes_when_it_is_done_with_and_the_report_when_it_is_old(
    session: Session, services: Services, seller: SellerProfile, upload: Upload
) -> None:
    made = upload(rows=1)
    tasks.sweep_bulk()
    keys = session.get_one(BulkUpload, made).parts
    assert all(services.blobs.exists(key) for key in keys)  # it is still needed
    tasks.take_in_bulk(made)
    tasks.sweep_bulk()
    session.expire_all()
    assert keys
    assert not any(services.blobs.exists(key) for key in keys)
    assert session.get_one(BulkUpload, made).parts == []
    with frozen(now() + limits.KEPT_FOR + timedelta(days=1)):
        tasks.sweep_bulk()
    session.expire_all()
    assert lines(session) == []
    assert titles(session) == ["Paper animals 0"]


def test_what_a_process_left_while_it_came_in_is_removed(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    left = operations.receive(session, seller.user_id, 10)
    services.blobs.put(left.parts[0], b"x" * 10, "application/octet-stream")
    session.commit()
    tasks.sweep_bulk()
    assert services.blobs.exists(left.parts[0])  # somebody may be storing it
    with frozen(now() + limits.RECEIVED_WITHIN + timedelta(minutes=1)):
        tasks.sweep_bulk()
    assert not services.blobs.exists(left.parts[0])
    assert session.scalars(select(BulkUpload.id)).all() == []


def test_a_seller_has_one_upload_at_work(
    session: Session, services: Services, seller: SellerProfile, upload: Upload
) -> None:
    first = operations.receive(session, seller.user_id, 0)
    second = operations.receive(session, seller.user_id, 0)  # pressed twice
    rows = read_table((HEADER + numbered(1)).encode())
    operations.accept(session, services, first, rows)
    with pytest.raises(ConflictError, match="Another table"):
        operations.accept(session, services, second, rows)
    with pytest.raises(ConflictError, match="Another table"):
        operations.receive(session, seller.user_id, 0)
