"""What is on sale and comes before the moderators: reported, banned, run again with no answer.

One case for each version, however much has come up; a decision answers all of it. Whatever calls
for a case is a row of its own first, so the sweep opens what a lost moment left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.ids import new_id
from marketplace.listings.models import Listing
from marketplace.listings.states import ListingState
from marketplace.moderation.complaints.models import Complaint
from marketplace.moderation.lanes import ANSWER_WITHIN, file_case
from marketplace.moderation.models import Case, CaseEvent, Finding
from marketplace.moderation.states import About, CaseState
from marketplace.verification.changes.models import Reverification
from marketplace.verification.changes.queries import questions_of
from marketplace.verification.changes.states import ReverificationState
from marketplace.verification.models import VerificationRun
from marketplace.verification.policy import FindingDraft
from marketplace.verification.states import RunState

OFFERED = (ListingState.LIVE, ListingState.WITHDRAWN)
"""On sale, or back there by a click of its seller."""
RERUN = "REVERIFICATION"
"""Finding of a case: a re-verification ended so that a person has to say what follows."""
SHOWN = 50
_UNDECIDED = (CaseState.OPEN, CaseState.CLAIMED, CaseState.DECIDING)


@dataclass(frozen=True)
class Brought:
    """What brought a version on sale before the moderators."""

    reports: list[Complaint] = field(default_factory=list)
    """Newest first; of an open case those without an answer, of a decided one all of it."""
    questions: list[Reverification] = field(default_factory=list)
    """Re-verifications that wait for a word."""


def what_brought(session: Session, case: Case) -> Brought:
    """Why a case about something on sale is here; nothing for a submission."""
    if not case.on_sale:
        return Brought()
    query = select(Complaint).where(Complaint.case_id == case.id)
    if case.state in _UNDECIDED:
        query = query.where(Complaint.closed_at.is_(None))
    reports = session.scalars(query.order_by(Complaint.created_at.desc()).limit(SHOWN))
    return Brought(list(reports), questions_of(session, case.version_id))


def put_before(
    session: Session,
    listing: Listing,
    findings: Sequence[FindingDraft] = (),
    run: VerificationRun | None = None,
) -> Case | None:
    """Open the case about a listing on sale, or add to the one that is open. Safe to repeat.

    Args:
        run: newer evidence than the run by which it went on sale.

    Returns:
        None where nothing is offered, and while a decision about it is about to take effect: then
        the sweep comes back to it.
    """
    if listing.state not in OFFERED or listing.live_version_id is None:
        return None
    case = _undecided(session, listing.live_version_id) or _opened(session, listing)
    if not case.on_sale or case.state is CaseState.DECIDING:
        return None
    known = {(finding.code, finding.explanation) for finding in case.findings}
    case.findings += [
        Finding(
            code=draft.code,
            severity=draft.severity,
            field=draft.field,
            explanation=draft.explanation[:500],
        )
        for draft in findings
        if (draft.code, draft.explanation[:500]) not in known
    ]
    if run is not None:
        case.run_id, case.verdict = run.id, run.verdict.value if run.verdict else None
    session.flush()
    file_case(session, case)
    return case


def file_reports(session: Session, listing: Listing) -> Case | None:
    """Put a listing's open reports before the moderators; None where put_before says so."""
    case = put_before(session, listing)
    if case is None:
        return None
    session.execute(
        update(Complaint)
        .where(
            Complaint.listing_id == listing.id,
            Complaint.closed_at.is_(None),
            Complaint.case_id.is_(None),
        )
        .values(case_id=case.id)
    )
    file_case(session, case)
    return case


def file_question(session: Session, one: Reverification) -> Case | None:
    """Put a re-verification that a machine would not decide before the moderators."""
    listing = session.get_one(Listing, one.version.listing_id)
    if one.state is not ReverificationState.REFERRED or listing.live_version_id != one.version_id:
        return None
    run = one.run if one.run is not None and one.run.state is RunState.COMPLETED else None
    said = one.reason or "Run again after its model changed."
    return put_before(session, listing, [FindingDraft(RERUN, "warning", "samples", said)], run)


def open_waiting(session: Session, limit: int = 100) -> int:
    """Open cases for what has none yet; returns how many cases were opened or added to."""
    reported = session.scalars(
        select(Listing)
        .where(
            Listing.state.in_(OFFERED),
            Listing.id.in_(
                select(Complaint.listing_id)
                .where(Complaint.closed_at.is_(None), Complaint.case_id.is_(None))
                .order_by(Complaint.created_at)
                .limit(limit)
            ),
        )
        .order_by(Listing.id)
    ).all()
    told = (
        select(Finding.id)
        .join(Case, Case.id == Finding.case_id)
        .where(
            Case.version_id == Reverification.version_id,
            Case.state.in_(_UNDECIDED),
            Finding.code == RERUN,
        )
    )
    referred = session.scalars(
        select(Reverification)
        .join(Listing, Listing.live_version_id == Reverification.version_id)
        .where(
            Reverification.state == ReverificationState.REFERRED,
            Listing.state.in_(OFFERED),
            ~told.exists(),
        )
        .order_by(Reverification.created_at)
        .limit(limit)
    ).all()
    filed = [file_reports(session, listing) for listing in reported]
    filed += [file_question(session, one) for one in referred]
    return sum(case is not None for case in filed)


def follow_version(session: Session, listing: Listing) -> None:
    """An edit has taken the place of the version that a case is about: it is about that now.

    So is its evidence: the run by which the edit went on sale, not that of pictures now gone.
    """
    assert listing.live_version_id is not None
    run_id, verdict = _proof(session, listing.live_version_id)
    session.execute(
        update(Case)
        .where(
            Case.listing_id == listing.id,
            Case.about == About.ON_SALE,
            Case.state.in_(_UNDECIDED),
            Case.version_id != listing.live_version_id,
        )
        .values(version_id=listing.live_version_id, run_id=run_id, verdict=verdict)
    )


def _proof(session: Session, version_id: str) -> tuple[str | None, str | None]:
    """The run by which a version went on sale and its verdict, where there was one."""
    found = session.execute(
        select(Case.run_id, Case.verdict)
        .where(Case.version_id == version_id, Case.state == CaseState.APPROVED)
        .order_by(Case.decided_at.desc())
        .limit(1)
    ).first()
    return (found[0], found[1]) if found else (None, None)


def _undecided(session: Session, version_id: str) -> Case | None:
    return session.scalar(
        select(Case)
        .where(Case.version_id == version_id, Case.state.in_(_UNDECIDED))
        .with_for_update(of=Case)
        .execution_options(populate_existing=True)
    )


def _opened(session: Session, listing: Listing) -> Case:
    """A new case; or the one that somebody else has opened in this moment."""
    version_id = listing.live_version_id
    assert version_id is not None
    run_id, verdict = _proof(session, version_id)
    row = insert(Case).values(
        id=new_id(),
        listing_id=listing.id,
        version_id=version_id,
        about=About.ON_SALE,
        run_id=run_id,
        verdict=verdict,
        due_at=now() + max(ANSWER_WITHIN.values()),
    )
    made = session.scalar(
        row.on_conflict_do_nothing(
            index_elements=["version_id"],
            index_where=text("state IN ('open', 'claimed', 'deciding')"),
        ).returning(Case.id)
    )
    if made is not None:
        session.add(CaseEvent(case_id=made, action="open", to_state=CaseState.OPEN))
        session.flush()
    case = _undecided(session, version_id)
    if case is None:  # opened and decided by others while we waited for the row
        return _opened(session, listing)
    return case
