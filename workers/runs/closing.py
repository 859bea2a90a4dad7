"""The end of a run: verdict, listing and case change together or not at all."""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.core.leases import LeaseLostError
from marketplace.core.unit_of_work import unit_of_work
from marketplace.listings import operations as listings
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.states import ListingState
from marketplace.moderation.operations import open_case
from marketplace.verification import copy_search, corpora, failures, operations, queries
from marketplace.verification.models import VerificationRun
from marketplace.verification.policy import FindingDraft, decision_findings, findings_of
from marketplace.verification.states import RunKind, RunState
from workers.follow_ups import after_run
from workers.runs.deciding import Decided
from workers.runs.jobs import Lease, RunJob

log = logging.getLogger(__name__)
GIVEN_UP = "RUN_FAILED"
"""Finding of a run that we could not finish; it says nothing about the samples."""


def close(parts: Services, job: RunJob, decided: Decided | None = None) -> None:
    """Turn what was found into a verdict and hand it on. Raises LeaseLostError."""
    with unit_of_work(parts.database) as session:
        run = operations.complete_run(session, job.lease.run_id, job.lease.token)
        version = session.get_one(ListingVersion, run.version_id)
        findings = findings_of(
            queries.measured_of(session, run),
            copy_search.copies_of_run(session, run),
            len(version.variables),
            copy_search.prompt_sold_elsewhere(session, version),
            None if decided is None else decided.calibration,
        )
        if decided is not None:
            numbers = {sample.sample_id: sample.number for sample in job.samples}
            findings += decision_findings(decided.decision, numbers)
        findings += corpora.findings(session, run)
        after_run(session, parts, run, findings)
        # A preflight changes nothing; re-verifications are compared by their campaign.
        if run.kind is RunKind.LISTING:
            _hand_to_moderators(session, run, findings)


def put_back(
    parts: Services,
    lease: Lease,
    error_code: str,
    final: bool = False,
    retry_after: timedelta | None = None,
) -> None:
    """Release a run after a failure of ours; a person takes over when it was the last try."""
    try:
        with unit_of_work(parts.database) as session:
            run = operations.release_run(
                session, lease.run_id, lease.token, error_code, final, retry_after
            )
            close_given_up(session, parts, run)
    except LeaseLostError:
        log.warning("run %s is no longer ours", lease.run_id)


def close_given_up(session: Session, parts: Services, run: VerificationRun) -> None:
    """Hand a listing's run that cannot be finished to the moderators, with the reason."""
    if run.state in (RunState.ERRORED, RunState.COMPLETED):
        after_run(session, parts, run)
    if run.kind is not RunKind.LISTING:
        return
    if run.state is RunState.ERRORED:
        finding = FindingDraft(
            GIVEN_UP,
            "warning",
            "samples",
            f"{failures.sentence(run.error_code)} It was tried {run.attempts} "
            f"time{'' if run.attempts == 1 else 's'} ({run.error_code}). There is no report, and "
            "this says nothing about the samples or their seller.",
        )
        _hand_to_moderators(session, run, [finding])
    elif run.state is RunState.COMPLETED:
        _hand_to_moderators(session, run, [])


def _hand_to_moderators(
    session: Session, run: VerificationRun, findings: list[FindingDraft]
) -> None:
    version = session.get_one(ListingVersion, run.version_id)
    listing = session.get_one(Listing, version.listing_id)
    if listing.version_id != version.id or listing.working_state is not ListingState.VERIFYING:
        return  # the seller has moved on meanwhile
    listings.finish_verification(session, listing)
    open_case(session, listing, version, run, findings)
