"""The tasks around a run: wake-up calls, sweeps, theft, and what is kept between runs."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.listings.models import ListingVersion
from marketplace.listings.states import ListingState
from marketplace.task_names import TaskName
from marketplace.verification import operations
from marketplace.verification.models import CachedGeneration, CopyHit, VerificationRun
from marketplace.verification.states import RunKind, RunState, Verdict
from tests.factories.generation import FakeGenerator, draw
from tests.factories.orders import make_seller
from tests.factories.runs import case_of, honest_listing, run_of, upload
from tests.factories.verification import SECRET_WORD, make_waiting_listing
from workers.tasks import sweeps, verification


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, services: Services) -> FakeGenerator:
    """Tasks work on the test's services and the drawing engine."""
    drawing = FakeGenerator()
    monkeypatch.setattr(verification, "services", lambda: services)
    monkeypatch.setattr(sweeps, "services", lambda: services)
    monkeypatch.setattr(verification, "engines", lambda: drawing)
    return drawing


def wake_ups(services: Services) -> list[tuple[str, str | None]]:
    """(version id, queue) of every wake-up call that was sent."""
    queue = services.queue
    return [
        (args[0], to)
        for (name, args), to in zip(queue.sent, queue.queues, strict=True)  # type: ignore[attr-defined]
        if name == TaskName.VERIFY_LISTING
    ]


@pytest.mark.parametrize("mirror", [False, True])
def test_lifted_samples_are_caught(
    session: Session, services: Services, engine: FakeGenerator, mirror: bool
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
        foreign = picture if number == 0 else draw("other x", sample.seed or 0)
        upload(session, services, sample, foreign)
    session.commit()
    verification.verify(thief.version_id)
    run, case = run_of(session, thief), case_of(session, thief)
    assert run.verdict is Verdict.COPIED
    hits = session.scalars(select(CopyHit).where(CopyHit.run_id == run.id)).all()
    assert source.id in {hit.other_sample_id for hit in hits}
    assert case is not None
    assert "SAMPLE_STOLEN" in {finding.code for finding in case.findings}


def test_a_killed_workers_run_is_found_by_the_sweep_and_finished_once(
    session: Session, services: Services, engine: FakeGenerator
) -> None:
    listing = honest_listing(session, services)
    with unit_of_work(services.database) as other:
        operations.request_run(other, other.get_one(ListingVersion, listing.version_id))
        operations.claim_next(other)  # and is never heard of again
    session.execute(update(VerificationRun).values(heartbeat_at="2020-01-01T00:00:00+00:00"))
    session.commit()
    sweeps.sweep_verification()
    assert wake_ups(services) == [(listing.version_id, "engine.diffusers")]
    verification.verify(listing.version_id)
    verification.verify(listing.version_id)  # the message came twice
    run = run_of(session, listing)
    assert (run.verdict, run.attempts) == (Verdict.REPRODUCED, 2)
    assert len(engine.requests) == 3  # one picture per sample, none twice


def test_a_lost_message_is_made_up_for(
    session: Session, services: Services, engine: FakeGenerator
) -> None:
    listing = honest_listing(session, services)
    sweeps.sweep_verification()
    [(version_id, queue)] = wake_ups(services)
    assert (version_id, queue) == (listing.version_id, "engine.diffusers")
    verification.verify(version_id)
    assert run_of(session, listing).verdict is Verdict.REPRODUCED


def test_whoever_finishes_calls_the_next(
    session: Session, services: Services, engine: FakeGenerator
) -> None:
    seller = make_seller(session)
    first, second = (honest_listing(session, services, seller=seller) for _ in range(2))
    for listing in (first, second):
        version = session.get_one(ListingVersion, listing.version_id)
        operations.request_run(session, version)
    session.commit()
    verification.verify(first.version_id)
    assert wake_ups(services) == [(second.version_id, "engine.diffusers")]


def test_nothing_is_made_twice(session: Session, services: Services, engine: FakeGenerator) -> None:
    """A preflight's pictures serve the listing's run; a lost file is only made again."""
    listing = honest_listing(session, services, state=ListingState.DRAFT)
    version = session.get_one(ListingVersion, listing.version_id)
    preflight = operations.request_run(session, version, RunKind.PREFLIGHT)
    session.commit()
    assert verification.work_on_next(services)
    session.refresh(preflight)
    assert (preflight.verdict, preflight.evaluations) == (Verdict.REPRODUCED, 24)
    rows = session.scalars(select(CachedGeneration)).all()
    assert len(rows) == 3
    for row in rows:
        assert SECRET_WORD not in repr(vars(row))
        assert row.blob_key == f"private/{row.key.hex()[:2]}/{row.key.hex()}.png"
        assert "seed" not in row.provenance
    services.blobs.delete(rows[0].blob_key)

    run = operations.request_run(session, version)
    session.commit()
    assert run.id != preflight.id
    assert verification.work_on_next(services)
    session.refresh(run)
    assert (run.state, run.verdict) == (RunState.COMPLETED, Verdict.REPRODUCED)
    assert sorted(check.cached for check in run.checks) == [False, True, True]
    assert run.evaluations == 8, "only the picture whose file was lost"
    assert len(engine.requests) == 4
    assert services.blobs.exists(rows[0].blob_key)


def test_the_cache_forgets_what_was_not_needed_for_longest(
    session: Session,
    services: Services,
    engine: FakeGenerator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listing = honest_listing(session, services)
    verification.verify(listing.version_id)
    rows = session.scalars(select(CachedGeneration).order_by(CachedGeneration.used_at)).all()
    oldest, keys = rows[0].blob_key, [row.key for row in rows]
    settings = services.settings.model_copy(update={"generation_cache_pictures": 2})
    object.__setattr__(services, "settings", settings)
    sweeps.sweep_cache()
    session.expire_all()
    assert set(session.scalars(select(CachedGeneration.key))) == set(keys[1:])
    assert not services.blobs.exists(oldest)
