"""Completed runs as workers leave them, with decisions, costs and samples that were not re-run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.listings.models import ListingVersion
from marketplace.verification.calibration import Calibration, uncalibrated
from marketplace.verification.decision import Decision, Found, Look, Observation
from marketplace.verification.models import SampleCheck, VerificationRun
from marketplace.verification.similarity import Band
from marketplace.verification.states import RunKind, RunState, Verdict

PROVENANCE: dict[str, Any] = {
    "engine": "diffusers",
    "model_id": "house",
    "weights_sha256": "ab" * 32,
    "config_sha256": "cd" * 32,
    "libraries": {"torch": "2.13.0", "diffusers": "0.42.0", "numpy": "2.4.6"},
    "environment": "ef" * 32,
    "scheduler_class": "DPMSolverMultistepScheduler",
    "scheduler_config_sha256": "01" * 32,
    "dtype": "float32",
    "device": "cpu",
}


def make_proof_run(
    session: Session,
    version: ListingVersion,
    distances: Sequence[int],
    verdict: Verdict = Verdict.REPRODUCED,
    *,
    kind: RunKind = RunKind.LISTING,
    reason: str | None = None,
    rerun_pictures: Sequence[list[Any]] = (),
    calibration: Calibration | None = None,
) -> VerificationRun:
    """A completed run that re-ran the first samples and screened or left out the others."""
    limits = calibration or uncalibrated("house", "DPMSolverMultistepScheduler")
    run = VerificationRun(
        version_id=version.id,
        state=RunState.COMPLETED,
        verdict=verdict,
        kind=kind,
        reason=reason,
        samples_total=len(version.samples),
        samples_done=len(distances),
        steps=version.steps,
        engine="house",
        work_units=2 * version.steps * len(version.samples),
        evaluations=2 * version.steps * len(distances),
        provenance=PROVENANCE,
        finished_at=now(),
        calibration_version=limits.version,
    )
    session.add(run)
    session.flush()
    decision = Decision(limits, [sample.id for sample in version.samples], version.steps)
    for number, (sample, distance) in enumerate(zip(version.samples, distances, strict=False)):
        band = limits.band_of(distance)
        task = decision.next_task()
        if task is not None and task.look is Look.FULL:
            decision.record(Observation(sample.id, _FOUND[band], distance))
        pictures = rerun_pictures[number] if rerun_pictures else sample.derivatives
        session.add(_check(run, sample.id, sample.position, band, distance, pictures))
    while (task := decision.next_task()) is not None and task.look is Look.SCREEN:
        decision.record(Observation(task.sample_id, Found.SCREENED, 40))
    run.decision = decision.as_dict()
    session.flush()
    return run


_FOUND = {Band.REPRODUCED: Found.REPRODUCED, Band.GREY: Found.GREY, Band.MISS: Found.MISS}


def _check(
    run: VerificationRun,
    sample_id: str,
    position: int,
    band: Band,
    distance: int,
    pictures: list[Any],
) -> SampleCheck:
    return SampleCheck(
        run_id=run.id,
        sample_id=sample_id,
        position=position,
        band=band,
        decided_by="pdq",
        pdq_distance=distance,
        phash_distance=distance // 4,
        dct_distance=distance,
        quality=90,
        seconds=2.25,
        hypothesis="cpu",
        evaluations=2 * run.steps,
        derivatives=pictures,
    )
