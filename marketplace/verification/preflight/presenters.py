"""What a seller sees of a preflight: progress, then the evidence as a moderator would see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from marketplace.listings.models import Listing, ListingVersion
from marketplace.verification.consistency.presenters import consistency_of
from marketplace.verification.consistency.presenters import progress_of as preview_progress
from marketplace.verification.consistency.states import Purpose, ReportState
from marketplace.verification.failures import sentence
from marketplace.verification.preflight import operations, queries
from marketplace.verification.preflight.models import Outcome, Preflight
from marketplace.verification.presenters import progress_of as run_progress
from marketplace.verification.report import Report, report_of_run
from marketplace.verification.states import RunKind, RunState

RUN_SHARE = 50
"""The run takes the first half of the progress bar, the preview the second."""


@dataclass(frozen=True)
class PreflightView:
    """Everything on a preflight's page."""

    preflight: Preflight | None
    is_stale: bool
    progress: dict[str, Any]
    report: Report | None
    findings: list[dict[str, str]]
    consistency: dict[str, Any] | None
    next_free: datetime | None
    per_day: int

    @property
    def is_open(self) -> bool:
        """Something is still being measured."""
        return self.preflight is not None and self.preflight.outcome is None


def view_of(session: Session, listing: Listing, per_day: int) -> PreflightView:
    """A listing's newest preflight, whatever became of it."""
    preflight = queries.newest_of(session, listing.id)
    stale = preflight is not None and _is_stale(session, listing, preflight)
    return PreflightView(
        preflight=preflight,
        is_stale=stale,
        progress=progress_of(session, preflight),
        report=_report(session, preflight),
        findings=list(preflight.findings or []) if preflight else [],
        consistency=_preview(session, preflight),
        next_free=operations.next_free(session, listing.seller_id, per_day),
        per_day=per_day,
    )


def progress_of(session: Session, preflight: Preflight | None) -> dict[str, Any]:
    """How far a preflight is, for its page and for its script; asked for once a second at most."""
    if preflight is None:
        return {"open": False, "percent": 0, "message": "Not run yet."}
    message, percent = _standing(session, preflight)
    return {"open": preflight.outcome is None, "percent": percent, "message": message}


def _standing(session: Session, preflight: Preflight) -> tuple[str, int]:
    if preflight.outcome is Outcome.CANCELLED:
        return "Cancelled.", 0
    if preflight.outcome is Outcome.FAILED:
        reason = sentence(preflight.run.error_code)
        return f"{reason} It is not your fault, and does not count as one of today’s.", 0
    if preflight.outcome is Outcome.FINISHED:
        return "Done.", 100
    if preflight.run.state is not RunState.COMPLETED:
        progress = run_progress(session, preflight.run)
        return progress["message"], progress["percent"] * RUN_SHARE // 100
    preview = preview_progress(preflight.report)
    if preflight.report is None or preview is None:
        return "Preparing the preview.", RUN_SHARE
    done, total = preview["pictures_done"], preview["pictures_total"]
    share = RUN_SHARE + preview["percent"] * (100 - RUN_SHARE) // 100
    if preflight.report.state is ReportState.QUEUED:
        return f"Consistency preview: {done} of {total} pictures; verification goes first.", share
    return f"Consistency preview: picture {min(done + 1, total)} of {total}.", share


def _report(session: Session, preflight: Preflight | None) -> Report | None:
    """The evidence; gone once the run has become that of a submitted listing."""
    if preflight is None or preflight.run.kind is not RunKind.PREFLIGHT:
        return None
    return report_of_run(session, preflight.run)


def _preview(session: Session, preflight: Preflight | None) -> dict[str, Any] | None:
    report = preflight.report if preflight is not None else None
    if report is None or report.state is not ReportState.COMPLETED:
        return None
    return consistency_of(session, report.version, Purpose.PREVIEW)


def _is_stale(session: Session, listing: Listing, preflight: Preflight) -> bool:
    if listing.version_id != preflight.version_id:
        return True
    version = session.get_one(ListingVersion, preflight.version_id)
    return not operations.is_current(session, preflight, version)
