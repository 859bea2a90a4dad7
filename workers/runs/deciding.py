"""Re-runs samples in the secret order until they decide, recording each look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.listings.pictures import store_derivatives
from marketplace.verification import operations
from marketplace.verification.calibration import Calibration, calibration_for, uncalibrated
from marketplace.verification.decision import Decision, observations_from
from marketplace.verification.sprt import sample_order
from workers.heartbeat import Heartbeat
from workers.runs.evidence import Original
from workers.runs.generation import Maker
from workers.runs.jobs import RunJob
from workers.runs.looking import Looker


@dataclass(frozen=True)
class Decided:
    """A decision that is reached, and the limits it was reached by."""

    decision: Decision
    calibration: Calibration


def decide(
    parts: Services,
    job: RunJob,
    maker: Maker,
    originals: Mapping[str, Original],
    heart: Heartbeat,
) -> Decided:
    """Look at samples until the decision is reached; every look is recorded before the next.

    A worker that takes a run over goes on from what is recorded, in the same order. Raises
    EngineError and LeaseLostError.
    """
    samples = {sample.sample_id: sample for sample in job.samples}
    calibration = calibration_of(job, maker)
    decision = restored(job, calibration)
    looker = Looker(
        maker, calibration, lambda image: store_derivatives(parts.blobs, image), heart.on_step
    )
    while (task := decision.next_task()) is not None:
        request = samples[task.sample_id].request
        assert request is not None  # models that are not re-run do not come here
        seen = looker.look(task.sample_id, request, originals[task.sample_id], task.look)
        decision.record(seen.observation)
        with heart.recording(), unit_of_work(parts.database) as session:
            operations.record_look(
                session,
                job.lease.run_id,
                job.lease.token,
                decision.as_dict(),
                seen.spent,
                seen.check,
                seen.provenance,
            )
    return Decided(decision, calibration)


def calibration_of(job: RunJob, maker: Maker) -> Calibration:
    """The limits measured for the job's engine, scheduler and weights, or the borrowed ones."""
    request = job.samples[0].request
    plan = None if request is None else maker.plan(request)
    if plan is None:
        return uncalibrated(job.engine, "")
    return calibration_for(job.engine, plan.scheduler_class, plan.weights_sha256)


def restored(job: RunJob, calibration: Calibration) -> Decision:
    """The decision as an earlier holder left it, or a new one."""
    first = job.samples[0].request
    steps = 0 if first is None else first.steps
    order = sample_order(job.order_secret, [sample.sample_id for sample in job.samples])
    known: Mapping[str, Any] = job.decision or {}
    # Limits of another release: what they decided has to be decided again, from the cache.
    if known.get("calibration", {}).get("version") != calibration.version:
        return Decision(calibration, order, steps)
    return Decision.restore(calibration, order, steps, observations_from(known["path"]))
