"""Workers check themselves: golden prompts drift, they withdraw, say so, and come back."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import OutgoingMail
from marketplace.core.clock import frozen, now
from marketplace.core.container import Services
from marketplace.core.permissions import Role
from marketplace.listings.models import ListingVersion
from marketplace.verification.calibration import Calibration, Golden
from marketplace.verification.changes import health, queries
from marketplace.verification.changes.models import EngineWorker, ModelChange
from marketplace.verification.changes.states import WorkerState
from marketplace.verification.models import VerificationRun
from marketplace.verification.states import RunState
from tests.factories.accounts import make_user
from tests.factories.calibration import calibration
from tests.factories.changes import ChangingGenerator, live_listing
from tests.factories.generation import draw
from tests.factories.verification import make_waiting_listing
from workers import golden
from workers.engines.contract import EngineUnavailable
from workers.engines.errors import OUT_OF_MEMORY
from workers.fingerprints.hashes import fingerprint
from workers.runs import runner
from workers.tasks import verification

NAME = "engine@host"


def golden_of(caption: str, seed: int = 1, flipped: int = 0) -> Golden:
    """What a calibration knows of a picture; `flipped` bits of its hash are turned over."""
    pdq = int.from_bytes(fingerprint(draw(caption, seed)).pdq) ^ ((1 << flipped) - 1)
    return Golden(caption, seed, "dpmpp_2m", 4, 4.0, f"{pdq:064x}")


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> list[Calibration]:
    """The release's calibrations: one record of the drawing engine, with three golden prompts."""
    captions = ("a hill", "a lake", "a tower")
    found = [
        calibration(
            golden=tuple(golden_of(caption) for caption in captions),
            golden_max=6,
            weights_sha256="a" * 64,
        )
    ]
    monkeypatch.setattr(golden, "all_calibrations", lambda: found)
    return found


def check(services: Services, engine: ChangingGenerator, name: str = NAME) -> None:
    golden.check_up(services, lambda: engine, name)  # type: ignore[arg-type, return-value]


def row_of(session: Session, name: str = NAME) -> EngineWorker:
    session.expire_all()
    return session.scalars(select(EngineWorker).where(EngineWorker.name == name)).one()


def test_a_worker_that_draws_as_calibrated_serves(
    session: Session, services: Services, records: list[Calibration]
) -> None:
    engine = ChangingGenerator()
    check(services, engine)
    row = row_of(session)
    assert (row.state, row.distances, row.distance_max) == (WorkerState.SERVING, [0, 0, 0], 6)
    assert (row.calibration_version, row.message) == ("test-1", None)
    assert [request.prompt for request in engine.requests] == ["a hill", "a lake", "a tower"]
    check(services, engine)  # not again so soon
    assert len(engine.requests) == 3
    with frozen(now() + timedelta(seconds=services.settings.golden_interval + 1)):
        check(services, engine)
    assert len(engine.requests) == 6
    assert golden.open_sources(services, NAME) is None


@pytest.mark.parametrize(("flipped", "serves"), [(6, True), (7, False)])
def test_the_calibration_says_how_far_is_too_far(
    session: Session,
    services: Services,
    records: list[Calibration],
    flipped: int,
    serves: bool,
) -> None:
    records[0] = calibration(golden=(golden_of("a hill", flipped=flipped),), golden_max=6)
    check(services, ChangingGenerator())
    row = row_of(session)
    assert row.distances == [flipped]
    assert (row.state is WorkerState.SERVING) is serves


def test_each_record_is_held_to_its_own_limit(
    session: Session, services: Services, records: list[Calibration]
) -> None:
    records[:] = [
        calibration(golden=(golden_of("a hill", flipped=4),), golden_max=5),
        calibration(version="test-2", golden=(golden_of("a lake", flipped=40),), golden_max=50),
    ]
    check(services, ChangingGenerator())
    row = row_of(session)
    assert (row.state, row.distances) == (WorkerState.SERVING, [4, 40])
    assert row.calibration_version == "test-1, test-2"


