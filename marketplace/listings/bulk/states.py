"""The life of a bulk upload and of its lines."""

from __future__ import annotations

from enum import StrEnum

from marketplace.core.states import StateMachine


class UploadState(StrEnum):
    """Where an upload stands."""

    RECEIVING = "receiving"
    """Its archive is being stored; a process that dies here leaves it, and the sweep removes it."""
    QUEUED = "queued"
    RUNNING = "running"
    """A worker holds it."""
    FINISHED = "finished"
    STOPPED = "stopped"
    """By its seller, before all lines were taken in."""

    @property
    def is_over(self) -> bool:
        """Nothing more happens to its lines."""
        return self in {UploadState.FINISHED, UploadState.STOPPED}


class UploadAction(StrEnum):
    """What happens to it."""

    ACCEPT = "accept"
    CLAIM = "claim"
    PUT_BACK = "put_back"
    FINISH = "finish"
    STOP = "stop"


S, A = UploadState, UploadAction

UPLOAD_STATES: StateMachine[UploadState, UploadAction] = StateMachine(
    "upload",
    {
        (S.RECEIVING, A.ACCEPT): S.QUEUED,
        (S.QUEUED, A.CLAIM): S.RUNNING,
        (S.RUNNING, A.PUT_BACK): S.QUEUED,
        (S.RUNNING, A.FINISH): S.FINISHED,
        (S.QUEUED, A.STOP): S.STOPPED,
        (S.RUNNING, A.STOP): S.STOPPED,
    },
)


class LineState(StrEnum):
    """What became of one row; all but the first are final."""

    WAITING = "waiting"
    READY = "ready"
    """A draft that could be submitted as it is."""
    DRAFTED = "drafted"
    """A draft with something to mend."""
    REFUSED = "refused"
    """Nothing was made of it."""
