"""Finds work again whose message or worker was lost. Rows are the truth; messages are hints."""

from __future__ import annotations

from marketplace.accounts.mail import due_mail_ids
from marketplace.core.unit_of_work import unit_of_work
from marketplace.task_names import TaskName
from marketplace.verification import queries
from marketplace.verification.operations import release_stale
from workers.app import app, services
from workers.tasks.verification import close_given_up

WAKE_UPS = 4
"""Messages sent when runs wait and nobody works: one would do, more cover several workers."""


@app.task(name=TaskName.SWEEP_VERIFICATION.value)
def sweep_verification() -> None:
    """Put dead workers' runs back, start runs for forgotten listings, wake idle workers."""
    parts = services()
    with unit_of_work(parts.database) as session:
        for run in release_stale(session):
            close_given_up(session, run)
    with unit_of_work(parts.database) as session:
        for run in queries.unfinished_listings(session):
            close_given_up(session, run)
        wake = queries.versions_without_run(session)
        if not queries.is_anything_running(session):
            wake += queries.queued_version_ids(session, WAKE_UPS)
    for version_id in dict.fromkeys(wake):
        parts.queue.send(TaskName.VERIFY_LISTING, version_id)


@app.task(name=TaskName.SWEEP_MAIL.value)
def sweep_mail() -> None:
    """Send again what is due."""
    parts = services()
    with unit_of_work(parts.database) as session:
        due = due_mail_ids(session)
    for mail_id in due:
        parts.queue.send(TaskName.SEND_MAIL, mail_id)
