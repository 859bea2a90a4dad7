"""Verbs of a bulk upload: receive, accept, claim, take in a line, stop, tidy. Nothing here commits.

A line becomes a draft and is written down as done in one transaction, under the upload's lease: so
a process that dies leaves the line as it was, and two that believe they hold it make one draft.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, undefer

from marketplace.accounts.models import SellerProfile
from marketplace.core import leases
from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError, DomainError
from marketplace.core.leases import LeaseLostError
from marketplace.core.task_queue import enqueue
from marketplace.core.vault import PromptVault
from marketplace.listings.bulk import queries
from marketplace.listings.bulk.archive import Pictures
from marketplace.listings.bulk.limits import KEPT_FOR, MAX_TRIES, PAUSE
from marketplace.listings.bulk.models import BulkLine, BulkUpload
from marketplace.listings.bulk.parts import part_keys
from marketplace.listings.bulk.rows import RowReport, take_in_row, title_of
from marketplace.listings.bulk.states import UPLOAD_STATES, LineState, UploadAction, UploadState
from marketplace.listings.bulk.table import TableRow
from marketplace.task_names import TaskName

_AT_WORK = "Another table of yours is being taken in. Wait until it is done, or stop it."
_GIVEN_UP = (
    "Something of ours failed three times over at this row; nothing was made of it. Send it again "
    "in a table of its own, and tell us if that fails too."
)
_STOPPED = "You stopped before its turn came."


def receive(session: Session, seller_id: str, archive_bytes: int) -> BulkUpload:
    """The row of an upload whose archive is about to be stored; its keys are known first.

    Args:
        archive_bytes: the archive's size, 0 without one.

    Raises:
        ConflictError: while another upload of this seller is at work.
    """
    if queries.at_work(session, seller_id) is not None:
        raise ConflictError(_AT_WORK)
    upload = BulkUpload(
        seller_id=seller_id,
        state=UploadState.RECEIVING,
        parts=part_keys(archive_bytes),
        archive_bytes=archive_bytes,
    )
    session.add(upload)
    session.flush()
    return upload


def accept(
    session: Session, services: Services, upload: BulkUpload, rows: Sequence[TableRow]
) -> None:
    """Keep the table's rows, sealed, and call a worker once the session commits.

    Raises:
        ConflictError: when another upload of this seller has come first.
    """
    # Two that arrive together: the second one waits here, and then sees the first.
    session.get(SellerProfile, upload.seller_id, with_for_update={"of": SellerProfile})
    if queries.at_work(session, upload.seller_id) is not None:
        raise ConflictError(_AT_WORK)
    _move(upload, UploadAction.ACCEPT)
    upload.rows = len(rows)
    for row in rows:
        sealed = services.vault.seal(row.to_json())
        line = BulkLine(
            upload_id=upload.id, number=row.number, state=LineState.WAITING, row_sealed=sealed
        )
        session.add(line)
    session.flush()
    enqueue(session, services.queue, TaskName.TAKE_IN_BULK, upload.id)


def claim(session: Session, upload_id: str) -> BulkUpload | None:
    """Take an upload to work on; None when it is not to be had, or not now."""
    upload = session.scalar(
        select(BulkUpload)
        .where(BulkUpload.id == upload_id, BulkUpload.state == UploadState.QUEUED, queries.due())
        .with_for_update(skip_locked=True)
    )
    if upload is None:
        return None
    _move(upload, UploadAction.CLAIM)
    leases.take(upload)
    upload.not_before = None
    session.flush()
    return upload


def begin_line(session: Session, vault: PromptVault, upload_id: str, lease: str) -> int | None:
    """The number of the line that is next, its try counted; None when the upload is done.

    To be committed before the line is worked on, so that a try counts even when it kills us.

    Raises:
        LeaseLostError: when the upload is no longer held by this lease.
    """
    upload = leases.held(session, BulkUpload, upload_id, lease, UploadState.RUNNING)
    while found := queries.waiting_lines(session, upload_id, limit=1):
        [line] = found
        if line.attempts < MAX_TRIES:
            line.attempts += 1
            session.flush()
            return line.number
        _refuse(vault, line, _GIVEN_UP)
        session.flush()
    _end(upload, UploadAction.FINISH)
    session.flush()
    return None


def take_in(
    session: Session,
    services: Services,
    upload_id: str,
    lease: str,
    number: int,
    pictures: Pictures | None,
) -> LineState:
    """Make a draft of a line and write down what became of it, both or neither.

    The lease is looked at last, so that nothing is locked while pictures are read.

    Raises:
        LeaseLostError: when the upload, or the line, was taken over meanwhile.
    """
    upload = session.get_one(BulkUpload, upload_id)
    line = session.get_one(BulkLine, (upload_id, number), options=[undefer(BulkLine.row_sealed)])
    if line.row_sealed is None:
        raise LeaseLostError(upload_id)
    row = TableRow.from_json(services.vault.open(line.row_sealed))
    try:
        with session.begin_nested():
            report = take_in_row(session, services, upload.seller_id, row, pictures)
    except DomainError as error:
        report = RowReport(number, title_of(row), messages=(error.message,))
    leases.held(session, BulkUpload, upload_id, lease, UploadState.RUNNING)
    session.refresh(line, ["state"], with_for_update=True)
    if line.state is not LineState.WAITING:
        raise LeaseLostError(upload_id)
    state = LineState.READY if report.is_ready else LineState.DRAFTED
    _write(services.vault, line, state if report.listing_id else LineState.REFUSED, report)
    session.flush()
    return line.state


def put_back(session: Session, upload_id: str, lease: str, failed_at: int | None = None) -> None:
    """Let others go on with it: at once, or after a failure of ours at a line with a pause.

    Raises:
        LeaseLostError: when the upload is no longer held by this lease.
    """
    upload = leases.held(session, BulkUpload, upload_id, lease, UploadState.RUNNING)
    if failed_at is not None:
        line = session.get_one(BulkLine, (upload_id, failed_at))
        upload.not_before = now() + PAUSE * line.attempts
    _move(upload, UploadAction.PUT_BACK)
    upload.lease = None
    session.flush()


def stop(session: Session, vault: PromptVault, upload: BulkUpload) -> None:
    """End an upload before all is taken in; drafts that were made stay. Safe to repeat."""
    session.refresh(upload, with_for_update={"of": BulkUpload})
    if upload.state.is_over:
        return
    for line in queries.waiting_lines(session, upload.id):
        _refuse(vault, line, _STOPPED)
    _end(upload, UploadAction.STOP)
    session.flush()


def release_stale(session: Session, limit: int = 20) -> int:
    """Put back every upload whose worker has fallen silent; returns how many."""
    stale = leases.abandoned(session, BulkUpload, UploadState.RUNNING, limit)
    for upload in stale:
        _move(upload, UploadAction.PUT_BACK)
        upload.lease = None
    session.flush()
    return len(stale)


def forget(session: Session, upload_id: str) -> None:
    """The archive's blobs are gone: so are their keys, and the row of what was never accepted."""
    session.execute(update(BulkUpload).where(BulkUpload.id == upload_id).values(parts=[]))
    session.execute(
        delete(BulkUpload).where(
            BulkUpload.id == upload_id, BulkUpload.state == UploadState.RECEIVING
        )
    )


