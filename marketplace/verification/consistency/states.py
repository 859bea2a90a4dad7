"""The life of a consistency report and of each of its pictures, as data."""

from __future__ import annotations

from enum import StrEnum

from marketplace.core.states import Ignore, StateMachine


class Purpose(StrEnum):
    """Who a report is for; its value is the stream that its draws come from (plan.py)."""

    PUBLIC = "public"
    PREVIEW = "preview"


class ReportState(StrEnum):
    """Where a report stands."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    ERRORED = "errored"
    CANCELLED = "cancelled"


class ReportAction(StrEnum):
    """What can happen to a report."""

    CLAIM = "claim"
    STEP_ASIDE = "step_aside"
    RELEASE = "release"
    COMPLETE = "complete"
    GIVE_UP = "give_up"
    CANCEL = "cancel"


class PictureState(StrEnum):
    """Where one planned picture stands."""

    PLANNED = "planned"
    MADE = "made"
    FAILED = "failed"


OPEN = (ReportState.QUEUED, ReportState.RUNNING)

R, A = ReportState, ReportAction

REPORT_STATES: StateMachine[ReportState, ReportAction] = StateMachine(
    "report",
    {
        (R.QUEUED, A.CLAIM): R.RUNNING,
        (R.RUNNING, A.STEP_ASIDE): R.QUEUED,
        (R.RUNNING, A.RELEASE): R.QUEUED,
        (R.RUNNING, A.COMPLETE): R.COMPLETED,
        (R.RUNNING, A.GIVE_UP): R.ERRORED,
        (R.QUEUED, A.CANCEL): R.CANCELLED,
        (R.RUNNING, A.CANCEL): R.CANCELLED,
        (R.CANCELLED, A.CANCEL): Ignore.DUPLICATE,
        (R.COMPLETED, A.CANCEL): Ignore.LATE,
        (R.ERRORED, A.CANCEL): Ignore.LATE,
    },
)
