"""Trust lanes: sellers with a record go on sale at once when every machine check is green.

Off unless the owner switches it on; such approvals are the owner's, by name, and more of them are
drawn for a second look.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.core.clock import now
from marketplace.core.errors import DomainError
from marketplace.listings.models import ListingVersion
from marketplace.moderation import operations
from marketplace.moderation.decisions.operations import Ruling, decide, settle
from marketplace.moderation.evidence import evidence_of
from marketplace.moderation.lanes import facts_of
from marketplace.moderation.models import Case
from marketplace.moderation.quality.models import DeskSwitch
from marketplace.moderation.recommendation import Advice, recommend
from marketplace.moderation.rules import hands_needed
from marketplace.moderation.standing.queries import standing_of
from marketplace.moderation.states import CaseState, DecisionKind, Lane

TRUST = "trust_lanes"
LEAST_APPROVED = 10
"""Approved listings that make a record, with nothing turned away among the seller's last ones."""
_LANES = (Lane.NEW, Lane.EDITS)


def switched_on_by(session: Session) -> User | None:
    """Who has switched trust lanes on; None while they are off."""
    row = session.get(DeskSwitch, TRUST)
    return session.get(User, row.set_by) if row is not None and row.on else None


def switch(session: Session, on: bool, owner: User) -> None:
    """Switch trust lanes on or off, in the owner's name."""
    values = {"on": on, "set_by": owner.id, "set_at": now()}
    row = insert(DeskSwitch).values(name=TRUST, **values)
    session.execute(row.on_conflict_do_update(index_elements=["name"], set_=values))
    session.expire_all()


def is_trusted(session: Session, case: Case) -> bool:
    """True when the case's seller has a record and nothing at all speaks against the case."""
    facts = facts_of(session, case)
    version = session.get_one(ListingVersion, case.version_id)
    if facts.hard or facts.soft or facts.serious or facts.points or not facts.proved:
        return False
    if hands_needed(session, version) > 1:
        return False
    standing = standing_of(session, case.listing.seller)
    if standing.approved < LEAST_APPROVED or standing.turned_away * 10 > standing.approved:
        return False
    return recommend(evidence_of(session, case)).advice is Advice.APPROVE


def approve_trusted(session: Session, limit: int = 50) -> int:
    """Approve what is trusted, in the name of who switched it on; returns how many.

    Each in a savepoint: what cannot be decided stays for a moderator.
    """
    owner = switched_on_by(session)
    if owner is None:
        return 0
    waiting = session.scalars(
        select(Case)
        .where(Case.state == CaseState.OPEN, Case.lane.in_(_LANES))
        .order_by(Case.created_at)
        .limit(limit)
    ).all()
    done = 0
    for case in waiting:
        if case.listing.seller_id == owner.id or not is_trusted(session, case):
            continue
        try:
            with session.begin_nested():
                operations.claim(session, case.id, owner)
                advice = recommend(evidence_of(session, case))
                ruling = Ruling(DecisionKind.APPROVE, advice=advice, automatic=True)
                decision = decide(session, case.id, owner, ruling, timedelta())
                settle(session, decision.id)
            done += 1
        except DomainError:
            continue
    return done
