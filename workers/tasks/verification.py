"""Re-runs a listing's samples on its target model and measures them.

Claim (short transaction) → generate and hash (none) → record each sample (short) → close (short).
A worker killed anywhere leaves a run that another takes over behind the last recorded sample.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from PIL import Image
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.blobs import BlobMissingError
from marketplace.images import UploadError, read_upload
from marketplace.listings import operations as listings
from marketplace.listings.models import Listing, ListingVersion, Sample
from marketplace.listings.states import ListingState
from marketplace.moderation.operations import open_case
from marketplace.prompts.filling import fill
from marketplace.prompts.grammar import parse
from marketplace.task_names import TaskName
from marketplace.verification import copy_search, operations, queries
from marketplace.verification.errors import LeaseLostError
from marketplace.verification.models import VerificationRun
from marketplace.verification.policy import FindingDraft, findings_of
from marketplace.verification.similarity import compare
from marketplace.verification.states import RunState
from workers.app import app, services
from workers.engines.contract import (
    EngineError,
    EngineRefused,
    GenerationRequest,
    GenerationResult,
)
from workers.engines.registry import HOUSE, EngineRegistry, build_registry
from workers.fingerprints.hashes import Fingerprint, fingerprint, mirrored
from workers.heartbeat import Heartbeat

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SampleJob:
    """One sample that has still to be measured."""

    sample_id: str
    original_key: str
    request: GenerationRequest = field(repr=False)


@dataclass(frozen=True)
class RunJob:
    """A claimed run, copied out of the database so that no transaction stays open."""

    run_id: str
    lease: str
    engine: str
    samples: tuple[SampleJob, ...]


@cache
def engines() -> EngineRegistry:
    """The engines of this process; models load at first use and stay."""
    return build_registry(services().settings.house_model_dir)


def warm_up() -> None:
    """Load the house model now rather than at the first run; a missing model is only noted."""
    try:
        engines().get(HOUSE).warm_up()
    except EngineError as error:
        log.warning("the house model cannot be loaded: %s", type(error).__name__)


@app.task(name=TaskName.VERIFY_LISTING.value)
def verify(version_id: str) -> None:
    """Make sure the version has a run, then work on the oldest run that waits.

    The message is a wake-up call rather than an order: whichever worker hears it takes whatever
    is first in line, so runs are served in order and a lost or doubled message does no harm.
    """
    parts = services()
    with unit_of_work(parts.database) as session:
        version = session.get(ListingVersion, version_id)
        if version is not None and _is_waiting(session, version):
            operations.request_run(session, version)
    work_on_next(parts)


def work_on_next(parts: Services) -> bool:
    """Claim and finish one run; False when none waits."""
    with unit_of_work(parts.database) as session:
        run = operations.claim_next(session)
        job = None if run is None else _job_of(session, parts, run)
    if job is None:
        return False
    try:
        _measure_all(parts, job)
    except LeaseLostError:
        log.warning("run %s was taken over by another worker", job.run_id)
    except (EngineError, BlobMissingError, UploadError) as error:
        # By type only: an engine's message might describe its input.
        log.warning("run %s failed: %s", job.run_id, type(error).__name__)
        final = isinstance(error, EngineRefused)
        _put_back(parts, job, type(error).__name__, final)
    return True


def _measure_all(parts: Services, job: RunJob) -> None:
    engine = engines().get(job.engine)
    with Heartbeat(parts.database, job.run_id, job.lease) as heart:
        for sample in job.samples:
            original = read_upload(parts.blobs.get(sample.original_key), "sample").image
            started = time.monotonic()
            result = engine.generate(sample.request, heart.on_step)
            seconds = time.monotonic() - started
            _record(parts, job, sample, original, result, seconds)
            heart.next_sample()
        _close(parts, job)


def _record(
    parts: Services,
    job: RunJob,
    sample: SampleJob,
    original: Image.Image,
    result: GenerationResult,
    seconds: float,
) -> None:
    """Hash, compare, store the public pictures of the re-run, then the row."""
    theirs, ours = fingerprint(original), fingerprint(result.image)
    flipped = mirrored(original)
    # Content-addressed: a repetition writes the same bytes under the same keys.
    derivatives = listings.store_derivatives(parts.blobs, result.image)
    with unit_of_work(parts.database) as session:
        operations.record_check(
            session,
            job.run_id,
            job.lease,
            sample.sample_id,
            sample_hashes=_columns(theirs),
            rerun_hashes=_columns(ours),
            comparison=compare(theirs, ours),
            derivatives=derivatives,
            seconds=seconds,
            provenance=_public_provenance(result),
        )
        copy_search.record_copies(
            session,
            session.get_one(VerificationRun, job.run_id),
            session.get_one(Sample, sample.sample_id),
            copy_search.Mirrored(flipped.pdq, flipped.dct256),
        )


def _close(parts: Services, job: RunJob) -> None:
    """Verdict, listing and case change together or not at all."""
    with unit_of_work(parts.database) as session:
        run = operations.complete_run(session, job.run_id, job.lease)
        version = session.get_one(ListingVersion, run.version_id)
        measured = queries.measured_of(session, run)
        findings = findings_of(
            measured,
            copy_search.copies_of_run(session, run),
            len(version.variables),
            copy_search.prompt_sold_elsewhere(session, version),
        )
        _hand_to_moderators(session, run, findings)


def _put_back(parts: Services, job: RunJob, error_code: str, final: bool) -> None:
    try:
        with unit_of_work(parts.database) as session:
            run = operations.release_run(session, job.run_id, job.lease, error_code, final)
            close_given_up(session, run)
    except LeaseLostError:
        log.warning("run %s was taken over by another worker", job.run_id)


def close_given_up(session: Session, run: VerificationRun) -> None:
    """Hand a run that cannot be finished to the moderators, with the reason."""
    if run.state not in {RunState.ERRORED, RunState.COMPLETED}:
        return
    finding = FindingDraft(
        "NOT_REPRODUCIBLE",
        "serious",
        "samples",
        f"The re-run could not be finished after {run.attempts} tries ({run.error_code}). "
        "There is no report.",
    )
    _hand_to_moderators(session, run, [finding] if run.state is RunState.ERRORED else [])


def _hand_to_moderators(
    session: Session, run: VerificationRun, findings: list[FindingDraft]
) -> None:
    version = session.get_one(ListingVersion, run.version_id)
    listing = session.get_one(Listing, version.listing_id)
    listings.finish_verification(session, listing)
    open_case(session, listing, version, run, findings)


def _is_waiting(session: Session, version: ListingVersion) -> bool:
    listing = session.get_one(Listing, version.listing_id)
    return listing.state is ListingState.VERIFYING and listing.version_id == version.id


def _job_of(session: Session, parts: Services, run: VerificationRun) -> RunJob:
    version = session.get_one(ListingVersion, run.version_id)
    done = queries.checked_sample_ids(session, run.id)
    template = parse(parts.vault.open(version.prompt_sealed))
    return RunJob(
        run_id=run.id,
        lease=str(run.lease),
        engine=run.engine,
        samples=tuple(
            SampleJob(
                sample_id=sample.id,
                original_key=sample.original_key,
                request=GenerationRequest(
                    prompt=fill(template, sample.values),
                    seed=sample.seed,
                    steps=version.steps,
                    guidance_scale=version.guidance,
                    scheduler=version.scheduler,
                    width=version.width,
                    height=version.height,
                ),
            )
            for sample in version.samples
            if sample.id not in done
        ),
    )


def _columns(prints: Fingerprint) -> dict[str, Any]:
    return {
        "pdq": prints.pdq,
        "pdq_quality": prints.pdq_quality,
        "phash64": prints.phash64,
        "dct256": prints.dct256,
        "fingerprint_version": prints.version,
    }


def _public_provenance(result: GenerationResult) -> dict[str, Any]:
    """What made the pictures, without the seed: that belongs to the buyers."""
    return {name: value for name, value in result.provenance.as_dict().items() if name != "seed"}
