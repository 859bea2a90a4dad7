"""Mail about what is new."""

from __future__ import annotations

from marketplace.community.news import sweep_news as look_for_news
from marketplace.task_names import TaskName
from workers.app import app, services


@app.task(name=TaskName.SWEEP_NEWS.value)
def sweep_news() -> int:
    """Write to whom it is due; returns how many mails were written."""
    return look_for_news(services())
