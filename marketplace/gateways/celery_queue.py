"""The task queue spoken through Celery, by task name: no worker code is imported."""

from __future__ import annotations

from celery import Celery
from kombu.exceptions import OperationalError

from marketplace.task_names import QUEUE_OF_TASK, QueueName, TaskName

VISIBILITY_TIMEOUT = 120
"""Seconds until an unacknowledged message is delivered again. A redelivered message for work
still under way finds its row claimed and does nothing, so this may be shorter than a job."""


def make_celery(broker_url: str) -> Celery:
    """The Celery application both sides share; the workers register tasks on it."""
    app = Celery("bracket", broker=broker_url)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,  # results live in PostgreSQL rows
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        task_default_queue=QueueName.DEFAULT.value,
        task_create_missing_queues=True,
        task_routes={task.value: {"queue": queue.value} for task, queue in QUEUE_OF_TASK.items()},
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=3,
        broker_transport_options={
            "visibility_timeout": VISIBILITY_TIMEOUT,
            # Kombu's default throttle made redelivery after a kill take 91 s instead of 10 s.
            "unacked_restore_throttle": 1,
            "socket_connect_timeout": 3,
            "socket_timeout": 10,
        },
        task_publish_retry=True,
        task_publish_retry_policy={"max_retries": 1, "interval_start": 0.2},
        timezone="UTC",
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
    )
    return app


class CeleryQueue:
    """Sends jobs by name to the queue class that serves them."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def send(
        self,
        name: str,
        *args: str,
        countdown: float = 0,
        to: str | None = None,
        expires: float | None = None,
    ) -> None:
        """Send now; raises kombu's OperationalError when the broker is away."""
        queue = to or QUEUE_OF_TASK.get(TaskName(name), QueueName.DEFAULT).value
        self._app.send_task(
            str(name), args=args, queue=queue, countdown=countdown or None, expires=expires
        )

    def answers(self) -> bool:
        """True when a connection to the broker can be made."""
        try:
            with self._app.connection_for_read() as connection:
                connection.ensure_connection(max_retries=0, timeout=2)
        except (OperationalError, OSError):
            return False
        return True
