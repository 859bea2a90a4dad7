"""What a decision does when its moment has come."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.ids import new_id
from marketplace.listings import operations as listings
from marketplace.listings.models import ListingVersion, Sample
from marketplace.moderation.decisions.models import BannedImage, Decision, ListingLimit
from marketplace.moderation.models import Approval, Case
from marketplace.moderation.moving import move
from marketplace.moderation.on_sale import follow_version
from marketplace.moderation.rules import approval_problem, hands_needed, hands_on
from marketplace.moderation.standing.operations import strike_for
from marketplace.moderation.states import (
    REASON_TEXTS,
    CaseAction,
    DecisionKind,
    Lane,
    Limit,
    ReasonCode,
)

RECHECK_AFTER = timedelta(days=30)
_TURNED_AWAY = {
    DecisionKind.REJECT: CaseAction.REJECT,
    DecisionKind.REQUEST_CHANGES: CaseAction.REQUEST_CHANGES,
}


def take_effect(session: Session, case: Case, decision: Decision) -> None:
    """Do what was decided about a submission. The case is locked.

    Raises:
        DomainError: when it cannot be done any more.
    """
    if decision.kind.publishes:
        _approve(session, case, decision)
    elif decision.kind is DecisionKind.ESCALATE:
        escalate(session, case, decision)
    else:
        _turn_away(session, case, decision)


def _approve(session: Session, case: Case, decision: Decision) -> None:
    """Publish; or, where more hands are needed, put the case back for the next moderator."""
    note = decision.note or ""
    override = approval_problem(session, case, note, decision.override)
    version = session.get_one(ListingVersion, case.version_id)
    session.add(
        Approval(
            case_id=case.id,
            moderator_id=decision.moderator_id,
            override=override,
            note=note or None,
        )
    )
    session.flush()
    if hands_on(session, case) < hands_needed(session, version):
        move(session, case, CaseAction.ENDORSE, decision.moderator_id, note or None)
        case.claimed_by = case.claimed_at = None
        return
    close(session, case, decision, CaseAction.APPROVE)
    case.override = override
    session.flush()
    said = "override: " + note if override else note
    listings.publish(session, case.listing, version, decision.moderator_id, said)
    follow_version(session, case.listing)
    for kind in decision.limits:
        limit(session, case, decision, Limit(kind))


def _turn_away(session: Session, case: Case, decision: Decision) -> None:
    assert decision.reason_code is not None
    case.reason_code = decision.reason_code
    close(session, case, decision, _TURNED_AWAY[decision.kind])
    note = decision.note
    text = REASON_TEXTS[decision.reason_code] + (f"\n\n{note}" if note else "")
    code, mend = decision.reason_code.value, decision.kind is DecisionKind.REQUEST_CHANGES
    listings.reject(session, case.listing, decision.moderator_id, code, text, mend=mend)
    if decision.kind is DecisionKind.REJECT:
        strike_for(session, decision, case.listing.seller_id)
    for sample_id in decision.banned_samples:
        ban(session, sample_id, decision.reason_code, decision.id)


def escalate(session: Session, case: Case, decision: Decision) -> None:
    """Put the case back for another moderator."""
    move(session, case, CaseAction.ESCALATE, decision.moderator_id, decision.note)
    case.claimed_by = case.claimed_at = None
    case.escalated_by = decision.moderator_id
    case.lane, case.risk_rank = Lane.ESCALATED, 0


def close(session: Session, case: Case, decision: Decision, action: CaseAction) -> None:
    """Write the decision into the case."""
    # Held and decided are exclusive in the table's CHECKs, so all of it changes together.
    case.decided_by, case.decided_at = decision.moderator_id, now()
    case.decision_note = decision.note
    move(session, case, action, decision.moderator_id, decision.note)


def limit(session: Session, case: Case, decision: Decision, kind: Limit) -> None:
    """Lay a limit on the listing; one of its kind stands at a time."""
    values = {
        "id": new_id(),
        "listing_id": case.listing_id,
        "decision_id": decision.id,
        "kind": kind,
        "due_at": now() + RECHECK_AFTER if kind is Limit.RECHECK else None,
    }
    session.execute(insert(ListingLimit).values(**values).on_conflict_do_nothing())


def ban(session: Session, sample_id: str, code: ReasonCode, decision_id: str | None = None) -> None:
    """Remember a sample's picture so that it is noticed when it comes back. Safe to repeat."""
    sample = session.get_one(Sample, sample_id)
    values = {
        "id": new_id(),
        "sample_id": sample.id,
        "decision_id": decision_id,
        "reason_code": code,
        "file_sha256": sample.file_sha256,
        "pixel_sha256": sample.pixel_sha256,
        "pdq": sample.pdq,
    }
    session.execute(insert(BannedImage).values(**values).on_conflict_do_nothing())
