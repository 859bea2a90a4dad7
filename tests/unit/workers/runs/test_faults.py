"""What goes wrong on our side is written down, tried again with a limit, and ends at a person."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.gateways.local_blobs import LocalBlobs
from marketplace.listings.models import ListingVersion
from marketplace.listings.states import ListingState
from marketplace.verification import operations
from marketplace.verification.models import RunEvent
from marketplace.verification.presenters import progress_of
from marketplace.verification.states import RunState, Verdict
from tests.factories.generation import FakeGenerator
from tests.factories.orders import make_seller
from tests.factories.runs import case_of, honest_listing, run_of, work, work_through
from workers.engines.contract import EngineRefused, EngineUnavailable
from workers.engines.errors import (
    BAD_PIXELS,
    DISK_FULL,
    OUT_OF_MEMORY,
    PROVIDER_BUSY,
    WEIGHTS_CORRUPT,
)

FAULTS = [
    (EngineUnavailable("NaN", code=BAD_PIXELS), "BAD_PIXELS", "no picture"),
    (EngineUnavailable("torn", code=WEIGHTS_CORRUPT), "WEIGHTS_CORRUPT", "damaged"),
    (EngineUnavailable("too big", code=OUT_OF_MEMORY), "OUT_OF_MEMORY", "out of memory"),
    (EngineUnavailable("full", code=DISK_FULL), "DISK_FULL", "disk is full"),
    (OSError(errno.ENOSPC, "no space"), "DISK_FULL", "disk is full"),
    (MemoryError(), "OUT_OF_MEMORY", "out of memory"),
    (KeyError("a bug of ours"), "KeyError", "something failed on our side"),
]


@pytest.fixture
def engine() -> FakeGenerator:
    return FakeGenerator()


def submitted(session: Session, services: Services, **options: Any) -> Any:
    listing = honest_listing(session, services, **options)
    version = session.get_one(ListingVersion, listing.version_id)
    operations.request_run(session, version)
    session.commit()
    return listing


def test_a_fault_that_stays_is_tried_again_with_a_limit(
    session: Session, services: Services, engine: FakeGenerator
) -> None:
    listing = submitted(session, services)
    engine.failures = [EngineUnavailable("NaN", code=BAD_PIXELS)] * 50
    assert work_through(services, engine, session) == operations.MAX_ATTEMPTS
    run = run_of(session, listing)
    assert (run.state, run.attempts, run.error_code) == (RunState.ERRORED, 5, BAD_PIXELS)
    reasons = session.scalars(select(RunEvent.reason).where(RunEvent.reason.is_not(None))).all()
    assert reasons == [BAD_PIXELS] * 5


@pytest.mark.parametrize(("error", "code", "words"), FAULTS, ids=str)
def test_the_last_fault_ends_at_a_person_and_blames_nobody(
    session: Session,
    services: Services,
    engine: FakeGenerator,
    error: Exception,
    code: str,
    words: str,
) -> None:
    listing = submitted(session, services)
    run_of(session, listing).attempts = operations.MAX_ATTEMPTS - 1
    session.commit()
    engine.failures = [error] * 50
    assert work_through(services, engine, session) == 1
    run, case = run_of(session, listing), case_of(session, listing)
    assert (run.state, run.attempts, run.error_code) == (RunState.ERRORED, 5, code)
    assert listing.state is ListingState.IN_REVIEW
    assert case is not None
    assert case.verdict is None
    [finding] = case.findings
    assert (finding.code, finding.severity) == ("RUN_FAILED", "warning")
    assert words in finding.explanation
    assert "says nothing about the samples or their seller" in finding.explanation
    told = progress_of(session, run)["message"]
    assert words in told
    assert "not your fault" in told


def test_a_fault_that_passes_costs_nothing_but_time(
    session: Session, services: Services, engine: FakeGenerator
) -> None:
    listing = submitted(session, services)
    engine.failures = [None, EngineUnavailable("too big", code=OUT_OF_MEMORY)]
    work(services, engine)
    run = run_of(session, listing)
    assert (run.state, run.samples_done) == (RunState.QUEUED, 1)
    message = progress_of(session, run)["message"]
    assert message.startswith("The re-run stopped because our worker ran out of memory.")
    assert "We try again shortly" in message
    assert work(services, engine) is None, "not before its pause is over"
    work_through(services, engine, session)
    run = run_of(session, listing)
    assert (run.verdict, run.error_code) == (Verdict.REPRODUCED, None)
    assert len(engine.requests) == 3, "what was recorded is not made again"


def test_a_refused_request_is_not_tried_again(
    session: Session, services: Services, engine: FakeGenerator
) -> None:
    listing = submitted(session, services)
    engine.failures = [EngineRefused("size")]
    work(services, engine)
    run = run_of(session, listing)
    assert (run.state, run.attempts) == (RunState.ERRORED, 1)
    assert run.error_code == "REQUEST_REFUSED"


def test_a_busy_provider_is_no_failure(
    session: Session, services: Services, engine: FakeGenerator
) -> None:
    listing = submitted(session, services)
    busy = EngineUnavailable("wait", code=PROVIDER_BUSY)
    busy.retry_after = 120.0
    engine.failures = [busy] * 8
    work_through(services, engine, session)
    run = run_of(session, listing)
    assert (run.verdict, run.attempts, run.waits) == (Verdict.REPRODUCED, 1, 8)


def test_a_poisoned_prompt_at_the_head_blocks_nobody(
    session: Session, services: Services, engine: FakeGenerator
) -> None:
    seller = make_seller(session)  # pictures of one's own are no theft
    unreadable, unfillable, fine = (submitted(session, services, seller=seller) for _ in range(3))
    session.get_one(ListingVersion, unreadable.version_id).prompt_sealed = b"not sealed by us"
    for sample in session.get_one(ListingVersion, unfillable.version_id).samples:
        sample.values = {"nonsense": "x"}
    session.commit()
    for _ in range(3):
        work(services, engine)
    assert run_of(session, fine).verdict is Verdict.REPRODUCED
    for listing, code in ((unreadable, "VaultError"), (unfillable, "FillError")):
        run, case = run_of(session, listing), case_of(session, listing)
        assert (run.state, run.attempts, run.error_code) == (RunState.ERRORED, 1, code)
        assert case is not None
        assert [finding.code for finding in case.findings] == ["RUN_FAILED"]


def test_a_full_disk_of_ours_is_said_to_be_one(
    session: Session, services: Services, engine: FakeGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = submitted(session, services)

    def put(self: LocalBlobs, key: str, data: bytes, content_type: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(Path(key)))

    monkeypatch.setattr(LocalBlobs, "put", put)
    work(services, engine)
    assert run_of(session, listing).error_code == "DISK_FULL"
    monkeypatch.undo()
    work_through(services, engine, session)
    assert run_of(session, listing).verdict is Verdict.REPRODUCED


def test_a_missing_picture_is_ours_to_explain(
    session: Session, services: Services, engine: FakeGenerator
) -> None:
    listing = submitted(session, services)
    version = session.get_one(ListingVersion, listing.version_id)
    services.blobs.delete(version.samples[1].original_key)
    work_through(services, engine, session)
    run = run_of(session, listing)
    assert (run.state, run.error_code) == (RunState.ERRORED, "BlobMissingError")
    assert engine.requests == [], "nothing is re-run before all samples were looked at"
