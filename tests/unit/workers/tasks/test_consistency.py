"""A consistency report from request to public data, with an engine that draws."""

from __future__ import annotations

import json
import logging

import pytest
from PIL import Image
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.listings.models import ListingVersion
from marketplace.task_names import TaskName
from marketplace.verification.consistency.models import ConsistencyReport
from marketplace.verification.consistency.presenters import consistency_of
from marketplace.verification.consistency.states import PictureState, ReportState
from marketplace.verification.models import VerificationRun
from marketplace.verification.operations import request_run
from marketplace.verification.states import RunKind, RunState
from tests.factories.consistency import (
    EvenScorer,
    asked,
    pictures_of,
    proved_version,
    work,
)
from tests.factories.generation import FakeGenerator
from tests.factories.runs import honest_listing
from tests.factories.runs import work as work_on_run
from tests.factories.verification import SECRET_WORD
from workers.engines.contract import EngineError, EngineUnavailable, GenerationRequest
from workers.engines.errors import BAD_PIXELS, OUT_OF_MEMORY
from workers.sheets import making
from workers.tasks import consistency


class BlackEngine(FakeGenerator):
    """A model that draws nothing."""

    def picture(self, request: GenerationRequest) -> Image.Image:
        return Image.new("RGB", (request.width, request.height))


