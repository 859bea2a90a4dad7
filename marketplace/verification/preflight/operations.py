"""Verbs of a preflight: start, record what was found, cancel. Nothing here commits.

Rows are locked in one order everywhere: seller, run, report, preflight.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import now
from marketplace.core.errors import ConflictError, DomainError
from marketplace.core.task_queue import TaskQueue
from marketplace.core.vault import PromptVault
from marketplace.listings.checks import SubmissionError
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.queries import lock_listing, version_of
from marketplace.listings.readiness import readiness_problems
from marketplace.listings.states import ListingState
from marketplace.verification.consistency.models import ConsistencyReport
from marketplace.verification.consistency.operations import cancel_report
from marketplace.verification.consistency.states import OPEN
from marketplace.verification.models import VerificationRun
from marketplace.verification.operations import cancel_run, content_digest, request_run, wake
from marketplace.verification.policy import FindingDraft
from marketplace.verification.preflight.models import Outcome, Preflight
from marketplace.verification.preflight.queries import (
    hidden_titles,
    open_preflight_of,
    open_with_report,
    used,
)
from marketplace.verification.states import RunKind, RunState

WINDOW = timedelta(hours=24)
HIDDEN = "a listing that is not on sale"


class PreflightLimitError(DomainError):
    """No preflight is free; the message says when the next one is."""

    status = 429
    code = "preflight_limit"


def start(
    session: Session,
    vault: PromptVault,
    queue: TaskQueue,
    listing: Listing,
    per_day: int,
) -> Preflight:
    """Run a draft as it stands now, without submitting it.

    Raises:
        ConflictError: the listing is no draft, or a preflight of this seller is under way.
        SubmissionError: with everything that is still missing.
        PreflightLimitError: ``per_day`` were used in the last 24 hours.
    """
    # The seller's row: two tabs cannot both find the last preflight free.
    session.scalars(
        select(SellerProfile).where(SellerProfile.user_id == listing.seller_id).with_for_update()
    ).one()
    lock_listing(session, listing)
    if listing.working_state is not ListingState.DRAFT:
        raise ConflictError("Only a draft can have a preflight; this listing is past that point.")
    problems = readiness_problems(session, vault, listing)
    if problems:
        raise SubmissionError(problems)
    _check_free(session, listing.seller_id, per_day)
    version = version_of(session, listing)
    run = request_run(session, version, RunKind.PREFLIGHT)
    if run.kind is not RunKind.PREFLIGHT:
        raise ConflictError("This version is being measured already.")
    preflight = Preflight(
        seller_id=listing.seller_id,
        version_id=version.id,
        run_id=run.id,
        digest=content_digest(version),
    )
    session.add(preflight)
    session.flush()
    wake(session, queue, run)
    return preflight


def next_free(session: Session, seller_id: str, per_day: int) -> datetime | None:
    """When the seller may start another preflight; None for now, if none is under way.

    Preflights that failed on our side are not counted.
    """
    moments = used(session, seller_id, now() - WINDOW)
    if per_day > 0 and len(moments) < per_day:
        return None
    # The one whose leaving the window frees a place.
    freeing = moments[len(moments) - per_day] if per_day else now()
    return freeing + WINDOW


def record_run(
    session: Session, run: VerificationRun, findings: Sequence[FindingDraft] = ()
) -> Preflight | None:
    """Note how a preflight's run ended; None when the run belongs to no open preflight.

    Titles that are not public (other listings under review, say) are left out of the findings.
    """
    preflight = _open_with(session, Preflight.run_id == run.id)
    if preflight is None:
        return None
    if run.state is RunState.COMPLETED:
        hidden = hidden_titles(session, run.id)
        preflight.findings = [
            {
                "code": finding.code,
                "severity": finding.severity,
                "explanation": _without(finding.explanation, hidden),
            }
            for finding in findings
        ]
    elif run.state is RunState.ERRORED:
        _close(preflight, Outcome.FAILED)
    elif run.state is RunState.CANCELLED:
        _close(preflight, Outcome.CANCELLED)
    return preflight


def attach_report(session: Session, preflight: Preflight, report: ConsistencyReport | None) -> None:
    """Join a preview to a preflight whose run is over; without one the preflight is finished."""
    if report is None:
        _close(preflight, Outcome.FINISHED)
    else:
        preflight.report_id = report.id


def record_report(session: Session, report: ConsistencyReport) -> None:
    """A preview is over: the preflight it belongs to is finished, whatever became of it."""
    preflight = _open_with(session, Preflight.report_id == report.id)
    if preflight is not None:
        _close(preflight, Outcome.FINISHED)


def cancel(session: Session, preflight: Preflight, reason: str) -> None:
    """Stop what still runs for a preflight and close it; repeating is harmless."""
    run = session.get_one(VerificationRun, preflight.run_id)
    # A run that became a listing's own goes on; it is no preflight any more.
    if run.kind is RunKind.PREFLIGHT and run.state in (RunState.QUEUED, RunState.RUNNING):
        cancel_run(session, run, preflight.seller_id, reason)
    if preflight.report_id is not None:
        report = session.get_one(ConsistencyReport, preflight.report_id)
        if report.state in OPEN:
            cancel_report(session, report, reason)
    session.refresh(preflight, with_for_update=True)
    if preflight.outcome is None:
        _close(preflight, Outcome.CANCELLED)


def cancel_if_changed(session: Session, listing: Listing) -> bool:
    """Cancel the open preflight of a listing that is not what it was when it began."""
    preflight = open_preflight_of(session, listing.id)
    if preflight is None:
        return False
    version = session.get_one(ListingVersion, preflight.version_id)
    if listing.working_state is ListingState.DRAFT and is_current(session, preflight, version):
        return False
    cancel(session, preflight, "the draft was changed")
    return True


def is_current(session: Session, preflight: Preflight, version: ListingVersion) -> bool:
    """Whether a preflight's results still hold for the version as it stands."""
    session.refresh(version, ["samples", "prompt_sealed"])
    return preflight.digest == content_digest(version)


