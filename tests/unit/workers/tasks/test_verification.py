"""The worker's task from claim to case, with an engine that draws instead of denoising."""

from __future__ import annotations

import io
import logging
import random
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.images import read_upload
from marketplace.listings.models import Listing, ListingVersion, Sample
from marketplace.listings.operations import store_original
from marketplace.listings.states import ListingState
from marketplace.moderation.models import Case
from marketplace.task_names import TaskName
from marketplace.verification.models import CopyHit, SampleCheck, VerificationRun
from marketplace.verification.similarity import Band
from marketplace.verification.states import RunState, Verdict
from tests.factories.orders import make_seller
from tests.factories.verification import PROMPT, SECRET_WORD, make_waiting_listing
from workers.engines.contract import (
    EngineRefused,
    EngineUnavailable,
    GenerationRequest,
    GenerationResult,
    Provenance,
    StepListener,
)
from workers.tasks import sweeps, verification


def draw(prompt: str, seed: int) -> Image.Image:
    """A textured picture that depends on prompt and seed and on nothing else."""
    numbers = np.random.default_rng(random.Random(f"{prompt}/{seed}").randrange(2**32))
    blocks = numbers.integers(0, 255, (12, 12, 3), dtype=np.uint8)
    return Image.fromarray(blocks, "RGB").resize((256, 256), Image.Resampling.BICUBIC)


class DrawingEngine:
    """Stands in for a model; counts what it was asked and can fail on demand."""

    def __init__(self) -> None:
        self.requests: list[GenerationRequest] = []
        self.failures: list[Exception] = []

    def get(self, key: str) -> DrawingEngine:
        """The registry and its only engine in one."""
        return self

    def generate(
        self, request: GenerationRequest, on_step: StepListener | None = None
    ) -> GenerationResult:
        """Draw at once, announcing every step."""
        if self.failures:
            raise self.failures.pop(0)
        self.requests.append(request)
        for step in range(1, request.steps + 1):
            if on_step is not None:
                on_step(step, request.steps)
        provenance = Provenance(
            engine="drawing",
            model_id="test",
            weights_sha256="0" * 64,
            config_sha256="0" * 64,
            libraries={"numpy": np.__version__},
            environment="test",
            scheduler=request.scheduler,
            scheduler_class="None",
            scheduler_config_sha256="0" * 64,
            dtype="uint8",
            device="cpu",
            seed=request.seed,
            steps=request.steps,
            guidance_scale=request.guidance_scale,
            width=256,
            height=256,
            seconds=0.0,
        )
        return GenerationResult(draw(request.prompt, request.seed), provenance)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, services: Services) -> DrawingEngine:
    """Tasks work on the test's services and the drawing engine."""
    drawing = DrawingEngine()
    monkeypatch.setattr(verification, "services", lambda: services)
    monkeypatch.setattr(sweeps, "services", lambda: services)
    monkeypatch.setattr(verification, "engines", lambda: drawing)
    return drawing


