"""Makes a report's pictures one by one, measures each, and gives way whenever a run waits."""

from __future__ import annotations

import logging
import threading
from functools import cache

from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.verification.consistency import operations, queries
from marketplace.verification.consistency.operations import MadePicture
from marketplace.verification.consistency.states import ReportState
from marketplace.verification.consistency.summary import summarise
from marketplace.verification.preflight import operations as preflights
from workers.adherence.contract import AdherenceUnavailable, Scorer
from workers.adherence.scorers import scorer_for
from workers.descriptors import style
from workers.engines import errors
from workers.engines.contract import (
    EngineError,
    EngineInterrupted,
    GenerationRequest,
    ImageGenerator,
    StepListener,
)
from workers.heartbeat import Heartbeat, Watchdog
from workers.runs.evidence import columns_of
from workers.runs.generation import Maker, Picture
from workers.sheets.jobs import DraftChanged, ReportJob, Shot

log = logging.getLogger(__name__)

THE_PROMPTS_OWN = frozenset({errors.BAD_PIXELS, errors.PROVIDER_REFUSED, errors.REQUEST_REFUSED})
"""Failures that belong to a picture; any other is ours, and the report is tried again."""
FLAT, OFF_PROMPT = "flat", "off_prompt"


class SteppedAside(Exception):
    """A verification run waits: this report goes on later."""


def make_all(parts: Services, job: ReportJob, engine: ImageGenerator) -> None:
    """Make what is left of a report and close it.

    Raises:
        SteppedAside: a run waits in the report's queue; every recorded picture stays.
        DraftChanged: nobody wants the preview any more.
        LeaseLostError: another worker has it, or it was cancelled.
        EngineError: a failure of ours.
    """
    asked_away = threading.Event()

    def beat(session: Session, step: int) -> None:
        operations.beat(session, job.report_id, job.lease)
        if queries.must_step_aside(session, job.report_id):
            asked_away.set()

    def hanging() -> None:
        with unit_of_work(parts.database) as session:
            put_back(session, job.report_id, job.lease, "TIME_LIMIT")

    watchdog = Watchdog(parts.settings.step_time_limit, hanging)
    with Heartbeat(parts.database, job.report_id, job.lease, beat, watchdog) as heart:

        def on_step(step: int, steps: int) -> None:
            heart.on_step(step, steps)
            if asked_away.is_set():
                raise SteppedAside

        scorer = loaded_scorer(job.engine, parts)
        maker = Maker(parts, job.engine, engine)
        for shot in job.shots:
            _check_wanted(parts, job)
            made, provenance = make_one(maker, shot, scorer, on_step)
            with heart.recording(), unit_of_work(parts.database) as session:
                operations.record_picture(
                    session, job.report_id, job.lease, shot.number, made, provenance
                )
        close(parts, job, scorer)


def make_one(
    maker: Maker, shot: Shot, scorer: Scorer | None, on_step: StepListener
) -> tuple[MadePicture, dict[str, object] | None]:
    """One picture, measured, with the provenance that may be shown; None where none was made."""
    try:
        picture = maker.make(shot.request, on_step)
    except EngineInterrupted:
        raise SteppedAside from None
    except EngineError as error:
        if error.code not in THE_PROMPTS_OWN:
            raise
        return MadePicture(failure=error.code.lower()), None
    return measured(picture, shot.request, scorer), picture.provenance


def measured(picture: Picture, request: GenerationRequest, scorer: Scorer | None) -> MadePicture:
    """Adherence and style of a picture, and whether it counts as failed."""
    image = picture.image.convert("RGB")
    score = None if scorer is None else scorer.score(request.prompt, image)
    failure = None
    if style.is_flat(image):
        failure = FLAT
    elif scorer is not None and score is not None and score.adherence < scorer.scale.line:
        failure = OFF_PROMPT
    return MadePicture(
        failure=failure,
        hits=score.hits if score else None,
        judged=score.judged if score else None,
        adherence=score.adherence if score else None,
        seconds=picture.seconds,
        descriptor=style.pack(style.descriptor(image)),
        fingerprint=columns_of(picture.prints),
        derivatives=picture.derivatives,
    )


def close(parts: Services, job: ReportJob, scorer: Scorer | None) -> None:
    """Compute what the report says, and store it together with its end."""
    with unit_of_work(parts.database) as session:
        pictures = queries.measured_pictures(session, job.report_id)
    # Thousands of resamples: not inside a transaction that holds the row.
    summary = summarise(
        job.version_id, pictures, cache(style.distance), scorer.scale if scorer else None
    )
    with unit_of_work(parts.database) as session:
        report = operations.complete_report(session, job.report_id, job.lease, summary)
        preflights.record_report(session, report)


def put_back(session: Session, report_id: str, lease: str, code: str) -> None:
    """Release a report after a failure of ours. Raises LeaseLostError."""
    report = operations.release_report(session, report_id, lease, code)
    if report.state is ReportState.ERRORED:
        preflights.record_report(session, report)


def loaded_scorer(source: str, parts: Services) -> Scorer | None:
    """The model's scorer, loaded; None where adherence cannot be measured here."""
    scorer = scorer_for(source, parts.settings)
    try:
        if scorer is not None:
            scorer.warm_up()
    except AdherenceUnavailable as error:
        log.warning("adherence is not measured: %s", type(error).__name__)
        return None
    return scorer


def _check_wanted(parts: Services, job: ReportJob) -> None:
    with unit_of_work(parts.database) as session:
        if queries.must_step_aside(session, job.report_id):
            raise SteppedAside
        if job.is_preview and not preflights.still_wanted(session, job.report_id):
            raise DraftChanged
