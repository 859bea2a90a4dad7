"""Wake-up calls for verification: whichever worker hears one takes the run whose turn it is."""

from __future__ import annotations

import logging
from functools import cache

from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.states import ListingState
from marketplace.task_names import QueueName, TaskName
from marketplace.verification import operations, waiting
from workers import golden
from workers.app import app, served_queues, services, worker_name
from workers.engines.contract import EngineError
from workers.engines.providers import provider_factories
from workers.engines.registry import HOUSE, EngineRegistry, build_registry
from workers.runs import runner

log = logging.getLogger(__name__)
WAKE_UP_LASTS = 10.0
"""Seconds after which a wake-up call is pointless: the sweep has sent the next."""


@cache
def engines() -> EngineRegistry:
    """The engines of this process; models load at first use and stay."""
    settings = services().settings
    return build_registry(
        settings.house_model_dir, settings.models_dir, providers=provider_factories(settings)
    )


def warm_up(worker: str) -> None:
    """Load the house model now rather than at the first run, and see whether it draws as it did.

    A missing model is only noted.
    """
    try:
        engines().get(HOUSE).warm_up()
    except EngineError as error:
        log.warning("the house model cannot be loaded: %s", type(error).__name__)
        return
    golden.check_up(services(), engines, worker)


@app.task(name=TaskName.VERIFY_LISTING.value)
def verify(version_id: str) -> None:
    """Make sure a submitted version has a run, then work on the run whose turn it is.

    The message is a wake-up call rather than an order: a lost or doubled one does no harm.
    """
    parts = services()
    with unit_of_work(parts.database) as session:
        version = session.get(ListingVersion, version_id)
        if version is not None and _is_waiting(session, version):
            operations.request_run(session, version)
    queues = served_queues()
    if queues is None or QueueName.DIFFUSERS.value in queues:
        golden.check_up(parts, engines, worker_name())
    queue = runner.work_on_next(parts, engines, queues, golden.open_sources(parts, worker_name()))
    if queue is not None:
        _call_the_next(parts, queue)


def work_on_next(parts: Services) -> bool:
    """Finish one run, of whatever queue; False when none waits."""
    return runner.work_on_next(parts, engines) is not None


def _call_the_next(parts: Services, queue: str) -> None:
    """Messages get lost and runs wait for a second try: whoever is free looks once more."""
    with unit_of_work(parts.database) as session:
        due = [version_id for version_id, its in waiting.due_runs(session, 1) if its == queue]
    for version_id in due:
        parts.queue.send(TaskName.VERIFY_LISTING, version_id, to=queue, expires=WAKE_UP_LASTS)


def _is_waiting(session: Session, version: ListingVersion) -> bool:
    listing = session.get_one(Listing, version.listing_id)
    return listing.version_id == version.id and listing.working_state is ListingState.VERIFYING
