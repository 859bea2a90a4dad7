"""Verbs of a case: open, claim, release, approve, reject. Each locks the case's row first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.core.clock import now
from marketplace.core.errors import ConflictError, InvalidError
from marketplace.listings import operations as listings
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.tiers import Tier
from marketplace.moderation.locks import case_for_update
from marketplace.moderation.models import Approval, Case, CaseEvent, Finding
from marketplace.moderation.states import (
    CASE_STATES,
    REASON_TEXTS,
    CaseAction,
    CaseState,
    ReasonCode,
)
from marketplace.screening.queries import hands_for
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
        InvalidError: when the listing is the moderator's own, or this moderator has approved it
            already and a second one is needed.
    """
    case = case_for_update(session, case_id)
    if case.listing.seller_id == moderator.id:
        raise InvalidError("This listing is your own; another moderator has to decide it.")
    if case.state is CaseState.OPEN and has_approved(session, case, moderator):
        raise InvalidError("You have approved this listing; it needs a second moderator now.")
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
    """Publish the listing: on the strength of its evidence, or as a named, explained override.

    Where the tier, or a hard finding's reason code, asks for two moderators, the first approval
    only puts the case back into the queue, for another one. What counts as evidence follows from
    the tier (see has_proof).

    Raises:
        InvalidError: when the evidence is missing and no override is given, or when the model
            has been switched off.
    """
    case = _claimed_by(session, case_id, moderator)
    note = _short_enough(note.strip())
    version = session.get_one(ListingVersion, case.version_id)
    if version.tier is Tier.ARCHIVED:
        raise InvalidError(
            f"{version.target_model.name} has been switched off; nothing on it can go on sale. "
            "Reject the listing and ask for another model.",
            code="model_retired",
            field="note",
        )
    override = _override_given(session, case, note, override)
    session.add(
        Approval(case_id=case.id, moderator_id=moderator.id, override=override, note=note or None)
    )
    session.flush()
    if _hands(session, case) < hands_needed(session, version):
        _change(session, case, CaseAction.ENDORSE, moderator, note or None)
        case.claimed_by = case.claimed_at = None
        return case
    _decide(session, case, CaseAction.APPROVE, moderator, note)
    case.override = override
    session.flush()
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
    """True when the case's run found what its tier asks for, about this very version.

    A model that we re-run: its samples were reproduced. An attested one: the search for copies
    was finished and found none.
    """
    run = session.get(VerificationRun, case.run_id) if case.run_id else None
    if run is None or run.version_id != case.version_id or run.state is not RunState.COMPLETED:
        return False
    tier = session.get_one(ListingVersion, case.version_id).tier
    if tier is Tier.ATTESTED:
        return run.verdict is Verdict.NOT_RERUN
    return run.verdict is Verdict.REPRODUCED


def has_approved(session: Session, case: Case, moderator: User) -> bool:
    """True when this moderator's approval stands, and a second one is waited for."""
    return session.get(Approval, (case.id, moderator.id)) is not None


def hands_needed(session: Session, version: ListingVersion) -> int:
    """How many different moderators must approve a version: its tier's and its findings' wish."""
    return max(version.tier.hands, hands_for(session, version.id))


def _hands(session: Session, case: Case) -> int:
    """How many different moderators have approved the case; its seller does not count."""
    return (
        session.scalar(
            select(func.count())
            .select_from(Approval)
            .where(Approval.case_id == case.id, Approval.moderator_id != case.listing.seller_id)
        )
        or 0
    )


def _override_given(session: Session, case: Case, note: str, override: bool) -> bool:
    """Whether this approval is an override; with the evidence there it is none, ticked or not."""
    if has_proof(session, case):
        return False
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
    return True


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
    _short_enough(note)
    # Claimed and decided are exclusive in the table's CHECKs, so all three change together.
    case.decided_by, case.decided_at = moderator.id, now()
    case.decision_note = note or None
    _change(session, case, action, moderator, note or None)


def _short_enough(note: str) -> str:
    if len(note) > MAX_NOTE:
        raise InvalidError(f"At most {MAX_NOTE} characters, please.", field="note")
    return note


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
