"""Timed sales that begin and end."""

from __future__ import annotations

from marketplace.core.unit_of_work import unit_of_work
from marketplace.offers.operations import turn_sales
from marketplace.task_names import TaskName
from workers.app import app, services


@app.task(name=TaskName.SWEEP_OFFERS.value)
def sweep_offers() -> int:
    """Write down which sales have begun or ended; returns how many."""
    with unit_of_work(services().database) as session:
        return turn_sales(session)
