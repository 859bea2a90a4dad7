"""Counting in memory, written down every few seconds: no query and no wait for who looks.

A process that is killed loses what it counted since it last wrote, seconds' worth, and no more.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask import Flask, Response, current_app, request, url_for
from flask_security import current_user
from sqlalchemy.dialects.postgresql import insert

from marketplace.core.clock import now
from marketplace.core.database import Database
from marketplace.core.ids import new_id
from marketplace.core.unit_of_work import unit_of_work
from marketplace.core.web.guards import signed_in
from marketplace.core.web.request_scope import services
from marketplace.core.web.traces import Step, Traces, note, noted
from marketplace.insights.models import CountBatch
from marketplace.insights.visits import is_persons_look, term_behind

log = logging.getLogger(__name__)
MOST_KEYS = 5_000
"""Different pages of one batch; what comes on top of so many is not counted."""
STEPS = tuple(step.value for step in Step)
GIVE_UP_AFTER = 600.0
"""Seconds after which a batch is let go that the database would not take."""
_EXTENSION = "bracket_counting"


@dataclass
class Tally:
    """Counts of this process since the last batch. Safe for threads.

    A page that is answered is one addition, whatever it shows; what it shows is counted when the
    batch is made, while nobody waits.
    """

    most: int = MOST_KEYS
    _pages: dict[tuple[date, Traces, str | None], int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, day: date, traces: Traces, term: str | None) -> None:
        """Count what one answer showed; ``term`` is what led to the listing that was opened."""
        key = (day, traces, term)
        with self._lock:
            many = self._pages.get(key, 0)
            if many or len(self._pages) < self.most:
                self._pages[key] = many + 1

    def take(self) -> dict[str, Any] | None:
        """Everything counted, as a batch's columns, and begin anew; None when there is nothing."""
        with self._lock:
            pages, self._pages = self._pages, {}
        if not pages:
            return None
        counts: dict[tuple[str, str], dict[str, int]] = {}
        terms: Counter[tuple[str, str, str]] = Counter()
        for (day, traces, term), many in pages.items():
            for step, listing_ids in traces:
                for listing_id in listing_ids:
                    steps = counts.setdefault(
                        (day.isoformat(), listing_id), dict.fromkeys(STEPS, 0)
                    )
                    steps[step.value] += many
                    if step is Step.OPENED and term is not None:
                        terms[(day.isoformat(), listing_id, term)] += many
        return {
            "id": new_id(),
            "counts": [
                {"day": day, "listing_id": listing_id, **steps}
                for (day, listing_id), steps in counts.items()
            ],
            "terms": [
                {"day": day, "listing_id": listing_id, "term": term, "clicks": clicks}
                for (day, listing_id, term), clicks in terms.items()
            ],
        }


class Clerk:
    """Writes a tally down every few seconds, from a thread of its own that the first look starts.

    By the first look, because a server may fork after the application was made.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.tally = Tally()
        self._seconds, self._clock = seconds, clock
        self._process = 0
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._pending: dict[str, Any] | None = None
        self._since = 0.0

    def wake(self, database: Database) -> None:
        """Start writing, unless this process does so already."""
        if self._process == os.getpid():
            return
        with self._lock:
            if self._process != os.getpid():
                self._process = os.getpid()
                run = threading.Thread(
                    target=self._run, args=(database,), name="count-views", daemon=True
                )
                run.start()
                atexit.register(self.write, database)

    def stop(self) -> None:
        """Write no more (tests)."""
        self._stopped.set()

    def _run(self, database: Database) -> None:
        while not self._stopped.wait(self._seconds):
            self.write(database)

    def write(self, database: Database) -> bool:
        """Write one batch; False when the database did not take it, which is tried again later.

        The batch has its id before it is sent: repeating it after a broken answer adds nothing.
        """
        with self._lock:
            if self._pending is None:
                self._pending, self._since = self.tally.take(), self._clock()
            if self._pending is None:
                return True
            try:
                with unit_of_work(database) as session:
                    session.execute(
                        insert(CountBatch).values(self._pending).on_conflict_do_nothing()
                    )
            except Exception as error:
                log.warning("views are not written down: %s", type(error).__name__)
                if self._clock() - self._since > GIVE_UP_AFTER:
                    self._pending = None
                return False
            self._pending = None
            return True


def init_counting(app: Flask, seconds: float) -> None:
    """Count what answers show, and write it down every so many seconds; 0 counts nothing."""
    app.extensions[_EXTENSION] = Clerk(seconds) if seconds else None
    app.jinja_env.globals["note_shown"] = note_shown

    @app.after_request
    def count(response: Response) -> Response:
        traces = noted()
        if traces and response.status_code < 400:
            _count(traces)
        return response


def count_with(app: Flask, clerk: Clerk | None) -> None:
    """Exchange who counts (tests)."""
    app.extensions[_EXTENSION] = clerk


def _count(traces: Traces) -> None:
    clerk: Clerk | None = current_app.extensions.get(_EXTENSION)
    if clerk is None or not is_persons_look(request.environ):
        return
    opened = any(step is Step.OPENED for step, _ in traces)
    term = None
    if opened:
        term = term_behind(request.referrer, request.host, url_for("discovery.search"))
    clerk.tally.add(now().date(), traces, term)
    clerk.wake(services().database)


def note_shown(cards: Iterable[Any]) -> str:
    """For templates: these cards (with ``path`` and ``seller_handle``) are on the page.

    A seller's own cards are left out. Returns nothing to print.
    """
    seller = current_user.seller if signed_in() else None
    own = seller.handle if seller is not None else None
    note(
        Step.SHOWN,
        (card.path.rpartition("-")[2] for card in cards if card.seller_handle != own),
    )
    return ""
