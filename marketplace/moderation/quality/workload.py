"""What the moderators did and how well, and the export for transparency reports."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, Numeric, Select, String, case, cast, func, select
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.core.clock import now
from marketplace.moderation.appeals.models import Appeal, AppealState
from marketplace.moderation.decisions.models import Decision, Outcome
from marketplace.moderation.models import Case
from marketplace.moderation.quality.models import SecondLook
from marketplace.moderation.states import DecisionKind, OutcomeKind

DAYS = (7, 30, 365)
_TURNED_AWAY = (DecisionKind.REJECT, DecisionKind.REQUEST_CHANGES)


@dataclass(frozen=True)
class Work:
    """One moderator's decisions within some days."""

    name: str
    decided: int
    turned_away: int
    overrides: int
    median_seconds: float | None
    """From claim to decision."""
    with_machine: float | None
    """Share of decisions that were the machine's advice (0 to 1)."""
    appeals: int
    overturned: int
    looks: int
    disagreed: int
    """Second looks that would have decided otherwise."""


def workload(session: Session, days: int) -> list[Work]:
    """All moderators who decided something within the last days, the busiest first."""
    since = now() - timedelta(days=days)
    agrees = cast(Decision.kind, String) == _advised()
    rows = session.execute(
        select(
            Decision.moderator_id,
            User.display_name,
            func.count(),
            func.count().filter(Decision.kind.in_(_TURNED_AWAY)),
            func.count().filter(Decision.override.is_(True)),
            func.percentile_cont(0.5).within_group(Decision.seconds.asc()),
            func.avg(cast(agrees, Integer)).filter(Decision.advice.is_not(None)),
        )
        .join(User, User.id == Decision.moderator_id)
        .join(Outcome, Outcome.decision_id == Decision.id)
        .where(
            Decision.at >= since,
            Decision.automatic.is_(False),
            Outcome.kind == OutcomeKind.APPLIED,
        )
        .group_by(Decision.moderator_id, User.display_name)
        .order_by(func.count().desc())
    ).all()
    appeals = _pairs(
        session,
        select(
            Appeal.first_moderator_id,
            func.count(),
            func.count().filter(Appeal.state == AppealState.OVERTURNED),
        )
        .where(Appeal.created_at >= since)
        .group_by(Appeal.first_moderator_id),
    )
    looks = _pairs(
        session,
        select(
            SecondLook.decider_id, func.count(), func.count().filter(SecondLook.agrees.is_(False))
        )
        .where(SecondLook.done_at >= since)
        .group_by(SecondLook.decider_id),
    )
    return [
        Work(
            name,
            decided,
            away,
            overrides,
            median,
            None if share is None else float(share),
            *appeals.get(moderator_id, (0, 0)),
            *looks.get(moderator_id, (0, 0)),
        )
        for moderator_id, name, decided, away, overrides, median, share in rows
    ]


def _advised() -> ColumnElement[Any]:
    """SQL: the decision that the machine's advice would have been."""
    return case(
        (Decision.advice == "changes", DecisionKind.REQUEST_CHANGES.value),
        else_=Decision.advice,
    )


def _pairs(session: Session, query: Select[str, int, int]) -> dict[str, tuple[int, int]]:
    return {key: (all_of_them, some) for key, all_of_them, some in session.execute(query)}


HEADER = (
    "month",
    "decision",
    "reason_code",
    "automatic",
    "decisions",
    "overrides",
    "appeals",
    "overturned",
    "median_hours_to_decision",
)


def transparency_csv(session: Session) -> str:
    """Decisions that took effect by month, kind and reason: numbers only, no person and no text."""
    month = func.to_char(func.timezone("UTC", Decision.at), "YYYY-MM").label("month")
    hours = func.extract("epoch", Decision.at - Case.created_at) / 3600
    rows = session.execute(
        select(
            month,
            Decision.kind,
            Decision.reason_code,
            Decision.automatic,
            func.count(),
            func.count().filter(Decision.override.is_(True)),
            func.count(Appeal.id),
            func.count().filter(Appeal.state == AppealState.OVERTURNED),
            func.round(func.percentile_cont(0.5).within_group(hours.asc()).cast(Numeric), 2),
        )
        .join(Case, Case.id == Decision.case_id)
        .join(Outcome, Outcome.decision_id == Decision.id)
        .outerjoin(Appeal, Appeal.decision_id == Decision.id)
        .where(Outcome.kind == OutcomeKind.APPLIED)
        .group_by(month, Decision.kind, Decision.reason_code, Decision.automatic)
        .order_by(month, Decision.kind, Decision.reason_code, Decision.automatic)
    )
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADER)
    for when, kind, code, automatic, *numbers in rows:
        writer.writerow([when, kind.value, code.value if code else "", automatic, *numbers])
    return out.getvalue()