def upload(session: Session, services: Services, sample: Sample, image: Image.Image) -> None:
    """Give a sample's row its picture."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    checked = read_upload(buffer.getvalue(), "sample.png")
    sample.original_key = store_original(services.blobs, checked)
    sample.file_sha256 = bytes.fromhex(checked.sha256)
    sample.pixel_sha256 = bytes.fromhex(checked.pixel_sha256)
    session.flush()


def filled(values: dict[str, str]) -> str:
    return f"paper-cut {values['subject']} under a {values['sky']} sky, {SECRET_WORD}"


def honest_listing(session: Session, services: Services, **options: Any) -> Listing:
    """A listing whose samples were made by its prompt."""
    listing = make_waiting_listing(session, services.vault, **options)
    version = session.get_one(ListingVersion, listing.version_id)
    for sample in version.samples:
        upload(session, services, sample, draw(filled(sample.values), sample.seed))
    session.commit()
    return listing


def outcome(session: Session, listing: Listing) -> tuple[VerificationRun, Case]:
    """The run and the case after the worker is done, read anew."""
    session.expire_all()
    run = session.scalars(
        select(VerificationRun).where(VerificationRun.version_id == listing.version_id)
    ).one()
    case = session.scalars(select(Case).where(Case.version_id == listing.version_id)).one()
    return run, case


def test_an_honest_listing_is_reproduced(
    session: Session, services: Services, engine: DrawingEngine
) -> None:
    listing = honest_listing(session, services)
    verification.verify(listing.version_id)
    run, case = outcome(session, listing)
    assert (run.state, run.verdict) == (RunState.COMPLETED, Verdict.REPRODUCED)
    assert [check.pdq_distance for check in run.checks] == [0, 0, 0]
    assert case.verdict == "reproduced"
    assert case.findings == []
    assert listing.state is ListingState.IN_REVIEW
    for check in run.checks:
        for name in (check.derivatives[-1]["webp"], check.derivatives[-1]["jpeg"]):
            assert services.blobs.exists(f"public/{name[:2]}/{name}")
    assert run.provenance is not None
    assert "seed" not in run.provenance


def test_samples_of_another_prompt_are_caught(
    session: Session, services: Services, engine: DrawingEngine
) -> None:
    listing = honest_listing(session, services)
    version = session.get_one(ListingVersion, listing.version_id)
    upload(session, services, version.samples[1], draw("something else", 1))
    session.commit()
    verification.verify(listing.version_id)
    run, case = outcome(session, listing)
    assert run.verdict is Verdict.MISMATCH
    assert [check.band for check in run.checks] == [Band.REPRODUCED, Band.MISS, Band.REPRODUCED]
    assert [finding.code for finding in case.findings] == ["SAMPLES_MISMATCH"]
    assert case.findings[0].explanation.startswith("Sample 2 was not made by this prompt")
    assert f"{run.checks[1].pdq_distance} of 256" in case.findings[0].explanation


@pytest.mark.parametrize("mirror", [False, True])
def test_lifted_samples_are_caught(
    session: Session, services: Services, engine: DrawingEngine, mirror: bool
) -> None:
    original = honest_listing(session, services)
    verification.verify(original.version_id)
    thief = make_waiting_listing(session, services.vault, make_seller(session), "other [subject=x]")
    version = session.get_one(ListingVersion, thief.version_id)
    source = session.get_one(ListingVersion, original.version_id).samples[0]
    picture = Image.open(io.BytesIO(services.blobs.get(source.original_key))).resize((200, 200))
    if mirror:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    for number, sample in enumerate(version.samples):
        sample.values = {"subject": "x"}
        upload(session, services, sample, picture if number == 0 else draw("other x", sample.seed))
    session.commit()
    verification.verify(thief.version_id)
    run, case = outcome(session, thief)
    assert run.verdict is Verdict.COPIED
    hit = session.scalars(select(CopyHit).where(CopyHit.run_id == run.id)).one()
    assert hit.other_sample_id == source.id
    assert hit.kind == ("mirrored" if mirror else "same_picture")
    assert "SAMPLE_STOLEN" in {finding.code for finding in case.findings}


def test_a_killed_workers_run_is_finished_once(
    session: Session, services: Services, engine: DrawingEngine
) -> None:
    """The process ends after the first sample: no clean-up code runs at all."""

    class Killed(BaseException):
        pass

    listing = honest_listing(session, services)
    generate = engine.generate

    def dies_on_the_second(request: GenerationRequest, on_step: StepListener) -> GenerationResult:
        if len(engine.requests) == 1:
            raise Killed
        return generate(request, on_step)

    engine.generate = dies_on_the_second  # type: ignore[method-assign]
    with pytest.raises(Killed):
        verification.verify(listing.version_id)
    engine.generate = generate  # type: ignore[method-assign]
    session.execute(
        VerificationRun.__table__.update().values(heartbeat_at="2020-01-01T00:00:00+00:00")
    )
    session.commit()
    sweeps.sweep_verification()
    assert (TaskName.VERIFY_LISTING, (listing.version_id,)) in services.queue.sent  # type: ignore[attr-defined]
    verification.verify(listing.version_id)
    verification.verify(listing.version_id)  # the message came twice
    run, _ = outcome(session, listing)
    assert (run.verdict, run.attempts) == (Verdict.REPRODUCED, 2)
    assert len(engine.requests) == 3  # one picture per sample, none twice
    assert session.scalars(select(SampleCheck.position)).all() == [1, 2, 3]


def test_a_lost_message_is_made_up_for(
    session: Session, services: Services, engine: DrawingEngine
) -> None:
    listing = honest_listing(session, services)
    sweeps.sweep_verification()
    sent = services.queue.sent  # type: ignore[attr-defined]
    assert sent == [(TaskName.VERIFY_LISTING, (listing.version_id,))]
    verification.verify(*sent[0][1])
    assert outcome(session, listing)[0].verdict is Verdict.REPRODUCED


def test_a_model_that_cannot_run_leads_to_a_person_not_to_a_loop(
    session: Session, services: Services, engine: DrawingEngine
) -> None:
    listing = honest_listing(session, services)
    engine.failures = [EngineUnavailable("no memory") for _ in range(9)]
    for _ in range(9):
        verification.verify(listing.version_id)
    run, case = outcome(session, listing)
    assert (run.state, run.attempts, run.error_code) == (RunState.ERRORED, 5, "EngineUnavailable")
    assert case.verdict is None
    assert case.findings[0].severity == "serious"
    assert listing.state is ListingState.IN_REVIEW


def test_a_refused_request_is_not_tried_again(
    session: Session, services: Services, engine: DrawingEngine
) -> None:
    listing = honest_listing(session, services)
    engine.failures = [EngineRefused("size")]
    verification.verify(listing.version_id)
    run, _ = outcome(session, listing)
    assert (run.state, run.attempts) == (RunState.ERRORED, 1)


def test_no_word_of_the_prompt_is_logged(
    session: Session,
    services: Services,
    engine: DrawingEngine,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    listing = honest_listing(session, services)
    engine.failures = [EngineUnavailable("no memory")]
    verification.verify(listing.version_id)
    verification.verify(listing.version_id)
    out, err = capfd.readouterr()
    assert SECRET_WORD in PROMPT
    assert SECRET_WORD not in caplog.text + out + err
    assert all(SECRET_WORD not in repr(request) for request in engine.requests)
    assert len(engine.requests) == 3
