"""A run from claim to case, with an engine that draws instead of denoising."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.listings.models import ListingVersion, TargetModel
from marketplace.listings.states import ListingState
from marketplace.listings.tiers import Tier
from marketplace.verification import operations
from marketplace.verification.models import SampleCheck
from marketplace.verification.sprt import sample_order
from marketplace.verification.states import RunKind, RunState, Verdict
from tests.factories.calibration import calibration
from tests.factories.generation import FakeGenerator, draw
from tests.factories.runs import case_of, filled, honest_listing, run_of, upload, work
from tests.factories.verification import PROMPT, SECRET_WORD
from workers.engines.contract import GenerationRequest
from workers.runs import deciding


@pytest.fixture
def engine() -> FakeGenerator:
    return FakeGenerator()


def submit(session: Session, services: Services, kind: RunKind = RunKind.LISTING, **options: Any):  # type: ignore[no-untyped-def]
    """An honest listing with its run queued."""
    listing = honest_listing(session, services, **options)
    version = session.get_one(ListingVersion, listing.version_id)
    operations.request_run(session, version, kind)
    session.commit()
    return listing, version


def test_an_honest_listing_is_reproduced(
    session: Session, services: Services, engine: FakeGenerator
) -> None:
    listing, _ = submit(session, services)
    assert work(services, engine) == "engine.diffusers"
    run, case = run_of(session, listing), case_of(session, listing)
    assert (run.state, run.verdict) == (RunState.COMPLETED, Verdict.REPRODUCED)
    assert [check.pdq_distance for check in run.checks] == [0, 0, 0]
    assert (run.samples_done, run.evaluations) == (3, engine.evaluations)
    assert case is not None
    assert (case.verdict, case.findings) == ("reproduced", [])
    assert listing.state is ListingState.IN_REVIEW
    for check in run.checks:
        for name in (check.derivatives[-1]["webp"], check.derivatives[-1]["jpeg"]):
            assert services.blobs.exists(f"public/{name[:2]}/{name}")
    assert run.provenance is not None
    assert "seed" not in run.provenance
    assert run.calibration_version == "uncalibrated"


def test_the_first_foreign_sample_ends_it(
    session: Session, services: Services, engine: FakeGenerator
) -> None:
    listing, version = submit(session, services)
    run = run_of(session, listing)
    order = sample_order(run.order_secret, [sample.id for sample in version.samples])
    foreign = next(sample for sample in version.samples if sample.id == order[1])
    upload(session, services, foreign, draw("something else", 1))
    session.commit()
    work(services, engine)
    run, case = run_of(session, listing), case_of(session, listing)
    assert run.verdict is Verdict.MISMATCH
    assert {check.sample_id for check in run.checks} == set(order[:2]), "the third is not needed"
    # The foreign one was tried under the other source of noise as well, the first was not.
    assert [request.noise_source for request in engine.requests] == ["cpu", "cpu", "philox"]
    assert case is not None
    assert [finding.code for finding in case.findings] == ["SAMPLES_MISMATCH"]
    assert f"Sample {foreign.position} was not made by this prompt" in case.findings[0].explanation
    assert all(sample.pdq for sample in version.samples), "fingerprints of all come first"


def test_noise_of_a_gpu_is_found_and_then_tried_first(
    session: Session, services: Services, engine: FakeGenerator
) -> None:
    listing, _ = submit(session, services, noise="philox")
    work(services, engine)
    run = run_of(session, listing)
    assert run.verdict is Verdict.REPRODUCED
    assert {check.hypothesis for check in run.checks} == {"philox"}
    tried = [request.noise_source for request in engine.requests]
    assert tried == ["cpu", "philox", "philox", "philox"]


def test_a_short_run_screens_what_is_left_once_enough_have_matched(
    session: Session, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model whose short runs show the picture already; the preview of a forgery ends its run."""
    limits = calibration(scheduler_class="FakeScheduler")
    monkeypatch.setattr(deciding, "calibration_for", lambda *_: limits)
    engine = FakeGenerator()
    listing, version = submit(session, services, samples=6)
    version.steps = 20
    session.commit()
    work(services, engine)
    run = run_of(session, listing)
    assert run.verdict is Verdict.REPRODUCED
    assert run.decision is not None
    found = [step["found"] for step in run.decision["path"]]
    assert set(found) == {"reproduced", "screened"}
    full = found.count("reproduced")
    assert len(run.checks) == full < 6, "screened samples have no re-run to show"
    assert run.samples_done == 6
    assert run.evaluations == 2 * (full * 20 + (6 - full) * 4) < run.work_units
    assert (run.work_units, run.calibration_version) == (6 * 20 * 2, "test-1")


