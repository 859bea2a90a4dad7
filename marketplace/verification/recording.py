"""What the holder of a run writes down: its plan, evidence, looks at samples, the verdict.

Every verb checks the lease under the row's lock. Nothing here commits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.listings.models import ListingVersion, Sample
from marketplace.verification.asking import content_digest, plan_of
from marketplace.verification.copy_search import copies_of_run
from marketplace.verification.decision import Outcome
from marketplace.verification.leases import change_state, held_run
from marketplace.verification.models import SampleCheck, VerificationRun
from marketplace.verification.policy import verdict_for
from marketplace.verification.similarity import Comparison
from marketplace.verification.states import RunAction, Verdict


@dataclass(frozen=True)
class CheckDraft:
    """One re-run to be recorded. ``rerun_hashes``: columns of FingerprintColumns."""

    sample_id: str
    comparison: Comparison
    rerun_hashes: Mapping[str, Any] = field(repr=False)
    derivatives: Sequence[Mapping[str, Any]] = field(repr=False)
    seconds: float
    hypothesis: str = "declared"
    stopped_at_share: float | None = None
    evaluations: int = 0
    cached: bool = False


def begin_run(session: Session, run_id: str, lease: str) -> VerificationRun:
    """Fix what the holder is going to measure, before it measures it.

    A draft's preflight is planned anew, for its samples may have changed since it was asked for.

    Raises:
        LeaseLostError: when the run is no longer held by this lease.
    """
    run = held_run(session, run_id, lease)
    version = session.get_one(ListingVersion, run.version_id)
    digest = content_digest(version)
    if run.content_digest != digest:
        # Nothing that was measured on other contents counts.
        session.execute(delete(SampleCheck).where(SampleCheck.run_id == run.id))
        run.decision, run.samples_done, run.content_digest = None, 0, digest
        for column, value in plan_of(version).items():
            setattr(run, column, value)
    session.flush()
    return run


def record_evidence(
    session: Session, run_id: str, lease: str, prints: Mapping[str, Mapping[str, Any]]
) -> VerificationRun:
    """Store the fingerprints of all samples (sample id → columns of FingerprintColumns).

    Raises:
        LeaseLostError: when the run is no longer held by this lease.
    """
    run = held_run(session, run_id, lease)
    for sample_id, columns in prints.items():
        sample = session.get_one(Sample, sample_id)
        for column, value in columns.items():
            setattr(sample, column, value)
    run.heartbeat_at = now()
    session.flush()
    return run


def record_look(
    session: Session,
    run_id: str,
    lease: str,
    decision: Mapping[str, Any],
    spent: int,
    check: CheckDraft | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> VerificationRun:
    """Store what one look at a sample found, and the state of the decision after it.

    Args:
        decision: Decision.as_dict(); its path is what a worker that takes over starts from.
        spent: model evaluations of this look.
        check: the re-run, where there is a picture; it replaces an earlier one of this sample.
        provenance: model, weights, libraries and device that made the re-run; public.

    Raises:
        LeaseLostError: when the run is no longer held by this lease.
    """
    run = held_run(session, run_id, lease)
    if check is not None:
        _store(session, run, check)
    run.decision = dict(decision)
    run.calibration_version = decision["calibration"]["version"]
    run.samples_done = len({step["sample_id"] for step in decision["path"]})
    run.evaluations += spent
    if provenance is not None:
        run.provenance = dict(provenance)
    run.step = 0
    run.heartbeat_at = now()
    session.flush()
    return run


def complete_run(session: Session, run_id: str, lease: str) -> VerificationRun:
    """Turn the decision into a verdict and close the run.

    Raises:
        LeaseLostError: when the run is no longer held by this lease.
        ValueError: while the samples have not decided.
    """
    run = held_run(session, run_id, lease)
    copies = copies_of_run(session, run)
    version = session.get_one(ListingVersion, run.version_id)
    if run.decision is not None:
        verdict = verdict_for(Outcome(run.decision["outcome"]), copies)
    elif version.tier.is_rerun:
        raise ValueError("nothing has been measured")
    else:
        stolen = any(copy.other_is_earlier for copy in copies)
        verdict = Verdict.COPIED if stolen else Verdict.NOT_RERUN
    # State and verdict stand or fall together in the table: no query may come between.
    change_state(session, run, RunAction.COMPLETE)
    run.verdict = verdict
    run.finished_at = now()
    run.lease = run.error_code = None
    return run


def _store(session: Session, run: VerificationRun, draft: CheckDraft) -> None:
    # A run that was broken off is replaced by the one that confirms it.
    session.execute(
        delete(SampleCheck).where(
            SampleCheck.run_id == run.id, SampleCheck.sample_id == draft.sample_id
        )
    )
    comparison = draft.comparison
    session.add(
        SampleCheck(
            run_id=run.id,
            sample_id=draft.sample_id,
            position=session.get_one(Sample, draft.sample_id).position,
            band=comparison.band,
            decided_by=comparison.decided_by.value,
            pdq_distance=comparison.pdq_distance,
            phash_distance=comparison.phash_distance,
            dct_distance=comparison.dct_distance,
            colour_distance=comparison.colour_distance,
            quality=comparison.quality,
            seconds=draft.seconds,
            derivatives=[dict(size) for size in draft.derivatives],
            hypothesis=draft.hypothesis,
            stopped_at_share=draft.stopped_at_share,
            evaluations=draft.evaluations,
            cached=draft.cached,
            **draft.rerun_hashes,
        )
    )
