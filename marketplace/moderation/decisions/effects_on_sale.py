"""What a decision about something on sale does: it stays, or goes, and what came up is answered."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.errors import ConflictError
from marketplace.listings import operations as listings
from marketplace.moderation.complaints.mails import tell_outcome
from marketplace.moderation.complaints.models import Complaint
from marketplace.moderation.decisions.effects import ban, close, escalate, limit
from marketplace.moderation.decisions.mails import tell_off_sale
from marketplace.moderation.decisions.models import Decision
from marketplace.moderation.models import Case
from marketplace.moderation.standing.operations import strike_for
from marketplace.moderation.states import REASON_TEXTS, CaseAction, DecisionKind, Limit
from marketplace.verification.changes.deciding import answer
from marketplace.verification.changes.states import ReverificationAction

_ANSWERS = {
    DecisionKind.RERUN: ReverificationAction.REPEAT,
    DecisionKind.DEGRADE: ReverificationAction.DEGRADE,
}


def take_effect_on_sale(session: Session, case: Case, decision: Decision) -> None:
    """Do what was decided about something on sale. The case is locked.

    Raises:
        DomainError: when it cannot be done any more.
    """
    if decision.kind is DecisionKind.ESCALATE:
        escalate(session, case, decision)
        return
    if decision.kind.turns_away:
        _take_down(session, case, decision)
    else:
        close(session, case, decision, CaseAction.APPROVE)
        for kind in decision.limits:
            limit(session, case, decision, Limit(kind))
    _answer_questions(session, case, decision)
    _answer_reports(session, case, decision)
    session.flush()


def _take_down(session: Session, case: Case, decision: Decision) -> None:
    assert decision.reason_code is not None
    code, mend = decision.reason_code, decision.kind is DecisionKind.REQUEST_CHANGES
    case.reason_code = code
    action = CaseAction.REQUEST_CHANGES if mend else CaseAction.REJECT
    close(session, case, decision, action)
    said = REASON_TEXTS[code] + (f"\n\n{decision.note}" if decision.note else "")
    if listings.take_down(
        session, case.listing, decision.moderator_id, code.value, said, mend=mend
    ):
        tell_off_sale(session, case.listing, said, mend=mend)
    if not mend:
        strike_for(session, decision, case.listing.seller_id)
    for sample_id in decision.banned_samples:
        ban(session, sample_id, code, decision.id)


def _answer_questions(session: Session, case: Case, decision: Decision) -> None:
    action = _ANSWERS.get(decision.kind, ReverificationAction.DISMISS)
    said = decision.note or decision.kind.said_of(case.about)
    answered = answer(session, case.version_id, action, decision.moderator_id, said)
    if decision.kind.answers_a_run and not answered:
        raise ConflictError("The re-verification waits for nobody any more.")


def _answer_reports(session: Session, case: Case, decision: Decision) -> None:
    """Close what was reported and tell who did; both are done in one transaction, or neither.

    A re-run answers no report: that comes back in a case of its own.
    """
    is_mine = (Complaint.case_id == case.id) & Complaint.closed_at.is_(None)
    if decision.kind is DecisionKind.RERUN:
        session.execute(update(Complaint).where(is_mine).values(case_id=None))
        return
    for complaint in session.scalars(
        select(Complaint).where(is_mine).with_for_update(of=Complaint)
    ):
        complaint.closed_at, complaint.closed_by = now(), decision.moderator_id
        tell_outcome(session, complaint, decision.kind)
