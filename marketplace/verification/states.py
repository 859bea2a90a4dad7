"""The life of a verification run, as data, and what its result is called."""

from __future__ import annotations

from enum import StrEnum

from marketplace.core.states import Ignore, StateMachine


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    ERRORED = "errored"


class RunAction(StrEnum):
    """What can happen to a run."""

    CLAIM = "claim"
    RELEASE = "release"
    COMPLETE = "complete"
    GIVE_UP = "give_up"
    RETRY = "retry"


class Verdict(StrEnum):
    """What the numbers say about a listing's samples as a whole."""

    REPRODUCED = "reproduced"
    INCONCLUSIVE = "inconclusive"
    MISMATCH = "mismatch"
    COPIED = "copied"


R, A = RunState, RunAction

RUN_STATES: StateMachine[RunState, RunAction] = StateMachine(
    "run",
    {
        (R.QUEUED, A.CLAIM): R.RUNNING,
        (R.RUNNING, A.RELEASE): R.QUEUED,
        (R.RUNNING, A.COMPLETE): R.COMPLETED,
        (R.RUNNING, A.GIVE_UP): R.ERRORED,
        (R.QUEUED, A.GIVE_UP): R.ERRORED,
        (R.ERRORED, A.RETRY): R.QUEUED,
        (R.COMPLETED, A.COMPLETE): Ignore.DUPLICATE,
    },
)
