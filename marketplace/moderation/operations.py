"""Verbs of a case: open, claim, release, and decide at once. Each locks the case's row first.

The desk decides through decisions.operations, with a moment to undo; what is decided at once goes
the same way with no moment in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.core.clock import now
from marketplace.core.errors import ConflictError, InvalidError
from marketplace.listings.models import Listing, ListingVersion
from marketplace.moderation.banned import banned_findings
from marketplace.moderation.decisions.models import Decision
from marketplace.moderation.decisions.operations import Ruling, decide, settle
from marketplace.moderation.lanes import file_case
from marketplace.moderation.locks import case_for_update
from marketplace.moderation.models import Case, CaseEvent, Finding
from marketplace.moderation.moving import move
from marketplace.moderation.rules import (
    MAX_NOTE,
    claimed_by,
    hands_needed,
    has_approved,
    has_proof,
    stake_of,
)
from marketplace.moderation.states import (
    CaseAction,
    CaseState,
    DecisionKind,
    OutcomeKind,
    ReasonCode,
)
from marketplace.verification.models import VerificationRun
from marketplace.verification.policy import FindingDraft

__all__ = [
    "CLAIM_LASTS",
    "MAX_NOTE",
    "approve",
    "claim",
    "hands_needed",
    "has_approved",
    "has_proof",
    "open_case",
    "reject",
    "release",
    "release_expired",
]

CLAIM_LASTS = timedelta(minutes=20)
"""After this a claim is nobody's any more: the sweep releases it, and another may take it over."""


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
            Case.version_id == version.id,
            Case.state.in_([CaseState.OPEN, CaseState.CLAIMED, CaseState.DECIDING]),
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
        for draft in [*findings, *banned_findings(session, version)]
    ]
    session.add(case)
    session.flush()
    file_case(session, case)
    session.add(CaseEvent(case_id=case.id, action="open", to_state=CaseState.OPEN))
    return case


def claim(session: Session, case_id: str, moderator: User) -> Case:
    """Take a case to work on; an old claim may be taken over.

    Raises:
        ConflictError: when someone else is at it, or it is decided.
        InvalidError: when the listing is the moderator's own or one that they have reported, or
            this moderator has approved it already and a second one is needed, or has handed it on.
    """
    case = case_for_update(session, case_id)
    stake = stake_of(session, case, moderator.id)
    if stake is not None:
        raise InvalidError(stake)
    if case.state is CaseState.OPEN and has_approved(session, case, moderator):
        raise InvalidError("You have approved this listing; it needs a second moderator now.")
    if case.state is CaseState.OPEN and case.escalated_by == moderator.id:
        raise InvalidError("You have handed this case on; another moderator decides it.")
    if case.state is CaseState.CLAIMED:
        if case.claimed_by == moderator.id:
            case.claimed_at = now()
            return case
        if case.claimed_at is not None and case.claimed_at > now() - CLAIM_LASTS:
            raise ConflictError("Another moderator is working on this case.", code="case_claimed")
        move(session, case, CaseAction.RELEASE, moderator.id, "claim expired")
    move(session, case, CaseAction.CLAIM, moderator.id)
    case.claimed_by, case.claimed_at = moderator.id, now()
    return case


def release(session: Session, case_id: str, moderator: User) -> Case:
    """Put a claimed case back into the queue."""
    case = claimed_by(session, case_id, moderator)
    move(session, case, CaseAction.RELEASE, moderator.id)
    case.claimed_by = case.claimed_at = None
    return case


def release_expired(session: Session, limit: int = 100) -> int:
    """Put cases back whose claim has grown old; returns how many."""
    found = session.scalars(
        select(Case)
        .where(Case.state == CaseState.CLAIMED, Case.claimed_at <= now() - CLAIM_LASTS)
        .order_by(Case.claimed_at)
        .limit(limit)
        .with_for_update(of=Case, skip_locked=True)
    ).all()
    for case in found:
        move(session, case, CaseAction.RELEASE, None, "claim expired")
        case.claimed_by = case.claimed_at = None
    session.flush()
    return len(found)


def approve(
    session: Session, case_id: str, moderator: User, note: str = "", override: bool = False
) -> Case:
    """Publish the listing: on the strength of its evidence, or as a named, explained override.

    Where the tier, or a hard finding's reason code, asks for two moderators, the first approval
    only puts the case back into the queue, for another one. What counts as evidence follows from
    the tier (see rules.has_proof).

    Raises:
        InvalidError: when the evidence is missing and no override is given, or when the model
            has been switched off.
    """
    ruling = Ruling(DecisionKind.APPROVE, note=note, override=override)
    return _at_once(session, case_id, moderator, ruling)


def reject(
    session: Session, case_id: str, moderator: User, code: ReasonCode, note: str = ""
) -> Case:
    """Turn the listing away; the seller reads the reason's text and the note."""
    return _at_once(session, case_id, moderator, Ruling(DecisionKind.REJECT, code, note))


def _at_once(session: Session, case_id: str, moderator: User, ruling: Ruling) -> Case:
    decision: Decision = decide(session, case_id, moderator, ruling, timedelta())
    if settle(session, decision.id) is OutcomeKind.FAILED:
        raise ConflictError("The listing has moved on meanwhile; look at it again.")
    return decision.case
