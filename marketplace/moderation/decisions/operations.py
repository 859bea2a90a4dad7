"""Decide, undo, and let a decision take effect. Nothing here commits.

A decision is a row first. Until its moment has come it changes nothing but the case's state; then
exactly one outcome is written, by the sweep or by the moderator who undoes it. The outcome's
primary key and the case's lock make sure that it is one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.core.clock import now
from marketplace.core.errors import ConflictError, DomainError, InvalidError, NotFoundError
from marketplace.listings.models import Sample
from marketplace.moderation.decisions.effects import take_effect
from marketplace.moderation.decisions.effects_on_sale import take_effect_on_sale
from marketplace.moderation.decisions.models import Decision, Outcome
from marketplace.moderation.decisions.statement import statement_of
from marketplace.moderation.locks import case_for_update
from marketplace.moderation.models import Case
from marketplace.moderation.moving import move
from marketplace.moderation.recommendation import Recommendation
from marketplace.moderation.rules import approval_problem, claimed_by, short_enough, stake_of
from marketplace.moderation.states import (
    CaseAction,
    CaseState,
    DecisionKind,
    Limit,
    OutcomeKind,
    ReasonCode,
)
from marketplace.policy.codes import code_of
from marketplace.screening.models import PolicyCheck, PolicyFinding
from marketplace.verification.changes.queries import questions_of

APPEAL_WITHIN = timedelta(days=14)
MAX_FINDINGS = 50


@dataclass(frozen=True)
class Ruling:
    """What a moderator wants done with a case."""

    kind: DecisionKind
    code: ReasonCode | None = None
    note: str = ""
    override: bool = False
    limits: tuple[Limit, ...] = ()
    finding_ids: tuple[str, ...] = ()
    banned_samples: tuple[str, ...] = ()
    advice: Recommendation | None = field(default=None, repr=False)
    automatic: bool = False


def decide(
    session: Session, case_id: str, moderator: User, ruling: Ruling, undo_for: timedelta
) -> Decision:
    """Write a decision down; it takes effect after `undo_for`.

    Raises:
        ConflictError: when the moderator does not hold the case.
        InvalidError: when the decision lacks what it needs, or concerns the moderator's own
            listing or report; the message says how to mend it.
    """
    case = claimed_by(session, case_id, moderator)
    stake = stake_of(session, case, moderator.id)
    if stake is not None:  # they have reported it since they took the case
        raise InvalidError(stake)
    ruling = _checked(session, case, ruling)
    made = now()
    decision = Decision(
        case=case,
        moderator=moderator,
        kind=ruling.kind,
        reason_code=ruling.code,
        note=ruling.note or None,
        override=ruling.override,
        limits=[limit.value for limit in ruling.limits],
        banned_samples=list(ruling.banned_samples),
        finding_ids=list(ruling.finding_ids),
        statement=statement_of(
            ruling.kind.said_of(case.about),
            ruling.code,
            ruling.limits,
            case.verdict,
            ruling.advice,
            made + APPEAL_WITHIN if _may_appeal(ruling) else None,
        )
        | ({"decided_by_a_person": False} if ruling.automatic else {}),
        advice=ruling.advice.advice.value if ruling.advice else None,
        advice_code=ruling.advice.code if ruling.advice else None,
        automatic=ruling.automatic,
        seconds=(made - case.claimed_at).total_seconds() if case.claimed_at else None,
        effective_at=made + undo_for,
    )
    session.add(decision)
    move(session, case, CaseAction.DECIDE, moderator.id, ruling.kind.value)
    session.flush()
    return decision


def undo(session: Session, decision_id: str, moderator: User) -> Case:
    """Take a decision back before it has taken effect; the case is this moderator's again.

    Raises:
        NotFoundError: when this moderator made no such decision.
        ConflictError: when its moment has passed.
    """
    decision = session.get(Decision, decision_id)
    if decision is None or decision.moderator_id != moderator.id:
        raise NotFoundError
    case = case_for_update(session, decision.case_id)
    if _outcome(session, decision) is not None or decision.effective_at <= now():
        raise ConflictError(
            "This decision has taken effect and cannot be undone any more.", code="undo_too_late"
        )
    _write_outcome(session, decision, OutcomeKind.UNDONE)
    move(session, case, CaseAction.UNDO, moderator.id)
    case.claimed_at = now()
    return case


def settle(session: Session, decision_id: str) -> OutcomeKind | None:
    """Let a decision take effect whose moment has come; None when there is nothing to do.

    Where it cannot (the listing has moved on, its model was switched off), that is its outcome,
    and the case goes back into the queue.
    """
    decision = session.get(Decision, decision_id)
    if decision is None or decision.effective_at > now():
        return None
    case = case_for_update(session, decision.case_id)
    if _outcome(session, decision) is not None or case.state is not CaseState.DECIDING:
        return None
    try:
        with session.begin_nested():
            effect = take_effect_on_sale if case.on_sale else take_effect
            effect(session, case, decision)
            session.flush()
    except DomainError as error:
        session.refresh(case)
        _write_outcome(session, decision, OutcomeKind.FAILED, error.message[:300])
        move(session, case, CaseAction.FAIL, None, error.message[:300])
        case.claimed_by = case.claimed_at = None
        return OutcomeKind.FAILED
    _write_outcome(session, decision, OutcomeKind.APPLIED)
    return OutcomeKind.APPLIED


def due(session: Session, limit: int = 100) -> list[str]:
    """Ids of decisions whose moment has come, the oldest first."""
    query = (
        select(Decision.id)
        .join(Case, Case.id == Decision.case_id)
        .outerjoin(Outcome, Outcome.decision_id == Decision.id)
        .where(
            Case.state == CaseState.DECIDING,
            Outcome.decision_id.is_(None),
            Decision.effective_at <= now(),
        )
        .order_by(Decision.effective_at)
        .limit(limit)
    )
    return list(session.scalars(query))


def undoable(session: Session, moderator_id: str) -> Decision | None:
    """The moderator's newest decision that can still be undone."""
    query = (
        select(Decision)
        .join(Case, Case.id == Decision.case_id)
        .outerjoin(Outcome, Outcome.decision_id == Decision.id)
        .where(
            Case.state == CaseState.DECIDING,
            Case.claimed_by == moderator_id,
            Decision.moderator_id == moderator_id,
            Outcome.decision_id.is_(None),
            Decision.effective_at > now(),
        )
        .order_by(Decision.at.desc())
        .limit(1)
    )
    return session.scalar(query)