def test_every_picture_is_made_once_and_shown(
    session: Session, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = proved_version(session, services)
    report, engine, scorer = asked(session, version), FakeGenerator(), EvenScorer()
    assert work(monkeypatch, services, engine, scorer)
    rows = pictures_of(session, report)
    # A choice tried alone may be one of the drawn fills: such a picture is not made twice.
    wanted = {(tuple(sorted(row.values.items())), row.seed): row.seed for row in rows}
    assert [request.seed for request in engine.requests] == list(wanted.values())
    assert all(SECRET_WORD in request.prompt for request in engine.requests)
    assert session.get_one(ConsistencyReport, report.id).state is ReportState.COMPLETED
    found = consistency_of(session, version)
    assert found is not None
    assert [shot["number"] for shot in found["sheet"]] == [1, 2, 3, 4]
    assert all(shot["pictures"] for shot in found["sheet"])
    assert sum(shot["worst"] for shot in found["sheet"]) == 1
    assert found["adherence"] == {"value": 0.75, "low": 0.75, "high": 0.75}
    assert found["spread"]["low"] <= found["spread"]["value"] <= found["spread"]["high"]
    assert found["failures"]["failed"] == 0
    assert found["seeds"] == [rows[0].seed, rows[1].seed]
    choices = [choice for entry in found["map"] for choice in entry["choices"]]
    assert len(choices) == 3
    assert all(choice["changes_picture"] for choice in choices)
    assert not work(monkeypatch, services, engine, scorer)


def test_the_public_data_hold_no_word_of_the_prompt(
    session: Session,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    version = proved_version(session, services)
    asked(session, version)
    engine = FakeGenerator()
    engine.failures = [None, EngineUnavailable(f"cannot draw {SECRET_WORD}", code=OUT_OF_MEMORY)]
    with caplog.at_level(logging.DEBUG):
        work(monkeypatch, services, engine, EvenScorer())
        work(monkeypatch, services, engine, EvenScorer())
    told = json.dumps(consistency_of(session, version))  # JSON takes it as it is
    assert SECRET_WORD not in told
    assert "under a" not in told
    assert SECRET_WORD not in caplog.text


def test_a_failure_of_ours_is_tried_again_behind_the_last_picture(
    session: Session, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = asked(session, proved_version(session, services))
    engine = FakeGenerator()
    engine.failures = [None, None, EngineUnavailable("memory", code=OUT_OF_MEMORY)]
    work(monkeypatch, services, engine)
    session.expire_all()
    assert (report.state, report.pictures_done) == (ReportState.QUEUED, 2)
    assert report.error_code == OUT_OF_MEMORY
    work(monkeypatch, services, engine)
    session.expire_all()
    assert report.state is ReportState.COMPLETED
    rows = pictures_of(session, report)
    assert len(rows) == report.pictures_total
    wanted = {(tuple(sorted(row.values.items())), row.seed) for row in rows}
    assert len(engine.requests) == len(wanted), "nothing is made again after the failure"


def test_a_picture_that_cannot_be_made_counts_as_failed_and_is_the_worst(
    session: Session, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = proved_version(session, services)
    asked(session, version)
    engine = FakeGenerator()
    engine.failures = [None, EngineError("not a number", code=BAD_PIXELS)]
    work(monkeypatch, services, engine, EvenScorer())
    found = consistency_of(session, version)
    assert found is not None
    assert found["failures"]["failed"] == 1
    assert found["failures"]["low"] < 0.25 < found["failures"]["high"]
    worst = next(shot for shot in found["sheet"] if shot["worst"])
    assert (worst["number"], worst["failure"], worst["pictures"]) == (2, "bad_pixels", [])


@pytest.mark.parametrize(
    ("engine", "scorer", "reason"),
    [(BlackEngine(), None, "flat"), (FakeGenerator(), EvenScorer(0.25), "off_prompt")],
)
def test_empty_pictures_and_those_off_the_prompt_fail(
    session: Session,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
    engine: FakeGenerator,
    scorer: EvenScorer | None,
    reason: str,
) -> None:
    version = proved_version(session, services)
    report = asked(session, version)
    work(monkeypatch, services, engine, scorer)
    rows = pictures_of(session, report)
    assert {(row.state, row.failure) for row in rows} == {(PictureState.FAILED, reason)}
    found = consistency_of(session, version)
    assert found is not None
    assert found["failures"]["failed"] == found["failures"]["total"] == 4
    assert all(shot["pictures"] for shot in found["sheet"])  # shown all the same


def test_without_a_scorer_adherence_is_said_to_be_unmeasured(
    session: Session, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = proved_version(session, services)
    asked(session, version)
    work(monkeypatch, services, FakeGenerator(), None)
    found = consistency_of(session, version)
    assert found is not None
    assert found["adherence"] is None
    assert "nothing that could judge" in found["adherence_note"]


class BusyEngine(FakeGenerator):
    """While it makes its third picture, a listing is submitted."""

    def __init__(self, session: Session, version: ListingVersion) -> None:
        super().__init__()
        self._session, self._version = session, version

    def picture(self, request: GenerationRequest) -> Image.Image:
        if len(self.requests) == 3:
            request_run(self._session, self._version)
            self._session.commit()
        return super().picture(request)


def test_it_gives_way_to_a_run_and_goes_on_afterwards(
    session: Session, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    version, other = proved_version(session, services), proved_version(session, services)
    report = asked(session, version)
    with services.database.new_session() as elsewhere:
        engine = BusyEngine(elsewhere, elsewhere.get_one(ListingVersion, other.id))
        work(monkeypatch, services, engine)
    session.expire_all()
    assert (report.state, report.pictures_done, report.attempts) == (ReportState.QUEUED, 3, 0)
    assert not work(monkeypatch, services, engine)
    run = session.query(VerificationRun).filter_by(version_id=other.id).one()
    run.state = RunState.RUNNING
    session.commit()
    assert work(monkeypatch, services, FakeGenerator())
    session.expire_all()
    assert report.state is ReportState.COMPLETED


def test_a_proved_listing_asks_for_its_report(
    session: Session, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = honest_listing(session, services)
    request_run(session, session.get_one(ListingVersion, listing.version_id))
    session.commit()
    work_on_run(services, FakeGenerator())
    session.expire_all()
    report = session.query(ConsistencyReport).filter_by(version_id=listing.version_id).one()
    assert report.state is ReportState.QUEUED
    settings = services.settings
    assert report.fills <= settings.consistency_fills
    call = (TaskName.MEASURE_CONSISTENCY, (str(listing.version_id),))
    assert call in services.queue.sent  # type: ignore[attr-defined]


def test_the_sweep_wakes_workers_and_asks_for_what_was_forgotten(
    session: Session, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consistency, "services", lambda: services)
    version = proved_version(session, services)
    run = request_run(session, version)
    run.state, run.verdict = RunState.COMPLETED, "reproduced"  # type: ignore[assignment]
    version.listing.state = "in_review"  # type: ignore[assignment]
    session.commit()
    consistency.sweep_consistency()
    report = session.query(ConsistencyReport).filter_by(version_id=version.id).one()
    sent = services.queue.sent  # type: ignore[attr-defined]
    assert (TaskName.MEASURE_CONSISTENCY, (version.id,)) in sent
    assert services.queue.queues[-1] == report.queue  # type: ignore[attr-defined]
    assert run.kind is RunKind.LISTING


def test_a_broken_judge_leaves_adherence_unmeasured(
    services: Services, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(EvenScorer):
        def warm_up(self) -> None:
            raise making.AdherenceUnavailable("judge.safetensors")

    monkeypatch.setattr(making, "scorer_for", lambda source, settings: Broken())
    assert making.loaded_scorer("house", services) is None
