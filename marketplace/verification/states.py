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
    CANCELLED = "cancelled"


class RunKind(StrEnum):
    """What a run is for. Only a listing's and a re-verification's result can be a proof."""

    LISTING = "listing"
    PREFLIGHT = "preflight"
    REVERIFICATION = "reverification"


class RunAction(StrEnum):
    """What can happen to a run."""

    CLAIM = "claim"
    RELEASE = "release"
    COMPLETE = "complete"
    GIVE_UP = "give_up"
    RETRY = "retry"
    CANCEL = "cancel"
    UPGRADE = "upgrade"


class Verdict(StrEnum):
    """What the numbers say about a listing's samples as a whole."""

    REPRODUCED = "reproduced"
    INCONCLUSIVE = "inconclusive"
    MISMATCH = "mismatch"
    COPIED = "copied"
    NOT_RERUN = "not_rerun"
    """The model cannot be re-run (attested, archived): evidence was gathered, nothing measured."""


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
        (R.QUEUED, A.CANCEL): R.CANCELLED,
        (R.RUNNING, A.CANCEL): R.CANCELLED,
        # A preflight that becomes a listing's run starts anew; what it made stays in the cache.
        (R.QUEUED, A.UPGRADE): R.QUEUED,
        (R.RUNNING, A.UPGRADE): R.QUEUED,
        (R.COMPLETED, A.COMPLETE): Ignore.DUPLICATE,
        (R.CANCELLED, A.CANCEL): Ignore.DUPLICATE,
    },
)