def _checked(session: Session, case: Case, ruling: Ruling) -> Ruling:
    """The ruling with everything verified that can be, so that its moderator hears of it now."""
    note = short_enough(ruling.note.strip())
    override = False
    if ruling.kind.publishes and not case.on_sale:
        override = approval_problem(session, case, note, ruling.override)
    if ruling.kind is DecisionKind.APPROVE_LIMITED and not ruling.limits:
        raise InvalidError("Choose at least one limit, or approve without.", field="limits")
    if ruling.kind.turns_away and ruling.code is None:
        raise InvalidError("Choose the reason that fits best.", field="code")
    if ruling.kind is DecisionKind.ESCALATE and not note:
        raise InvalidError("Say in a sentence what the next one should look at.", field="note")
    if ruling.kind.answers_a_run:
        _answerable(session, case, ruling.kind)
    if ruling.banned_samples and ruling.kind is not DecisionKind.REJECT:
        raise InvalidError("A picture is banned together with a rejection.", field="banned")
    return Ruling(
        kind=ruling.kind,
        code=ruling.code if ruling.kind.turns_away else None,
        note=note,
        override=override,
        limits=ruling.limits if ruling.kind is DecisionKind.APPROVE_LIMITED else (),
        finding_ids=_known_findings(session, case, ruling.finding_ids),
        banned_samples=_known_samples(session, case, ruling.banned_samples),
        advice=ruling.advice,
        automatic=ruling.automatic,
    )


def _answerable(session: Session, case: Case, kind: DecisionKind) -> None:
    if not case.on_sale or not questions_of(session, case.version_id):
        raise InvalidError("No re-verification of this listing waits for an answer.")
    if kind is DecisionKind.RERUN and any(one.severity == "serious" for one in case.findings):
        raise InvalidError("Running it again says nothing about what else was found: decide that.")


def _known_findings(session: Session, case: Case, ids: tuple[str, ...]) -> tuple[str, ...]:
    query = (
        select(PolicyFinding.id)
        .join(PolicyCheck, PolicyCheck.id == PolicyFinding.check_id)
        .where(PolicyCheck.version_id == case.version_id, PolicyFinding.id.in_(ids))
        .limit(MAX_FINDINGS)
    )
    return tuple(session.scalars(query)) if ids else ()


def _known_samples(session: Session, case: Case, ids: tuple[str, ...]) -> tuple[str, ...]:
    query = select(Sample.id).where(Sample.version_id == case.version_id, Sample.id.in_(ids))
    return tuple(session.scalars(query)) if ids else ()


def _may_appeal(ruling: Ruling) -> bool:
    return ruling.code is not None and code_of(ruling.code.value).appeal


def _outcome(session: Session, decision: Decision) -> Outcome | None:
    return session.get(Outcome, decision.id, populate_existing=True)


def _write_outcome(
    session: Session, decision: Decision, kind: OutcomeKind, reason: str | None = None
) -> None:
    session.add(Outcome(decision_id=decision.id, kind=kind, reason=reason))
    session.flush()
