"""Papers of orders: issued here when their buyer has not come to see them."""

from __future__ import annotations

from marketplace.orders import receipts
from marketplace.task_names import TaskName
from workers.app import app, services


@app.task(name=TaskName.SWEEP_RECEIPTS.value)
def sweep_receipts() -> int:
    """Issue what is missing; returns for how many orders."""
    return receipts.sweep_receipts(services())
