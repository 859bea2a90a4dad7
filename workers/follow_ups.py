"""What a run that has just ended sets going: a consistency report, a preflight's findings, what
a changed model means for a listing.

Called inside the transaction that ends the run, so that neither can be forgotten.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.core.task_queue import enqueue
from marketplace.listings.models import ListingVersion
from marketplace.moderation.on_sale import file_question
from marketplace.settings import Settings
from marketplace.task_names import TaskName
from marketplace.verification.changes import operations as changes
from marketplace.verification.consistency.models import ConsistencyReport
from marketplace.verification.consistency.operations import Size, request_report
from marketplace.verification.consistency.states import Purpose
from marketplace.verification.models import VerificationRun
from marketplace.verification.policy import FindingDraft
from marketplace.verification.preflight import operations as preflights
from marketplace.verification.states import RunKind, RunState, Verdict


def after_run(
    session: Session,
    parts: Services,
    run: VerificationRun,
    findings: Sequence[FindingDraft] = (),
) -> None:
    """A proved listing gets its consistency report; a preflight its findings and a preview; a
    re-verification is held against what stood before.

    For any run that is over, whatever its kind and its end. Safe to repeat.

    Args:
        findings: as the policy words them for a moderator.
    """
    concluded = changes.conclude(session, parts, run)
    if concluded is not None:
        file_question(session, concluded)
    if run.kind is not RunKind.PREFLIGHT:
        _notice_change(session, run)
    if run.kind is RunKind.PREFLIGHT:
        _after_preflight(session, parts, run, findings)
    elif run.state is RunState.COMPLETED and run.verdict is Verdict.REPRODUCED:
        version = session.get_one(ListingVersion, run.version_id)
        # A re-verification measures the model as it is now; a listing's run needs one report.
        again = run.kind is RunKind.REVERIFICATION
        ask_for_report(session, parts, version, again=again)


def ask_for_report(
    session: Session,
    parts: Services,
    version: ListingVersion,
    purpose: Purpose = Purpose.PUBLIC,
    again: bool = False,
) -> ConsistencyReport | None:
    """Plan a version's report and call a worker once the session commits."""
    report = request_report(session, version, size_of(parts.settings), purpose, again)
    if report is not None:
        enqueue(session, parts.queue, TaskName.MEASURE_CONSISTENCY, version.id, to=report.queue)
    return report


def size_of(settings: Settings) -> Size:
    """How large reports are here."""
    return Size(settings.consistency_fills, settings.consistency_seeds, settings.consistency_map)


def _notice_change(session: Session, run: VerificationRun) -> None:
    """A run names what it was made on: listings that were proved on something else are due."""
    made_on = run.provenance or {}
    weights, environment = made_on.get("weights_sha256"), made_on.get("environment")
    if run.state is RunState.COMPLETED and weights and environment:
        changes.notice(session, run.engine, weights, environment)


def _after_preflight(
    session: Session, parts: Services, run: VerificationRun, findings: Sequence[FindingDraft]
) -> None:
    preflight = preflights.record_run(session, run, findings)
    if preflight is None or run.state is not RunState.COMPLETED:
        return
    version = session.get_one(ListingVersion, run.version_id)
    report = ask_for_report(session, parts, version, Purpose.PREVIEW, again=True)
    preflights.attach_report(session, preflight, report)
