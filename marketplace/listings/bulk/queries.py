"""Reads of bulk uploads: a seller's own with its report, what is due, what is to be tidied away."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, undefer

from marketplace.core.clock import now
from marketplace.core.errors import NotFoundError
from marketplace.core.ids import is_id
from marketplace.core.vault import PromptVault
from marketplace.listings.bulk.limits import MAX_ROWS, RECEIVED_WITHIN
from marketplace.listings.bulk.models import BulkLine, BulkUpload
from marketplace.listings.bulk.rows import RowReport
from marketplace.listings.bulk.states import LineState, UploadState

_AT_WORK = (UploadState.QUEUED, UploadState.RUNNING)
SHOWN = 10


@dataclass(frozen=True)
class Progress:
    """How many lines of an upload there are, by what became of them."""

    rows: int
    counted: dict[LineState, int]

    def of(self, *states: LineState) -> int:
        """How many are in one of these states."""
        return sum(self.counted.get(state, 0) for state in states)

    @property
    def done(self) -> int:
        """Lines that are a draft or refused."""
        return self.rows - self.of(LineState.WAITING)

    @property
    def percent(self) -> int:
        """Of all lines, rounded down: a hundred means all."""
        return 100 * self.done // self.rows if self.rows else 100


def at_work(session: Session, seller_id: str) -> BulkUpload | None:
    """The seller's upload that is being taken in; there is one at most."""
    return session.scalar(
        select(BulkUpload).where(BulkUpload.seller_id == seller_id, BulkUpload.state.in_(_AT_WORK))
    )


def own_upload(session: Session, seller_id: str, upload_id: str) -> BulkUpload:
    """A seller's own upload.

    Raises:
        NotFoundError: also when it is somebody else's, or was never accepted.
    """
    found = session.get(BulkUpload, upload_id) if is_id(upload_id) else None
    if found is None or found.seller_id != seller_id or found.state is UploadState.RECEIVING:
        raise NotFoundError
    return found


def latest(session: Session, seller_id: str) -> list[BulkUpload]:
    """A seller's last uploads, the newest first."""
    query = (
        select(BulkUpload)
        .where(BulkUpload.seller_id == seller_id, BulkUpload.state != UploadState.RECEIVING)
        .order_by(BulkUpload.created_at.desc())
        .limit(SHOWN)
    )
    return list(session.scalars(query))


def progress_of(session: Session, upload: BulkUpload) -> Progress:
    """How far an upload is."""
    rows = session.execute(
        select(BulkLine.state, func.count())
        .where(BulkLine.upload_id == upload.id)
        .group_by(BulkLine.state)
    )
    return Progress(upload.rows, {state: number for state, number in rows})  # noqa: C416


def reports_of(session: Session, vault: PromptVault, upload: BulkUpload) -> list[RowReport]:
    """What became of the lines so far, in the table's order; for the upload's own seller only."""
    lines = session.scalars(
        select(BulkLine)
        .where(BulkLine.upload_id == upload.id, BulkLine.state != LineState.WAITING)
        .order_by(BulkLine.number)
    )
    return [_report(vault, line) for line in lines]


def waiting_lines(session: Session, upload_id: str, limit: int = MAX_ROWS) -> list[BulkLine]:
    """Lines that nothing has become of yet, locked, in the table's order, with their text."""
    query = (
        select(BulkLine)
        .where(BulkLine.upload_id == upload_id, BulkLine.state == LineState.WAITING)
        .order_by(BulkLine.number)
        .limit(limit)
        .options(undefer(BulkLine.row_sealed))
        .with_for_update()
    )
    return list(session.scalars(query))


def due() -> ColumnElement[bool]:
    """SQL: an upload's pause is over, or it has none."""
    return or_(BulkUpload.not_before.is_(None), BulkUpload.not_before <= now())


def due_ids(session: Session, limit: int = 50) -> list[str]:
    """Uploads that a worker could go on with, the oldest first."""
    query = (
        select(BulkUpload.id)
        .where(BulkUpload.state == UploadState.QUEUED, due())
        .order_by(BulkUpload.created_at)
        .limit(limit)
    )
    return list(session.scalars(query))


def stored_for_nothing(session: Session) -> list[BulkUpload]:
    """Uploads whose archive is needed no more: they are over, or were left while they came in."""
    was_left = BulkUpload.created_at < now() - RECEIVED_WITHIN
    query = select(BulkUpload).where(
        BulkUpload.parts != [],
        or_(
            BulkUpload.state.in_([UploadState.FINISHED, UploadState.STOPPED]),
            (BulkUpload.state == UploadState.RECEIVING) & was_left,
        ),
    )
    return list(session.scalars(query.order_by(BulkUpload.created_at).limit(SHOWN)))


def _report(vault: PromptVault, line: BulkLine) -> RowReport:
    assert line.report_sealed is not None
    said = json.loads(vault.open(line.report_sealed))
    return RowReport(line.number, said["title"], line.listing_id, tuple(said["messages"]))
