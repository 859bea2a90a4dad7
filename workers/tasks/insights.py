"""Moves what web processes have counted into the daily sums: thin around insights.folding."""

from __future__ import annotations

from marketplace.core.unit_of_work import unit_of_work
from marketplace.insights import folding
from marketplace.task_names import TaskName
from workers.app import app, services


@app.task(name=TaskName.SWEEP_COUNTS.value)
def sweep_counts() -> None:
    """Add the batches that wait."""
    parts = services()
    while True:
        with unit_of_work(parts.database) as session:
            added = folding.fold(session, parts.vault)
        if added < folding.AT_ONCE:
            return


@app.task(name=TaskName.TIDY_COUNTS.value)
def tidy_counts() -> None:
    """Let go of what is old."""
    with unit_of_work(services().database) as session:
        folding.tidy(session)