def still_wanted(session: Session, report_id: str) -> bool:
    """Whether a preview's draft is still the one that it was planned for."""
    preflight = open_with_report(session, report_id)
    if preflight is None:
        return False
    version = session.get_one(ListingVersion, preflight.version_id)
    return is_current(session, preflight, version)


def cancel_unwanted(session: Session, report_id: str) -> None:
    """Stop a preview that nobody wants, and the preflight it belongs to if that is still open."""
    preflight = open_with_report(session, report_id)
    if preflight is not None:
        cancel(session, preflight, "the draft was changed")
        return
    report = session.get_one(ConsistencyReport, report_id)
    cancel_report(session, report, "its preflight is over")


def close_forgotten(session: Session, limit: int = 20) -> None:
    """Close open preflights for which nothing runs any more (a lost message, a submission)."""
    query = select(Preflight).where(Preflight.outcome.is_(None)).limit(limit)
    for preflight in session.scalars(query).all():
        run = session.get_one(VerificationRun, preflight.run_id)
        if run.kind is not RunKind.PREFLIGHT:
            cancel(session, preflight, "the listing was submitted")
        elif run.state is RunState.CANCELLED:
            cancel(session, preflight, "its run was cancelled")
        elif run.state is RunState.ERRORED:
            _close(preflight, Outcome.FAILED)
        elif run.state is RunState.COMPLETED and _report_is_over(session, preflight):
            _close(preflight, Outcome.FINISHED)


def _report_is_over(session: Session, preflight: Preflight) -> bool:
    if preflight.report_id is None:
        return True
    return session.get_one(ConsistencyReport, preflight.report_id).state not in OPEN


def _check_free(session: Session, seller_id: str, per_day: int) -> None:
    # One counted as open may only be waiting for the sweep.
    close_forgotten(session)
    running = session.scalar(
        select(Preflight).where(Preflight.seller_id == seller_id, Preflight.outcome.is_(None))
    )
    if running is not None:
        raise ConflictError(
            "One of your preflights is under way; wait for it or cancel it first.",
            "preflight_open",
        )
    free = next_free(session, seller_id, per_day)
    if free is None:
        return
    if per_day == 0:
        raise PreflightLimitError("Preflights are switched off at the moment.")
    raise PreflightLimitError(
        f"You have used your {per_day} preflight{'s' if per_day != 1 else ''} of the last 24 "
        f"hours. The next one is free at {free:%H:%M} UTC on {free.day} {free:%B}."
    )


def _open_with(session: Session, condition: object) -> Preflight | None:
    return session.scalar(
        select(Preflight)
        .where(condition, Preflight.outcome.is_(None))  # type: ignore[arg-type]
        .with_for_update()
    )


def _close(preflight: Preflight, outcome: Outcome) -> None:
    preflight.outcome = outcome
    preflight.closed_at = now()


def _without(text: str, titles: Sequence[str]) -> str:
    for title in titles:
        text = text.replace(f"“{title}”", HIDDEN)
    return text
