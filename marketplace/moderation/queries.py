"""Reads of the desk: the queue, one case with everything a decision needs, overrides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import case as when
from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from marketplace.accounts.models import User
from marketplace.core.errors import NotFoundError
from marketplace.core.web.pagination import Page
from marketplace.moderation.models import Case, CaseEvent
from marketplace.moderation.states import CaseState

PAGE_SIZE = 30
WAITING = (CaseState.OPEN, CaseState.CLAIMED)
DECIDED = (CaseState.APPROVED, CaseState.REJECTED)


@dataclass(frozen=True)
class Override:
    """A listing that is live on a moderator's word: whose, and why. Public."""

    moderator: str
    note: str


@dataclass(frozen=True)
class Counts:
    """Numbers over the queue's tabs."""

    waiting: int
    mine: int
    decided: int


def queue(session: Session, number: int, tab: str, moderator_id: str) -> Page[Case]:
    """Cases of a tab: waiting (oldest first), mine or decided."""
    query = select(Case)
    if tab == "mine":
        query = query.where(Case.claimed_by == moderator_id, Case.state == CaseState.CLAIMED)
        order: tuple[Any, ...] = (Case.claimed_at,)
    elif tab == "decided":
        query = query.where(Case.state.in_(DECIDED))
        order = (Case.decided_at.desc(),)
    else:
        query = query.where(Case.state.in_(WAITING))
        order = (Case.created_at,)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    cases = session.scalars(
        query.order_by(*order)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
        .options(joinedload(Case.claimant), joinedload(Case.decider), selectinload(Case.findings))
    ).all()
    return Page(cases, number, PAGE_SIZE, total)


def counts(session: Session, moderator_id: str) -> Counts:
    """How many cases each tab holds."""
    mine = (Case.state == CaseState.CLAIMED) & (Case.claimed_by == moderator_id)

    def number(condition: Any) -> Any:
        return func.coalesce(func.sum(when((condition, 1), else_=0)), 0)

    row = session.execute(
        select(number(Case.state.in_(WAITING)), number(mine), number(Case.state.in_(DECIDED)))
    ).one()
    return Counts(*row)


def case_by_id(session: Session, case_id: str) -> Case:
    """One case with its people and findings.

    Raises:
        NotFoundError: when there is none.
    """
    case = session.scalar(
        select(Case)
        .where(Case.id == case_id)
        .options(joinedload(Case.claimant), joinedload(Case.decider), selectinload(Case.findings))
    )
    if case is None:
        raise NotFoundError
    return case


def next_waiting(session: Session, after: Case) -> Case | None:
    """The oldest other case that nobody works on."""
    query = select(Case).where(Case.state == CaseState.OPEN, Case.id != after.id)
    return session.scalar(query.order_by(Case.created_at).limit(1))


def history(session: Session, case_id: str) -> list[tuple[CaseEvent, str]]:
    """Events of a case with the name of who did it, oldest first."""
    rows = session.execute(
        select(CaseEvent, User.display_name)
        .outerjoin(User, User.id == CaseEvent.actor_id)
        .where(CaseEvent.case_id == case_id)
        .order_by(CaseEvent.at)
    )
    return [(event, name or "Bracket") for event, name in rows]


def override_of(session: Session, version_id: str) -> Override | None:
    """The override a version is live by, if it is."""
    row = session.execute(
        select(User.display_name, Case.decision_note)
        .join(Case, Case.decided_by == User.id)
        .where(
            Case.version_id == version_id,
            Case.state == CaseState.APPROVED,
            Case.override.is_(True),
        )
        .order_by(Case.decided_at.desc())
        .limit(1)
    ).first()
    return Override(row[0], row[1] or "") if row else None
