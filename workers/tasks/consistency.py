"""Consistency reports: claim, make, record, each in a transaction of its own; and their sweep."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.core.leases import LeaseLostError
from marketplace.core.unit_of_work import unit_of_work
from marketplace.listings.models import Listing
from marketplace.task_names import TaskName
from marketplace.verification.consistency import operations, queries
from marketplace.verification.consistency.states import ReportState
from marketplace.verification.preflight import operations as preflights
from workers import golden
from workers.app import app, served_queues, services, worker_name
from workers.follow_ups import ask_for_report
from workers.runs.faults import fault_of
from workers.sheets.jobs import DraftChanged, build_job
from workers.sheets.making import SteppedAside, make_all, put_back
from workers.tasks.verification import WAKE_UP_LASTS, engines

log = logging.getLogger(__name__)


@app.task(name=TaskName.MEASURE_CONSISTENCY.value)
def measure(version_id: str) -> None:
    """A wake-up call: take whichever report is next in line, unless a run waits."""
    parts = services()
    work_on_next(parts, served_queues(), golden.open_sources(parts, worker_name()))


@app.task(name=TaskName.CHECK_PREFLIGHT.value)
def check_preflight(listing_id: str) -> None:
    """A draft was saved: stop measuring what it no longer is."""
    with unit_of_work(services().database) as session:
        listing = session.get(Listing, listing_id)
        if listing is not None:
            preflights.cancel_if_changed(session, listing)


@app.task(name=TaskName.SWEEP_CONSISTENCY.value)
def sweep_consistency() -> None:
    """Put dead workers' reports back, ask for forgotten ones, wake workers that could go on."""
    parts = services()
    with unit_of_work(parts.database) as session:
        for report in operations.release_stale(session):
            if report.state is ReportState.ERRORED:
                preflights.record_report(session, report)
    with unit_of_work(parts.database) as session:
        preflights.close_forgotten(session)
        for version in queries.versions_without_report(session):
            ask_for_report(session, parts, version)
    with unit_of_work(parts.database) as session:
        waiting = queries.claimable_version_ids(session)
    for version_id, queue in waiting:
        parts.queue.send(TaskName.MEASURE_CONSISTENCY, version_id, to=queue, expires=WAKE_UP_LASTS)


def work_on_next(
    parts: Services, queues: Sequence[str] | None = None, sources: Sequence[str] | None = None
) -> bool:
    """Claim one report and make what is left of it; False when none may be taken.

    Args:
        queues, sources: take only reports of these queues, on these models (None: of any).
    """
    with unit_of_work(parts.database) as session:
        report = operations.claim_next(session, queues, sources)
        if report is None:
            return False
        report_id, lease = report.id, str(report.lease)
    try:
        with unit_of_work(parts.database) as session:
            job = build_job(session, parts.vault, report_id, lease)
        make_all(parts, job, engines().get(job.engine))
    except LeaseLostError:
        log.info("consistency report %s was taken over or cancelled", report_id)
    except SteppedAside:
        _write(parts, report_id, lambda session: operations.step_aside(session, report_id, lease))
    except DraftChanged:
        _write(parts, report_id, lambda session: preflights.cancel_unwanted(session, report_id))
    except Exception as error:
        # By type only: a message might describe its input.
        fault = fault_of(error)
        log.warning(
            "consistency report %s failed: %s (%s)", report_id, fault.code, type(error).__name__
        )
        _write(parts, report_id, lambda session: put_back(session, report_id, lease, fault.code))
    return True


def _write(parts: Services, report_id: str, change: Callable[[Session], None]) -> None:
    try:
        with unit_of_work(parts.database) as session:
            change(session)
    except LeaseLostError:
        log.info("consistency report %s was taken over or cancelled", report_id)
