"""The verbs of changed models, gathered: notice, plan, start, conclude, decide, expire."""

from marketplace.verification.changes.campaign import start_due
from marketplace.verification.changes.deciding import answer
from marketplace.verification.changes.health import Checkup, record_checkup, seen
from marketplace.verification.changes.noticing import (
    affected_versions,
    declare,
    notice,
    plan,
    unplanned,
)
from marketplace.verification.changes.outcomes import (
    conclude,
    expire,
    mark_degraded,
    mend_replaced,
    unconcluded,
)

__all__ = [
    "Checkup",
    "affected_versions",
    "answer",
    "conclude",
    "declare",
    "expire",
    "mark_degraded",
    "mend_replaced",
    "notice",
    "plan",
    "record_checkup",
    "seen",
    "start_due",
    "unconcluded",
    "unplanned",
]