def test_a_preview_far_off_ends_a_picture_early(
    session: Session, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = calibration(scheduler_class="FakeScheduler", screen=None)
    monkeypatch.setattr(deciding, "calibration_for", lambda *_: limits)
    engine = FakeGenerator()
    listing, version = submit(session, services)
    version.steps = 20
    for sample in version.samples:
        upload(session, services, sample, draw(f"foreign {sample.id}", 1))
    session.commit()
    work(services, engine)
    run, case = run_of(session, listing), case_of(session, listing)
    assert run.verdict is Verdict.MISMATCH
    assert len(run.checks) == 2
    assert {check.stopped_at_share for check in run.checks} == {0.3}
    # The first picture is made to the end; after it missed, previews end the other three. Guided.
    assert run.evaluations == engine.evaluations == (20 + 3 * 6) * 2
    assert case is not None
    assert "broken off after 30%" in case.findings[0].explanation


def test_who_takes_over_goes_on_in_the_same_order(
    session: Session, services: Services, engine: FakeGenerator
) -> None:
    class Killed(BaseException):
        """No clean-up code runs at all."""

    listing, version = submit(session, services)
    order = sample_order(run_of(session, listing).order_secret, [s.id for s in version.samples])
    generate = engine.generate

    def dies_on_the_second(request: GenerationRequest, *listeners: Any) -> Any:
        if len(engine.requests) == 1:
            raise Killed
        return generate(request, *listeners)

    engine.generate = dies_on_the_second  # type: ignore[method-assign]
    with pytest.raises(Killed):
        work(services, engine)
    engine.generate = generate  # type: ignore[method-assign]
    first = session.scalars(select(SampleCheck.id)).one()
    with unit_of_work(services.database) as other:
        run = run_of(other, listing)
        operations.release_run(other, run.id, str(run.lease), "WORKER_LOST")
    work(services, engine)
    run = run_of(session, listing)
    assert (run.verdict, run.attempts) == (Verdict.REPRODUCED, 2)
    assert run.decision is not None
    assert [step["sample_id"] for step in run.decision["path"]] == order
    assert first in {check.id for check in run.checks}
    assert len(engine.requests) == 3, "one picture per sample, none twice"


def test_a_model_that_cannot_be_run_is_searched_for_copies_only(
    session: Session, services: Services, engine: FakeGenerator
) -> None:
    listing, version = submit(session, services)
    model = session.get_one(TargetModel, version.target_model_slug)
    model.tier, model.seedable = Tier.ATTESTED, False
    session.commit()
    run = run_of(session, listing)
    for column, value in operations.plan_of(version).items():
        setattr(run, column, value)
    session.commit()
    assert work(services, engine) == "evidence"
    run, case = run_of(session, listing), case_of(session, listing)
    assert (run.verdict, run.work_units, run.checks) == (Verdict.NOT_RERUN, 0, [])
    assert engine.requests == []
    assert all(sample.pdq for sample in version.samples)
    assert case is not None
    assert case.verdict == "not_rerun"


@pytest.mark.parametrize("honest", [True, False])
def test_a_model_without_seeds_is_judged_by_sets(
    session: Session, services: Services, engine: FakeGenerator, honest: bool
) -> None:
    listing, version = submit(session, services)
    model = session.get_one(TargetModel, version.target_model_slug)
    model.tier = Tier.DISTRIBUTIONAL
    if not honest:
        for number, sample in enumerate(version.samples):
            upload(session, services, sample, Image.new("RGB", (256, 256), (255, number, 0)))
    session.commit()
    run_of(session, listing).order_secret = b"1" * 32
    session.commit()
    work(services, engine)
    run = run_of(session, listing)
    assert run.state is RunState.COMPLETED
    assert run.checks == []
    assert run.decision is not None
    assert run.decision["method"] == "Distributional"
    assert run.verdict is not (Verdict.MISMATCH if honest else Verdict.REPRODUCED)
    assert len(run.decision["path"][0]["draws"]) == 4


def test_a_preflight_tells_no_moderator(
    session: Session, services: Services, engine: FakeGenerator
) -> None:
    listing, _ = submit(session, services, RunKind.PREFLIGHT, state=ListingState.DRAFT)
    work(services, engine)
    run = run_of(session, listing)
    assert (run.kind, run.verdict) == (RunKind.PREFLIGHT, Verdict.REPRODUCED)
    assert case_of(session, listing) is None
    assert listing.state is ListingState.DRAFT


def test_stopping_a_run_under_way_throws_away_what_comes_after(
    session: Session, services: Services
) -> None:
    listing, _ = submit(session, services)

    class Interrupted(FakeGenerator):
        """The seller stops the run while its second picture is made."""

        def picture(self, request: GenerationRequest) -> Any:
            if len(self.requests) == 2:
                with unit_of_work(services.database) as web:
                    mine = web.get_one(type(listing), listing.id)
                    operations.stop_verification(web, mine, mine.seller_id)
            return super().picture(request)

    engine = Interrupted()
    work(services, engine)
    run = run_of(session, listing)
    assert (run.state, len(run.checks), len(engine.requests)) == (RunState.CANCELLED, 1, 2)
    assert listing.state is ListingState.DRAFT
    assert case_of(session, listing) is None


def test_no_word_of_the_prompt_is_logged(
    session: Session,
    services: Services,
    engine: FakeGenerator,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    listing, version = submit(session, services)
    engine.failures = [RuntimeError(filled(version.samples[0].values))]
    work(services, engine)
    assert run_of(session, listing).error_code == "RuntimeError"
    out, err = capfd.readouterr()
    assert SECRET_WORD in PROMPT
    assert "failed: RuntimeError" in caplog.text
    assert SECRET_WORD not in caplog.text + out + err
