"""Takes listings off sale whose model has been switched off, on the day it happens."""

from __future__ import annotations

from marketplace.core.unit_of_work import unit_of_work
from marketplace.listings import operations as listings
from marketplace.task_names import TaskName
from workers.app import app, services


@app.task(name=TaskName.SWEEP_MODELS.value)
def sweep_models() -> None:
    """They were hidden from that day on; this gives them the state that their sellers see."""
    with unit_of_work(services().database) as session:
        listings.retire_listings(session)
