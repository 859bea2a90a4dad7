"""The life of a re-verification and of a worker, as data."""

from __future__ import annotations

from enum import StrEnum

from marketplace.core.states import Ignore, StateMachine


class ReverificationState(StrEnum):
    """Where one version stands under one change of its model."""

    WAITING = "waiting"
    RUNNING = "running"
    PASSED = "passed"
    DEGRADED = "degraded"
    MENDED = "mended"
    EXPIRED = "expired"
    REFERRED = "referred"
    DISMISSED = "dismissed"
    DROPPED = "dropped"


class ReverificationAction(StrEnum):
    """What can happen to a re-verification."""

    START = "start"
    PASSES = "pass"
    DEGRADE = "degrade"
    REFER = "refer"
    REPEAT = "repeat"
    DROP = "drop"
    MEND = "mend"
    EXPIRE = "expire"
    DISMISS = "dismiss"


class WorkerState(StrEnum):
    """Whether a worker takes runs of a model."""

    SERVING = "serving"
    WITHDRAWN = "withdrawn"


S, A = ReverificationState, ReverificationAction

OPEN = (S.WAITING, S.RUNNING)

REVERIFICATION_STATES: StateMachine[ReverificationState, ReverificationAction] = StateMachine(
    "re-verification",
    {
        (S.WAITING, A.START): S.RUNNING,
        # No longer on sale by the time it was its turn.
        (S.WAITING, A.DROP): S.DROPPED,
        (S.RUNNING, A.PASSES): S.PASSED,
        (S.RUNNING, A.DEGRADE): S.DEGRADED,
        # Neither a pass nor the seller's doing: a person has to look.
        (S.RUNNING, A.REFER): S.REFERRED,
        # Another worker than the changed one had taken it.
        (S.RUNNING, A.REPEAT): S.WAITING,
        (S.REFERRED, A.REPEAT): S.WAITING,
        (S.REFERRED, A.DEGRADE): S.DEGRADED,
        (S.REFERRED, A.DISMISS): S.DISMISSED,
        (S.DEGRADED, A.MEND): S.MENDED,
        (S.DEGRADED, A.EXPIRE): S.EXPIRED,
        (S.EXPIRED, A.MEND): S.MENDED,
        (S.MENDED, A.MEND): Ignore.DUPLICATE,
        (S.EXPIRED, A.EXPIRE): Ignore.DUPLICATE,
    },
)
