"""How far a run is, for the seller who waits for it. The public report is in report.py."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.verification import failures, waiting
from marketplace.verification.models import VerificationRun
from marketplace.verification.states import RunState

_NOTHING_YET: dict[str, Any] = {
    "state": RunState.QUEUED.value,
    "position": None,
    "samples_done": 0,
    "samples_total": 0,
    "step": 0,
    "steps": 0,
    "percent": 0,
    "seconds_left": None,
    "message": "Waiting for a worker.",
}


def progress_of(session: Session, run: VerificationRun | None) -> dict[str, Any]:
    """How far a run is, for the seller's progress bar. Asked for once a second at most."""
    if run is None:
        return dict(_NOTHING_YET)
    left = waiting.time_left(session, run)
    position = waiting.queue_position(session, run)
    return {
        "state": run.state.value,
        "position": position,
        "samples_done": run.samples_done,
        "samples_total": run.samples_total,
        "step": run.step,
        "steps": run.steps,
        "percent": _percent(run),
        "seconds_left": None if left is None else round(left.total_seconds()),
        "message": " ".join(filter(None, [_standing(run, position), in_words(left)])),
    }


def in_words(left: timedelta | None) -> str:
    """An estimate as people say it, rough on purpose; nothing where there is none."""
    if left is None:
        return ""
    minutes = left.total_seconds() / 60
    if minutes < 1:
        return "Less than a minute to go."
    if minutes < 90:
        whole = math.ceil(minutes)
        return f"About {whole} minute{'s' if whole > 1 else ''} to go."
    return f"About {math.ceil(minutes / 60)} hours to go."


def _percent(run: VerificationRun) -> int:
    if run.state is RunState.COMPLETED:
        return 100
    units = run.samples_total * run.steps
    done = run.samples_done * run.steps + run.step
    return min(99, done * 100 // units) if units else 0


def _standing(run: VerificationRun, position: int) -> str:
    """One sentence about where a run stands."""
    if run.state is RunState.QUEUED:
        if run.not_before is not None and run.not_before > now():
            return f"{failures.sentence(run.error_code)} We try again shortly."
        if position == 0:
            return "You are next: waiting for a worker."
        return f"{position} {'run is' if position == 1 else 'runs are'} ahead of you."
    if run.state is RunState.RUNNING:
        if not run.work_units:
            return "Searching your samples for copies."
        number = min(run.samples_done + 1, run.samples_total)
        return f"Re-running sample {number} of {run.samples_total}; fewer may be enough."
    if run.state is RunState.COMPLETED:
        return "Done. A moderator looks at it next."
    if run.state is RunState.CANCELLED:
        return "Stopped."
    return (
        f"{failures.sentence(run.error_code)} It is not your fault: a moderator has been told "
        "and decides what happens next."
    )