def test_a_drifted_worker_takes_no_run_says_so_and_comes_back(
    session: Session,
    services: Services,
    records: list[Calibration],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    owner = make_user(session, Role.ADMIN)
    listing = make_waiting_listing(session, services.vault)
    session.commit()
    engine = ChangingGenerator()
    engine.drifted = True
    monkeypatch.setattr(verification, "services", lambda: services)
    monkeypatch.setattr(verification, "engines", lambda: engine)
    monkeypatch.setattr(verification, "worker_name", lambda: NAME)
    with caplog.at_level(logging.INFO):
        verification.verify(str(listing.version_id))
    row = row_of(session)
    assert row.state is WorkerState.WITHDRAWN
    assert "bits of 256 from the calibrated one; 6 are allowed" in (row.message or "")
    assert "out of service for house" in caplog.text
    assert health.counts(session) == {"serving": 0, "withdrawn": 1}
    mail = session.scalars(select(OutgoingMail)).one()
    assert mail.recipient == owner.email
    assert NAME in mail.body_text
    run = session.scalars(select(VerificationRun)).one()
    assert (run.state, run.attempts) == (RunState.QUEUED, 0)
    engine.drifted = False
    with frozen(now() + timedelta(seconds=services.settings.golden_retry + 1)):
        verification.verify(str(listing.version_id))
        assert row_of(session).state is WorkerState.SERVING
    story = [event.action for event in queries.worker_story(session, row.id)]
    assert story == ["withdraw", "serve"]
    session.expire_all()
    assert run.attempts == 1


def test_other_models_and_other_workers_go_on(
    session: Session, services: Services, records: list[Calibration]
) -> None:
    make_waiting_listing(session, services.vault)
    session.commit()
    drifted, sound = ChangingGenerator(), ChangingGenerator()
    drifted.drifted = True
    check(services, drifted)
    check(services, sound, "engine@other")
    assert golden.open_sources(services, NAME) == []  # it knows no other model
    assert golden.open_sources(services, "engine@other") is None
    assert runner.work_on_next(services, lambda: sound, None, []) is None  # type: ignore[arg-type, return-value]


def test_weights_without_a_calibration_cannot_drift(
    session: Session, services: Services, records: list[Calibration]
) -> None:
    engine = ChangingGenerator()
    engine.upgrade()
    check(services, engine)
    row = row_of(session)
    assert (row.state, row.distances, engine.requests) == (WorkerState.SERVING, [], [])
    assert row.weights_sha256 == engine.weights
    assert "no calibration" in (row.message or "")


def test_a_check_that_fails_keeps_nobody_from_work_and_excuses_nobody(
    session: Session, services: Services, records: list[Calibration]
) -> None:
    engine = ChangingGenerator()
    engine.failures = [EngineUnavailable("full", code=OUT_OF_MEMORY)]
    check(services, engine)
    row = row_of(session)
    assert row.state is WorkerState.SERVING
    assert OUT_OF_MEMORY in (row.message or "")
    engine.drifted = True
    with frozen(now() + timedelta(days=1)):
        check(services, engine)
    assert row_of(session).state is WorkerState.WITHDRAWN
    engine.failures = [EngineUnavailable("full", code=OUT_OF_MEMORY)]
    with frozen(now() + timedelta(days=2)):
        check(services, engine)
    assert row_of(session).state is WorkerState.WITHDRAWN


def test_a_worker_that_starts_on_new_weights_tells_of_the_change(
    session: Session,
    services: Services,
    records: list[Calibration],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runner, "gather_evidence", lambda *_: None)
    engine = ChangingGenerator()
    listing = live_listing(session, services, engine)
    check(services, engine)
    assert session.scalars(select(ModelChange)).all() == []
    engine.upgrade()
    check(services, engine, "engine@newer")
    change = session.scalars(select(ModelChange)).one()
    assert (change.engine, change.weights_sha256) == ("house", engine.weights)
    assert session.get_one(ListingVersion, listing.live_version_id).degraded_since is None


def test_a_withdrawn_worker_is_believed_in_nothing(
    session: Session,
    services: Services,
    records: list[Calibration],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runner, "gather_evidence", lambda *_: None)
    engine = ChangingGenerator()
    live_listing(session, services, engine)
    engine.upgrade(environment="f" * 64)  # the same weights draw differently in it
    check(services, engine)
    assert row_of(session).state is WorkerState.WITHDRAWN
    assert session.scalars(select(ModelChange)).all() == []
