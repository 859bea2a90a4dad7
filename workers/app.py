"""The Celery application, and the services each worker process works with."""

from __future__ import annotations

import logging
import os
import socket
from functools import cache
from typing import Any

from celery.signals import worker_process_init, worker_ready

from marketplace.core.container import Services
from marketplace.core.logging import set_up_logging
from marketplace.gateways.celery_queue import make_celery
from marketplace.settings import load_settings
from marketplace.task_names import QueueName, TaskName
from marketplace.wiring import build_services
from workers.schedule import SCHEDULE

log = logging.getLogger(__name__)
RUN_QUEUES = frozenset({queue.value for queue in QueueName} - {QueueName.DEFAULT.value})
RUN_LIMIT = 4 * 3600
"""Seconds."""

settings = load_settings()
set_up_logging()
app = make_celery(settings.broker_url)
app.conf.beat_schedule = SCHEDULE
# The second line behind the watchdog of workers.heartbeat, for pools that can end a child: long
# enough for the longest run, short enough that nothing stays for ever.
app.conf.task_annotations = {
    TaskName.VERIFY_LISTING.value: {"soft_time_limit": RUN_LIMIT, "time_limit": RUN_LIMIT + 60}
}
app.conf.imports = (
    "workers.tasks.verification",
    "workers.tasks.bulk",
    "workers.tasks.catalogue",
    "workers.tasks.changes",
    "workers.tasks.consistency",
    "workers.tasks.insights",
    "workers.tasks.mail",
    "workers.tasks.moderation",
    "workers.tasks.news",
    "workers.tasks.offers",
    "workers.tasks.payments",
    "workers.tasks.payouts",
    "workers.tasks.policy",
    "workers.tasks.proofs",
    "workers.tasks.receipts",
    "workers.tasks.search",
    "workers.tasks.sweeps",
)


@cache
def _services_of(pid: int) -> Services:
    return build_services(settings, pool_size=4)


def services() -> Services:
    """The services of this process: connections must not cross a fork."""
    return _services_of(os.getpid())


def served_queues() -> list[str] | None:
    """Names of the queues of runs that this worker was started for (-Q); None for no choice."""
    chosen = [name for name in app.amqp.queues.consume_from if name != QueueName.DEFAULT.value]
    return chosen or None


def worker_name() -> str:
    """Of this worker process among all, the same after a restart."""
    request = getattr(app.current_worker_task, "request", None)
    return getattr(request, "hostname", None) or f"worker@{socket.gethostname()}"


@worker_process_init.connect
def _start(**_: object) -> None:
    set_up_logging()


@worker_ready.connect
def _warm_up(sender: Any, **_: object) -> None:
    """Load what the first listing would wait for: the copy index, and the house model.

    The index only where runs are worked on, the model only where models run.
    """
    queues = sender.app.amqp.queues.consume_from
    if RUN_QUEUES.intersection(queues):
        _warm_up_search()
    if QueueName.DIFFUSERS.value in queues:
        from workers.tasks.verification import warm_up  # its module needs this one

        warm_up(sender.hostname)


def _warm_up_search() -> None:
    """Compile and fill the copy index; whatever prevents it, the first search tries again."""
    from workers.search import index  # compiled code is of no use to most workers

    try:
        index.warm_up(services())
    except Exception as error:
        log.warning("the copy index is not ready: %s", type(error).__name__)
