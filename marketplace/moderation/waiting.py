"""How long a listing waits for its moderator: its place in the queue, and what is usual."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from statistics import median

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.core.web.request_scope import db
from marketplace.listings.models import Listing
from marketplace.moderation.models import Case
from marketplace.moderation.states import CaseState

RECENT = 50
"""Decisions that the estimate looks back upon."""
WAITING = (CaseState.OPEN, CaseState.CLAIMED)


@dataclass(frozen=True)
class ReviewPlace:
    """A listing's place among those that wait for a moderator."""

    ahead: int
    """Cases that came earlier; all that wait, for a listing without a case yet."""
    usual: str | None
    """How soon half of the last decisions came, in words; None while there are none."""


def review_place(session: Session, listing: Listing) -> ReviewPlace:
    """Where a listing stands in the moderators' queue."""
    since = session.scalar(
        select(Case.created_at).where(
            Case.version_id == listing.version_id, Case.state.in_(WAITING)
        )
    )
    query = select(func.count()).select_from(Case).where(Case.state.in_(WAITING))
    if since is not None:
        query = query.where(Case.created_at < since)
    return ReviewPlace(session.scalar(query) or 0, _usual(session))


def _usual(session: Session) -> str | None:
    took = session.scalars(
        select(func.extract("epoch", Case.decided_at - Case.created_at))
        .where(Case.decided_at.is_not(None))
        .order_by(Case.decided_at.desc())
        .limit(RECENT)
    ).all()
    if not took:
        return None
    return in_words(timedelta(seconds=median(float(seconds) for seconds in took)))


def in_words(span: timedelta) -> str:
    """A span as people say it, rounded up to its largest unit: "2 minutes", "3 hours"."""
    seconds = span.total_seconds()
    size, unit = next(
        (one for one in ((86_400, "day"), (3_600, "hour")) if seconds > one[0]), (60, "minute")
    )
    count = max(1, ceil(seconds / size))
    return f"{count} {unit}{'s' if count > 1 else ''}"


def init_review_place(app: Flask) -> None:
    """Let the seller's pages call review_place(listing): listings lies below and asks so."""
    app.jinja_env.globals["review_place"] = lambda listing: review_place(db(), listing)
