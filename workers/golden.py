"""A worker that checks itself: golden prompts of the calibrations, drawn and compared.

A worker whose golden pictures lie further from the calibrated ones than the record allows would
judge sellers by another model than the one that was measured. It takes no runs of that model until
a later check comes out right.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

from sqlalchemy import select

from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.listings.models import TargetModel
from marketplace.settings import Settings
from marketplace.verification.calibration import Calibration, Golden, all_calibrations
from marketplace.verification.changes import health, operations
from marketplace.verification.changes.health import Checkup
from marketplace.verification.changes.models import EngineWorker
from marketplace.verification.changes.states import WorkerState
from marketplace.verification.similarity import TRUSTED_QUALITY
from workers.engines.contract import EngineError, GenerationRequest, ImageGenerator, Provenance
from workers.engines.registry import HOUSE, EngineRegistry
from workers.fingerprints.hashes import Fingerprint, fingerprint
from workers.heartbeat import Heartbeat, Watchdog
from workers.runs.generation import Foresees

log = logging.getLogger(__name__)
Size = tuple[int, int]
HOUSE_SIZE: Size = (256, 256)
"""Pixels, where the catalogue does not know the model."""


def check_up(parts: Services, engines: Callable[[], EngineRegistry], worker: str) -> None:
    """Check every model whose turn it is, write down the outcome and notice changed models.

    Never raises: a check that cannot be made must not keep a worker from its work. What is wrong
    with a model shows in its runs, which end at a person.
    """
    try:
        due = [source for source in _sources(parts.settings) if _is_due(parts, worker, source)]
        for source in due:
            _check_one(parts, engines, worker, source)
        with unit_of_work(parts.database) as session:
            operations.seen(session, worker)
    except Exception as error:
        log.warning("the golden prompts could not be run: %s", type(error).__name__)


def open_sources(parts: Services, worker: str) -> Sequence[str] | None:
    """Models of which this worker takes runs; None for all that its queues bring."""
    chosen = parts.settings.worker_sources
    with unit_of_work(parts.database) as session:
        closed = health.withdrawn_engines(session, worker)
        if not closed:
            return chosen or None
        known = chosen or session.scalars(select(TargetModel.source).distinct()).all()
    return sorted(set(known) - closed)


def _sources(settings: Settings) -> list[str]:
    """The house model, which is at hand, and whatever was calibrated here."""
    known = dict.fromkeys([HOUSE, *(record.engine_source for record in all_calibrations())])
    return [name for name in known if name in (settings.worker_sources or known)]


def _is_due(parts: Services, worker: str, source: str) -> bool:
    with unit_of_work(parts.database) as session:
        row = health.worker_of(session, worker, source)
        if row is None or row.checked_at is None:
            return True
        withdrawn = row.state is WorkerState.WITHDRAWN
        pause = parts.settings.golden_retry if withdrawn else parts.settings.golden_interval
        return row.checked_at + timedelta(seconds=pause) <= now()


def _check_one(
    parts: Services, engines: Callable[[], EngineRegistry], worker: str, source: str
) -> None:
    try:
        found = checkup(parts, engines().get(source), source)
    except EngineError as error:
        # Its runs will say so too, and end at a person.
        found = Checkup(message=f"The golden prompts could not be run ({error.code}).")
    with unit_of_work(parts.database) as session:
        row = operations.record_checkup(session, parts, worker, source, found)
        _say(row)
        serving = row.state is WorkerState.SERVING
        if serving and found.weights_sha256 and found.environment:
            operations.notice(session, source, found.weights_sha256, found.environment)


def checkup(parts: Services, engine: ImageGenerator, source: str) -> Checkup:
    """Draw the golden prompts that hold for the engine's weights and measure how far off they are.

    Raises EngineError.
    """
    records = [record for record in all_calibrations() if record.engine_source == source]
    size = _size(parts, source)
    plan = _plan(engine, records, size)
    if plan is None:
        return Checkup()
    fitting = [
        record
        for record in records
        if record.weights_sha256 in (None, plan.weights_sha256) and record.golden
    ]
    chosen = _in_turn(fitting, parts.settings.golden_prompts)
    if not chosen:
        return Checkup(plan.weights_sha256, plan.environment)
    watchdog = Watchdog(parts.settings.step_time_limit, lambda: None)
    heart = Heartbeat(parts.database, "golden", "", lambda session, step: None, watchdog)
    distances, excess = [], []
    with heart:
        for record, golden in chosen:
            # Never from the cache: the point is to draw it now.
            result = engine.generate(_request(golden, size), heart.on_step)
            distances.append(distance(golden, fingerprint(result.image)))
            excess.append(distances[-1] - record.golden_max)
    # Records may allow different distances: the one that is furthest over its own counts.
    worst = max(range(len(excess)), key=excess.__getitem__)
    return Checkup(
        plan.weights_sha256,
        plan.environment,
        calibration_version=", ".join(dict.fromkeys(record.version for record, _ in chosen))[:400],
        distances=distances,
        worst=distances[worst],
        distance_max=chosen[worst][0].golden_max,
    )


def distance(golden: Golden, prints: Fingerprint) -> int:
    """Bits of 256 between a golden picture and one that was drawn now, by the hash that decides."""
    by_dct = golden.dct256 and min(golden.pdq_quality, prints.pdq_quality) < TRUSTED_QUALITY
    known, drawn = (golden.dct256, prints.dct256) if by_dct else (golden.pdq, prints.pdq)
    return (int(known, 16) ^ int.from_bytes(drawn)).bit_count()


def _size(parts: Services, source: str) -> Size:
    """The model's native size: calibrations are made at it."""
    query = select(TargetModel.width, TargetModel.height).where(TargetModel.source == source)
    with unit_of_work(parts.database) as session:
        found = session.execute(query.order_by(TargetModel.position)).first()
        return HOUSE_SIZE if found is None else (found.width, found.height)


def _plan(engine: ImageGenerator, records: Iterable[Calibration], size: Size) -> Provenance | None:
    """What the engine runs on, where it can tell without drawing."""
    if not isinstance(engine, Foresees):
        return None
    golden = next((one for record in records for one in record.golden), None)
    if golden is None:
        scheduler = min(engine.capability.schedulers)
        golden = Golden("a hill", 1, scheduler, 1, 1.0, "0" * 64)
    return engine.plan(_request(golden, size))


def _in_turn(records: Sequence[Calibration], count: int) -> list[tuple[Calibration, Golden]]:
    """The first golden prompts of each record, then the second ones, up to so many."""
    longest = max((len(record.golden) for record in records), default=0)
    found = [
        (record, record.golden[number])
        for number in range(longest)
        for record in records
        if number < len(record.golden)
    ]
    return found[:count]


def _request(golden: Golden, size: Size) -> GenerationRequest:
    return GenerationRequest(
        prompt=golden.caption,
        seed=golden.seed,
        steps=golden.steps,
        guidance_scale=golden.guidance,
        scheduler=golden.scheduler,
        width=size[0],
        height=size[1],
    )


def _say(row: EngineWorker) -> None:
    if row.state is WorkerState.WITHDRAWN:
        log.error("out of service for %s: %s", row.engine, row.message)
    else:
        log.info("serving %s: golden distances %s", row.engine, row.distances)
