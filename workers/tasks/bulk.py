"""Tables of listings: a turn with one upload, and the sweep that finds what was left."""

from __future__ import annotations

from marketplace.core.unit_of_work import unit_of_work
from marketplace.listings.bulk import operations, queries
from marketplace.task_names import TaskName
from workers.app import app, services
from workers.bulk import work_on


@app.task(name=TaskName.TAKE_IN_BULK.value)
def take_in_bulk(upload_id: str) -> None:
    """Take in some lines of an upload; the rest after whatever else waits in the queue."""
    parts = services()
    if work_on(parts, upload_id):
        parts.queue.send(TaskName.TAKE_IN_BULK, upload_id)


@app.task(name=TaskName.SWEEP_BULK.value)
def sweep_bulk() -> None:
    """Wake workers for uploads that could go on; remove archives and reports that are done with."""
    parts = services()
    with unit_of_work(parts.database) as session:
        operations.release_stale(session)
        waiting = queries.due_ids(session)
    for upload_id in waiting:
        parts.queue.send(TaskName.TAKE_IN_BULK, upload_id)
    with unit_of_work(parts.database) as session:
        operations.forget_old(session)
        done_with = [(row.id, list(row.parts)) for row in queries.stored_for_nothing(session)]
    for upload_id, keys in done_with:
        for key in keys:
            parts.blobs.delete(key)
        with unit_of_work(parts.database) as session:
            operations.forget(session, upload_id)
