"""Verbs of a case: open, claim, release, approve, reject. Each locks the case's row first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.core.clock import now
from marketplace.core.errors import ConflictError, InvalidError
from marketplace.listings import operations as listings
from marketplace.listings.models import Listing, ListingVersion
from marketplace.moderation.locks import case_for_update
from marketplace.moderation.models import Case, CaseEvent, Finding
from marketplace.moderation.states import (
    CASE_STATES,
    REASON_TEXTS,
    CaseAction,
    CaseState,
    ReasonCode,
)
from marketplace.verification.models import VerificationRun
from marketplace.verification.policy import FindingDraft
from marketplace.verification.states import RunState, Verdict

CLAIM_LASTS = timedelta(minutes=30)
"""After this another moderator may take a claimed case over."""
MAX_NOTE = 2000


def open_case(
    session: Session,
    listing: Listing,
    version: ListingVersion,
    run: VerificationRun | None,
    findings: Sequence[FindingDraft],
) -> Case:
    """Put a version into the moderators' queue with its evidence. Safe to repeat."""
    existing = session.scalar(
        select(Case).where(
            Case.version_id == version.id, Case.state.in_([CaseState.OPEN, CaseState.CLAIMED])
        )
    )
    if existing is not None:
        return existing
    case = Case(
        listing=listing,
        version_id=version.id,
        run_id=run.id if run else None,
        verdict=run.verdict.value if run and run.verdict else None,
    )
    case.findings = [
        Finding(
            code=draft.code,
            severity=draft.severity,
            field=draft.field,
            explanation=draft.explanation[:500],
        )
        for draft in findings
    ]
    session.add(case)
    session.flush()
    session.add(CaseEvent(case_id=case.id, action="open", to_state=CaseState.OPEN))
    return case


def claim(session: Session, case_id: str, moderator: User) -> Case:
    """Take a case to work on; a claim older than 30 minutes may be taken over.

    Raises:
        ConflictError: when someone else is at it, or it is decided.
        InvalidError: when the listing is the moderator's own.
    """
    case = case_for_update(session, case_id)
    if case.listing.seller_id == moderator.id:
        raise InvalidError("This listing is your own; another moderator has to decide it.")
    if case.state is CaseState.CLAIMED:
        if case.claimed_by == moderator.id:
            case.claimed_at = now()
            return case
        if case.claimed_at is not None and case.claimed_at > now() - CLAIM_LASTS:
            raise ConflictError("Another moderator is working on this case.", code="case_claimed")
        _change(session, case, CaseAction.RELEASE, moderator, "claim expired")
    _change(session, case, CaseAction.CLAIM, moderator)
    case.claimed_by, case.claimed_at = moderator.id, now()
    return case


def release(session: Session, case_id: str, moderator: User) -> Case:
    """Put a claimed case back into the queue."""
    case = _claimed_by(session, case_id, moderator)
    _change(session, case, CaseAction.RELEASE, moderator)
    case.claimed_by = case.claimed_at = None
    return case


def approve(
    session: Session, case_id: str, moderator: User, note: str = "", override: bool = False
) -> Case:
    """Publish the listing: on the strength of its report, or as a named, explained override.

    Raises:
        InvalidError: when the report does not say "reproduced" and no override is given.
    """
    case = _claimed_by(session, case_id, moderator)
    note = note.strip()
    if not has_proof(session, case):
        if not override:
            raise InvalidError(
                "The report does not prove this listing. Reject it, or approve it as your own "
                "named override and say why.",
                code="needs_override",
                field="override",
            )
        if len(note) < 10:
            raise InvalidError(
                "An override is public with your name: explain it in a sentence.",
                code="note_missing",
                field="note",
            )
    else:
        override = False
    _decide(session, case, CaseAction.APPROVE, moderator, note)
    case.override = override
    session.flush()
    version = session.get_one(ListingVersion, case.version_id)
    listings.publish(
        session, case.listing, version, moderator.id, "override: " + note if override else note
    )
    return case


def reject(
    session: Session, case_id: str, moderator: User, code: ReasonCode, note: str = ""
) -> Case:
    """Turn the listing away; the seller reads the reason's text and the note."""
    case = _claimed_by(session, case_id, moderator)
    note = note.strip()
    case.reason_code = code
    _decide(session, case, CaseAction.REJECT, moderator, note)
    text = REASON_TEXTS[code] + (f"\n\n{note}" if note else "")
    listings.reject(session, case.listing, moderator.id, code.value, text)
    return case


def has_proof(session: Session, case: Case) -> bool:
    """True when the case's run reproduced this very version's samples."""
    run = session.get(VerificationRun, case.run_id) if case.run_id else None
    return (
        run is not None
        and run.version_id == case.version_id
        and run.state is RunState.COMPLETED
        and run.verdict is Verdict.REPRODUCED
    )


def _claimed_by(session: Session, case_id: str, moderator: User) -> Case:
    case = case_for_update(session, case_id)
    if case.state is CaseState.CLAIMED and case.claimed_by != moderator.id:
        raise ConflictError("Another moderator is working on this case.", code="case_claimed")
    if case.state is CaseState.OPEN:
        raise ConflictError("Claim the case before you decide it.", code="case_open")
    if case.state is not CaseState.CLAIMED:
        raise ConflictError("This case is already decided.", code="case_decided")
    return case


def _decide(session: Session, case: Case, action: CaseAction, moderator: User, note: str) -> None:
    if len(note) > MAX_NOTE:
        raise InvalidError(f"At most {MAX_NOTE} characters, please.", field="note")
    # Claimed and decided are exclusive in the table's CHECKs, so all three change together.
    case.decided_by, case.decided_at = moderator.id, now()
    case.decision_note = note or None
    _change(session, case, action, moderator, note or None)


def _change(
    session: Session,
    case: Case,
    action: CaseAction,
    moderator: User,
    reason: str | None = None,
) -> None:
    before = case.state
    after = CASE_STATES.next(before, action)
    assert isinstance(after, CaseState)
    case.state = after
    session.add(
        CaseEvent(
            case_id=case.id,
            action=action,
            from_state=before,
            to_state=after,
            actor_id=moderator.id,
            reason=reason,
        )
    )
