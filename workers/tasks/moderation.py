"""The desk's background work: decisions take effect, claims and terms end, risks are noted."""

from __future__ import annotations

import logging

from marketplace.core.unit_of_work import unit_of_work
from marketplace.moderation import banned, operations
from marketplace.moderation.appeals import operations as appeals
from marketplace.moderation.decisions import operations as decisions
from marketplace.moderation.decisions.following import follow_up
from marketplace.moderation.on_sale import open_waiting
from marketplace.moderation.quality import second_looks
from marketplace.moderation.rechecks import open_rechecks
from marketplace.moderation.standing import operations as standing
from marketplace.moderation.trust import approve_trusted
from marketplace.orders.risks import sellers_at_risk
from marketplace.task_names import TaskName
from marketplace.verification.changes import operations as changes
from workers.app import app, services
from workers.banned import look_for

log = logging.getLogger(__name__)


@app.task(name=TaskName.SETTLE_DECISION.value)
def settle_decision(decision_id: str) -> None:
    """Let one decision take effect, if its moment has come."""
    parts = services()
    with unit_of_work(parts.database) as session:
        if decisions.settle(session, decision_id) is not None:
            follow_up(session, parts.queue, decision_id)
    with unit_of_work(parts.database) as session:
        changes.mark_degraded(session, parts)


@app.task(name=TaskName.SEARCH_BANNED.value)
def search_banned() -> None:
    """Look for pictures that were banned among what is offered; what is found opens cases."""
    parts = services()
    with unit_of_work(parts.database) as session:
        waiting = banned.to_search(session)
    for banned_id in waiting:
        try:
            with unit_of_work(parts.database) as session:
                look_for(session, parts, banned_id)
        except Exception as error:
            log.error("banned picture %s not searched: %s", banned_id, type(error).__name__)


@app.task(name=TaskName.SWEEP_DECISIONS.value)
def sweep_decisions() -> None:
    """Settle what is due, each in a transaction of its own: one that fails stops no other."""
    parts = services()
    with unit_of_work(parts.database) as session:
        waiting = decisions.due(session)
    for decision_id in waiting:
        try:
            settle_decision(decision_id)
        except Exception as error:
            # By type only: a message might describe what was decided.
            log.error("decision %s not settled: %s", decision_id, type(error).__name__)


@app.task(name=TaskName.SWEEP_DESK.value)
def sweep_desk() -> None:
    """Everything at the desk that comes with time."""
    parts = services()
    with unit_of_work(parts.database) as session:
        operations.release_expired(session)
        appeals.release_expired(session)
        standing.end_terms(session)
    with unit_of_work(parts.database) as session:
        standing.note_risks(session, sellers_at_risk(session))
    with unit_of_work(parts.database) as session:
        second_looks.draw(session)
        open_rechecks(session)
    with unit_of_work(parts.database) as session:
        open_waiting(session)
    search_banned()
    with unit_of_work(parts.database) as session:
        approve_trusted(session)
