"""Signs of life, and the end of a process whose model stands still."""

from __future__ import annotations

import itertools
import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.core.leases import LeaseLostError
from marketplace.listings.models import ListingVersion
from marketplace.verification import operations
from marketplace.verification.models import VerificationRun
from marketplace.verification.states import RunState
from tests.factories.verification import make_waiting_listing
from workers import heartbeat
from workers.heartbeat import EXIT_CODE, Heartbeat, Watchdog

# A model that hangs while it holds the interpreter's lock would need C code; this one sleeps.
HANGS = """
import sys, time
from marketplace.core.database import Database
from marketplace.core.unit_of_work import unit_of_work
from marketplace.verification import operations
from workers.heartbeat import Heartbeat, Watchdog

url, run_id, lease = sys.argv[1:]
database = Database(url, pool_size=2)

def hanging():
    with unit_of_work(database) as session:
        operations.release_run(session, run_id, lease, "TIME_LIMIT")

with Heartbeat(database, run_id, lease, watchdog=Watchdog(0.5, hanging)) as heart:
    heart.on_step(1, 4)
    time.sleep(600)
"""


@pytest.fixture
def held(session: Session, services: Services) -> VerificationRun:
    """A run that a worker holds; committed."""
    listing = make_waiting_listing(session, services.vault)
    operations.request_run(session, session.get_one(ListingVersion, listing.version_id))
    run = operations.claim_next(session)
    assert run is not None
    session.commit()
    return run


def go_on_for_ever(heart: Heartbeat) -> None:
    for step in itertools.count(2):
        heart.on_step(step, step + 1)
        time.sleep(0.01)


def test_a_process_whose_model_hangs_says_so_and_ends(
    session: Session, services: Services, held: VerificationRun
) -> None:
    root = Path(__file__).parents[3]
    arguments = [services.settings.database_url, held.id, held.lease]
    ended = subprocess.run(
        [sys.executable, "-c", HANGS, *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        timeout=300,
        check=False,
    )
    assert ended.returncode == EXIT_CODE
    session.refresh(held)
    assert (held.state, held.error_code) == (RunState.QUEUED, "TIME_LIMIT")
    assert held.not_before is not None


def test_a_worker_hears_between_two_steps_that_its_run_is_gone(
    session: Session,
    services: Services,
    held: VerificationRun,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heartbeat, "INTERVAL", 0.02)
    with Heartbeat(services.database, held.id, str(held.lease)) as heart:
        heart.on_step(1, 4)
        operations.cancel_run(session, held)
        session.commit()
        with pytest.raises(LeaseLostError):
            go_on_for_ever(heart)


def test_steps_keep_the_watchdog_quiet(
    services: Services,
    held: VerificationRun,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heartbeat, "INTERVAL", 0.02)
    hanging, ended = threading.Event(), threading.Event()
    watchdog = Watchdog(3.0, hanging.set, ended.set)
    with Heartbeat(services.database, held.id, str(held.lease), watchdog=watchdog) as heart:
        for step in range(40):
            heart.on_step(step, 40)
            time.sleep(0.005)
        assert not hanging.is_set()
        assert ended.wait(60), "and now it stands still"
        assert hanging.is_set()


def test_no_beat_writes_a_sample_s_last_step_after_it_was_recorded(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "INTERVAL", 0.01)
    beats: queue.SimpleQueue[int] = queue.SimpleQueue()
    with Heartbeat(services.database, "", "", lambda session, step: beats.put(step)) as heart:
        heart.on_step(20, 20)
        while beats.get(timeout=60) != 20:
            pass
        with heart.recording():
            while not beats.empty():
                beats.get()
            with pytest.raises(queue.Empty):
                beats.get(timeout=0.2)
        assert beats.get(timeout=60) == 0


def test_a_sample_s_second_picture_does_not_take_its_progress_back(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "INTERVAL", 0.01)
    beats: queue.SimpleQueue[int] = queue.SimpleQueue()
    with Heartbeat(services.database, "", "", lambda session, step: beats.put(step)) as heart:
        heart.on_step(20, 20)
        heart.on_step(3, 6)
        while (first := beats.get(timeout=60)) != 20:
            assert first == 0
        assert [beats.get(timeout=60) for _ in range(3)] == [20, 20, 20]
