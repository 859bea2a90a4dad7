"""Finds work again whose message or worker was lost. Rows are the truth; messages are hints."""

from __future__ import annotations

from marketplace.accounts.mail import due_mail_ids
from marketplace.core.unit_of_work import unit_of_work
from marketplace.task_names import TaskName
from marketplace.verification import cache, queries, waiting
from marketplace.verification.operations import release_stale
from workers.app import app, services
from workers.runs.closing import close_given_up
from workers.tasks.verification import WAKE_UP_LASTS

WAKE_UPS = 4
"""Messages per queue and sweep while runs wait: one would do, more cover several workers. They
expire, so that they cannot pile up before workers that are busy."""


@app.task(name=TaskName.SWEEP_VERIFICATION.value)
def sweep_verification() -> None:
    """Put dead workers' runs back, start runs for forgotten listings, wake idle workers."""
    parts = services()
    with unit_of_work(parts.database) as session:
        for run in release_stale(session):
            close_given_up(session, parts, run)
    with unit_of_work(parts.database) as session:
        for run in queries.unfinished_listings(session):
            close_given_up(session, parts, run)
        wake = waiting.versions_without_run(session) + waiting.due_runs(session, WAKE_UPS)
    for version_id, queue in dict.fromkeys(wake):
        parts.queue.send(TaskName.VERIFY_LISTING, version_id, to=queue, expires=WAKE_UP_LASTS)


@app.task(name=TaskName.SWEEP_CACHE.value)
def sweep_cache() -> None:
    """Let go of the pictures that nobody has needed for longest, beyond the limit."""
    parts = services()
    with unit_of_work(parts.database) as session:
        keys = cache.surplus(session, parts.settings.generation_cache_pictures)
    for key in keys:
        with unit_of_work(parts.database) as session:
            cache.drop(session, parts.blobs, [key])


@app.task(name=TaskName.SWEEP_MAIL.value)
def sweep_mail() -> None:
    """Send again what is due."""
    parts = services()
    with unit_of_work(parts.database) as session:
        due = due_mail_ids(session)
    for mail_id in due:
        parts.queue.send(TaskName.SEND_MAIL, mail_id)
