"""One run from claim to end.

Claim (short transaction) → build the job (short) → evidence → re-run, each look recorded (short) →
close (short). No transaction is open while a model runs, and a worker killed anywhere leaves a run
that another takes over behind the last recorded look.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from marketplace.core.container import Services
from marketplace.core.leases import LeaseLostError
from marketplace.core.unit_of_work import unit_of_work
from marketplace.listings.tiers import Tier
from marketplace.verification import operations
from workers.engines.registry import EngineRegistry
from workers.heartbeat import Heartbeat, Watchdog
from workers.runs.closing import close, put_back
from workers.runs.deciding import decide
from workers.runs.drawing import decide_by_drawing
from workers.runs.evidence import gather_evidence, read_originals
from workers.runs.faults import Fault, NothingToMeasure, fault_of
from workers.runs.generation import Maker
from workers.runs.jobs import Lease, RunJob, build_job

log = logging.getLogger(__name__)


def work_on_next(
    parts: Services,
    engines: Callable[[], EngineRegistry],
    queues: Sequence[str] | None = None,
    sources: Sequence[str] | None = None,
) -> str | None:
    """Claim one run and finish it or put it back; the queue it came from, None when none waits.

    Args:
        engines: gives the registry; asked for only when a model is needed.
        queues: take only runs of these queues (None: of any).
        sources: take only runs on these target models' sources (None: on any).
    """
    with unit_of_work(parts.database) as session:
        run = operations.claim_next(session, queues, sources)
        if run is None:
            return None
        lease, queue = Lease(run.id, str(run.lease)), run.queue
    try:
        # Apart from the claim: whatever is wrong with this one, it counts as a try and the run
        # leaves the head of the queue.
        with unit_of_work(parts.database) as session:
            job = build_job(session, parts.vault, lease)
        _work(parts, engines, job)
    except LeaseLostError:
        log.warning("run %s is no longer ours", lease.run_id)
    except Exception as error:
        fault = fault_of(error)
        log.warning("run %s failed: %s (%s)", lease.run_id, fault.code, type(error).__name__)
        _give_back(parts, lease, fault)
    return queue


def _work(parts: Services, engines: Callable[[], EngineRegistry], job: RunJob) -> None:
    def hanging() -> None:
        put_back(parts, job.lease, "TIME_LIMIT")

    watchdog = Watchdog(parts.settings.step_time_limit, hanging)
    with Heartbeat(parts.database, job.lease.run_id, job.lease.token, watchdog=watchdog) as heart:
        if not job.samples:
            raise NothingToMeasure
        originals = read_originals(parts, job)
        gather_evidence(parts, job, originals, heart.alive)
        decided = None
        if job.tier is Tier.DISTRIBUTIONAL:
            decide_by_drawing(parts, job, engines().get(job.engine), originals, heart)
        elif job.tier.is_rerun:
            maker = Maker(parts, job.engine, engines().get(job.engine))
            decided = decide(parts, job, maker, originals, heart)
        close(parts, job, decided)


def _give_back(parts: Services, lease: Lease, fault: Fault) -> None:
    try:
        put_back(parts, lease, fault.code, fault.final, fault.retry_after)
    except Exception as error:
        # The database is away as well: the lease runs out and the sweep does it.
        log.warning("run %s could not be put back: %s", lease.run_id, type(error).__name__)
