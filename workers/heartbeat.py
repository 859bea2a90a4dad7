"""Keeps a lease alive from a thread of its own, and ends a process whose model stands still."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType

from sqlalchemy.orm import Session

from marketplace.core.database import Database
from marketplace.core.leases import LeaseLostError
from marketplace.core.unit_of_work import unit_of_work
from marketplace.verification.operations import beat as beat_run

log = logging.getLogger(__name__)
INTERVAL = 1.0  # seconds; a tenth of the time after which a silent worker is taken for dead
STDERR = 2
EXIT_CODE = 75  # EX_TEMPFAIL: a supervisor starts the worker again

Beat = Callable[[Session, int], None]
"""Writes one sign of life with the current step. Raises LeaseLostError."""


def leave() -> None:
    """End this process at once, cleaning up nothing: a thread that hangs cannot be stopped."""
    os._exit(EXIT_CODE)


@dataclass(frozen=True)
class Watchdog:
    """What happens when no step has been made for ``limit`` seconds, loading a model included.

    ``hanging`` writes down what is the matter, then ``end`` ends the process.
    """

    limit: float
    hanging: Callable[[], None]
    end: Callable[[], None] = leave


class Heartbeat:
    """Writes progress once a second while the block runs; notices when the lease is lost.

    Use as a context manager and pass ``on_step`` to the engine: it raises LeaseLostError between
    two denoising steps once another worker holds the run. ``beat`` writes to another kind of row
    than a verification run's.
    """

    def __init__(
        self,
        database: Database,
        run_id: str,
        lease: str,
        beat: Beat | None = None,
        watchdog: Watchdog | None = None,
    ) -> None:
        self._database, self._run_id = database, run_id
        self._beat = beat or (lambda session, step: beat_run(session, run_id, lease, step))
        self._watchdog = watchdog
        self._step = 0
        self._writing = threading.Lock()
        self._moved_at = time.monotonic()
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
        if self._watchdog is not None:
            faulthandler.cancel_dump_traceback_later()

    def on_step(self, step: int, steps: int) -> None:
        """Remember how far the current sample is. Raises LeaseLostError.

        A sample may take several pictures; what is shown of it stays at the furthest step.
        """
        self._step = max(self._step, step)
        self.alive()

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Record a sample that is done inside this block; the next one starts at step 0 after it.

        No beat comes between: it would write the old sample's last step over the new one's first.
        """
        with self._writing:
            yield
            self._step = 0
        self._moved_at = time.monotonic()

    def alive(self) -> None:
        """Work goes on, though not in steps. Raises LeaseLostError."""
        self._moved_at = time.monotonic()
        if self._lost:
            raise LeaseLostError(self._run_id)

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL):
            self._mind_the_process()
            if self._lost:
                continue  # nothing to keep alive, yet a model that hangs must still be ended
            # Who records beats as well, so a beat is left out rather than waited for: waiting, the
            # watchdog would look at nothing.
            if self._writing.acquire(blocking=False):
                try:
                    self._write()
                finally:
                    self._writing.release()

    def _write(self) -> None:
        try:
            with unit_of_work(self._database) as session:
                self._beat(session, self._step)
        except LeaseLostError:
            self._lost = True
        except Exception as error:
            # The database may be restarting; the lease outlives a few missed beats.
            log.warning("heartbeat missed: %s", type(error).__name__)

    def _mind_the_process(self) -> None:
        watchdog = self._watchdog
        if watchdog is None:
            return
        # Should the model hang without letting any Python run, this thread included, a thread of
        # the interpreter's own ends the process. It prints places in the code, no values.
        with contextlib.suppress(AttributeError, ValueError, OSError):
            faulthandler.dump_traceback_later(watchdog.limit + INTERVAL, exit=True, file=STDERR)
        if time.monotonic() - self._moved_at < watchdog.limit:
            return
        log.error("run %s: no step for %.0f s, ending this process", self._run_id, watchdog.limit)
        try:
            watchdog.hanging()
        except Exception as error:
            log.warning("could not write that down: %s", type(error).__name__)
        watchdog.end()
        self._stop.set()
