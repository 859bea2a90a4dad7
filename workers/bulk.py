"""Takes in a seller's table line by line; between two lines it can be killed, late or doubled."""

from __future__ import annotations

import io
import logging
import time

from marketplace.core import leases
from marketplace.core.container import Services
from marketplace.core.leases import LeaseLostError
from marketplace.core.unit_of_work import unit_of_work
from marketplace.listings.bulk import operations
from marketplace.listings.bulk.archive import Pictures
from marketplace.listings.bulk.models import BulkUpload
from marketplace.listings.bulk.parts import PartedFile
from marketplace.listings.bulk.states import UploadState
from workers.heartbeat import Heartbeat

log = logging.getLogger(__name__)
TURN = 20.0
"""Seconds that one upload may keep a worker; then whatever else waits has its turn."""


def work_on(parts: Services, upload_id: str, turn: float = TURN) -> bool:
    """Take in as many lines as a turn allows; True when some are left and nothing is in the way."""
    with unit_of_work(parts.database) as session:
        upload = operations.claim(session, upload_id)
        if upload is None:
            return False
        lease = str(upload.lease)

    def beat(session: object, step: int) -> None:
        leases.beat(session, BulkUpload, upload_id, lease, UploadState.RUNNING)  # type: ignore[arg-type]

    try:
        with Heartbeat(parts.database, upload_id, lease, beat=beat):
            return _Turn(parts, upload, lease).take(turn)
    except LeaseLostError:
        log.info("bulk upload %s was taken over or stopped", upload_id)
    return False


class _Turn:
    """One worker's time with an upload."""

    def __init__(self, parts: Services, upload: BulkUpload, lease: str) -> None:
        self._parts, self._upload, self._lease = parts, upload, lease
        self._pictures: Pictures | None = None

    def take(self, seconds: float) -> bool:
        """As work_on. Raises LeaseLostError."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with unit_of_work(self._parts.database) as session:
                number = operations.begin_line(
                    session, self._parts.vault, self._upload.id, self._lease
                )
            if number is None:
                return False
            try:
                self._take_in(number)
            except LeaseLostError:
                raise
            except Exception as error:
                # By type only: a message might describe its input.
                log.warning(
                    "line %d of bulk upload %s not taken in: %s",
                    *(number, self._upload.id, type(error).__name__),
                )
                self._put_back(number)
                return False
        self._put_back()
        return True

    def _take_in(self, number: int) -> None:
        if self._pictures is None and self._upload.parts:
            size = self._upload.archive_bytes
            file = PartedFile(self._parts.blobs, self._upload.parts, size)
            self._pictures = Pictures(io.BufferedReader(file))
        with unit_of_work(self._parts.database) as session:
            operations.take_in(
                session, self._parts, self._upload.id, self._lease, number, self._pictures
            )

    def _put_back(self, failed_at: int | None = None) -> None:
        with unit_of_work(self._parts.database) as session:
            operations.put_back(session, self._upload.id, self._lease, failed_at)
