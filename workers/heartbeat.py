"""Keeps a run's lease alive from a thread of its own, however long a single step takes."""

from __future__ import annotations

import logging
import threading
from types import TracebackType

from marketplace.core.database import Database
from marketplace.core.unit_of_work import unit_of_work
from marketplace.verification.errors import LeaseLostError
from marketplace.verification.operations import beat

log = logging.getLogger(__name__)
INTERVAL = 1.0  # seconds; a tenth of the time after which a silent worker is taken for dead


class Heartbeat:
    """Writes progress once a second while the block runs; notices when the lease is lost.

    Use as a context manager and pass ``on_step`` to the engine: it raises LeaseLostError between
    two denoising steps once another worker holds the run.
    """

    def __init__(self, database: Database, run_id: str, lease: str) -> None:
        self._database, self._run_id, self._lease = database, run_id, lease
        self._step = 0
        self._lost = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def on_step(self, step: int, steps: int) -> None:
        """Remember how far the current picture is. Raises LeaseLostError."""
        self._step = step
        if self._lost:
            raise LeaseLostError(self._run_id)

    def next_sample(self) -> None:
        """The current picture is done and recorded."""
        self._step = 0

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL):
            try:
                with unit_of_work(self._database) as session:
                    beat(session, self._run_id, self._lease, self._step)
            except LeaseLostError:
                self._lost = True
                return
            except Exception as error:
                # The database may be restarting; the lease outlives a few missed beats.
                log.warning("heartbeat missed: %s", type(error).__name__)
