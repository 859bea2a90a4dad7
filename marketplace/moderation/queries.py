"""Reads of the desk: the queue's tabs with their counts, the next case, one case, overrides.

The tabs are read from partial indexes over what waits; ids come first, so that a page deep in a
long queue joins thirty rows and no more.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal_column, or_, select, tuple_
from sqlalchemy.orm import Session, joinedload, selectinload

from marketplace.accounts.models import User
from marketplace.core.errors import NotFoundError
from marketplace.core.web.pagination import Page
from marketplace.listings.models import Listing, ListingVersion
from marketplace.moderation.models import Approval, Case, CaseEvent
from marketplace.moderation.rules import unreported_by
from marketplace.moderation.states import CaseState, Lane

PAGE_SIZE = 30
WAITING = (CaseState.OPEN, CaseState.CLAIMED)
_IS_WAITING: ColumnElement[bool] = literal_column("moderation_cases.state IN ('open', 'claimed')")
"""In the partial indexes' own words: with parameters the planner could not be sure."""
_IS_DECIDED: ColumnElement[bool] = literal_column(
    "moderation_cases.state IN ('approved', 'rejected', 'changes_requested')"
)
MANY, KEPT_FOR = 5_000, 5.0
"""Where so many cases wait, the numbers over the lanes may be so many seconds old."""
TABS = ("waiting", *(lane.value for lane in Lane), "mine", "decided")


class Order(StrEnum):
    """What comes first in a tab."""

    AGE = "age"
    RISK = "risk"


@dataclass(frozen=True)
class Override:
    """A listing that is live on a moderator's word: whose, and why. Public."""

    moderator: str
    note: str


@dataclass(frozen=True)
class Counts:
    """Numbers over the queue's tabs."""

    lanes: dict[str, int]
    mine: int

    @property
    def waiting(self) -> int:
        """All that wait, whatever their lane."""
        return sum(self.lanes.values())

    def of(self, tab: str) -> int:
        """A tab's number; not of "decided", which nobody counts."""
        known = {"waiting": self.waiting, "mine": self.mine}
        return known[tab] if tab in known else self.lanes.get(tab, 0)


def queue(
    session: Session,
    number: int,
    tab: str,
    moderator_id: str,
    order: Order = Order.AGE,
    counted: Counts | None = None,
) -> Page[Case]:
    """Cases of a tab: waiting or one lane of it, mine, or decided.

    The total of "decided" is left out: only that there is a next page matters there.

    Args:
        counted: the tabs' numbers, where the page shows them anyway.
    """
    start = (number - 1) * PAGE_SIZE
    condition, keys = _tab(tab, moderator_id, order)
    query = select(Case.id).where(condition).order_by(*keys)
    ids = list(session.scalars(query.limit(PAGE_SIZE + 1).offset(start)))
    if tab == "decided":
        total = start + len(ids)
    else:
        total = (counted or counts(session, moderator_id)).of(tab)
    rows = session.scalars(_with_people(select(Case).where(Case.id.in_(ids[:PAGE_SIZE]))))
    found = {case.id: case for case in rows}
    return Page([found[one] for one in ids[:PAGE_SIZE] if one in found], number, PAGE_SIZE, total)


def counts(session: Session, moderator_id: str) -> Counts:
    """How many cases each tab holds; what is the moderator's own always as it is now."""
    mine = select(func.count()).select_from(Case).where(_mine(moderator_id))
    return Counts(_by_lane(session), session.scalar(mine) or 0)


_kept: dict[str, tuple[float, dict[str, int]]] = {}


def _by_lane(session: Session) -> dict[str, int]:
    """By one walk along the index of lanes; a long queue is not walked again for every page."""
    key = str(session.get_bind())
    until, known = _kept.get(key, (0.0, {}))
    if until > time.monotonic():
        return known
    rows = session.execute(select(Case.lane, func.count()).where(_IS_WAITING).group_by(Case.lane))
    found = {lane.value: number for lane, number in rows}
    if sum(found.values()) >= MANY:
        _kept[key] = time.monotonic() + KEPT_FOR, found
    return found


def next_for(
    session: Session,
    moderator_id: str,
    tab: str = "waiting",
    order: Order = Order.AGE,
    after: Case | None = None,
) -> Case | None:
    """The next case that this moderator may take, or holds already, locked.

    Cases that others take at this moment are passed over.

    Args:
        after: go on behind this one; from the beginning again at the end.
    """
    lane = Lane(tab) if tab in {one.value for one in Lane} else None
    _, keys = _tab(lane.value if lane else "waiting", moderator_id, order)
    approved = select(Approval.case_id).where(
        Approval.case_id == Case.id, Approval.moderator_id == moderator_id
    )
    query = (
        select(Case)
        .join(Listing, Listing.id == Case.listing_id)
        .where(
            or_(Case.state == CaseState.OPEN, _mine(moderator_id)),
            _IS_WAITING,
            Listing.seller_id != moderator_id,
            Case.escalated_by.is_distinct_from(moderator_id),
            unreported_by(moderator_id),
            ~approved.exists(),
        )
        .order_by(*keys)
        .limit(1)
        .with_for_update(of=Case, skip_locked=True)
    )
    if lane is not None:
        query = query.where(Case.lane == lane)
    if after is not None:
        place = [getattr(after, key.key) for key in keys]
        found = session.scalar(query.where(tuple_(*keys) > tuple_(*place)))
        if found is not None:
            return found
        query = query.where(Case.id != after.id)
    return session.scalar(query)


def case_by_id(session: Session, case_id: str) -> Case:
    """One case with its people and findings.

    Raises:
        NotFoundError: when there is none.
    """
    case = session.scalar(_with_people(select(Case).where(Case.id == case_id)))
    if case is None:
        raise NotFoundError
    return case


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


def _tab(tab: str, moderator_id: str, order: Order) -> tuple[ColumnElement[bool], list[Any]]:
    """A tab's condition and order."""
    if tab == "mine":
        return _mine(moderator_id), [Case.claimed_at, Case.id]
    if tab == "decided":
        return _IS_DECIDED, [Case.decided_at.desc(), Case.id.desc()]
    keys = [Case.created_at, Case.id]
    if order is Order.RISK:
        keys = [Case.risk_rank, *keys]
    if tab == "waiting":
        return _IS_WAITING, keys
    return and_(_IS_WAITING, Case.lane == Lane(tab)), keys


def _mine(moderator_id: str) -> ColumnElement[bool]:
    return (Case.claimed_by == moderator_id) & (Case.state == CaseState.CLAIMED)


def _with_people(query: Select[Case]) -> Select[Case]:
    return query.options(
        joinedload(Case.claimant),
        joinedload(Case.decider),
        selectinload(Case.findings),
        selectinload(Case.version).selectinload(ListingVersion.samples),
    )