def forget_old(session: Session) -> None:
    """Remove reports that are older than they are kept; drafts are their seller's and stay."""
    old = (BulkUpload.finished_at < now() - KEPT_FOR) & (BulkUpload.parts == [])
    session.execute(delete(BulkUpload).where(old))


def _refuse(vault: PromptVault, line: BulkLine, why: str) -> None:
    assert line.row_sealed is not None
    title = title_of(TableRow.from_json(vault.open(line.row_sealed)))
    _write(vault, line, LineState.REFUSED, RowReport(line.number, title, messages=(why,)))


def _write(vault: PromptVault, line: BulkLine, state: LineState, report: RowReport) -> None:
    """What became of a line; its text goes, for it stands in the draft, or with its seller."""
    said = {"title": report.title, "messages": report.messages}
    line.report_sealed = vault.seal(json.dumps(said, ensure_ascii=False))
    line.state, line.listing_id, line.done_at = state, report.listing_id, now()
    line.row_sealed = None


def _end(upload: BulkUpload, action: UploadAction) -> None:
    _move(upload, action)
    upload.lease, upload.finished_at = None, now()


def _move(upload: BulkUpload, action: UploadAction) -> None:
    after = UPLOAD_STATES.next(upload.state, action)
    assert isinstance(after, UploadState)
    upload.state = after
