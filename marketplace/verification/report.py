"""What a run found, in the words of the public report. The page and the signed file both say this.

No seed and no word of a prompt is in it: those belong to the buyers.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.listings.models import ListingVersion, Sample
from marketplace.listings.public import ordered_values, settings_rows, variable_names
from marketplace.verification import queries
from marketplace.verification.calibration import uncalibrated
from marketplace.verification.copy_search import standing_hits
from marketplace.verification.corpus_models import CorpusHit
from marketplace.verification.decision import Found
from marketplace.verification.models import SampleCheck, VerificationRun
from marketplace.verification.report_draws import drawing_of, is_drawn
from marketplace.verification.report_parts import (
    FoundElsewhere,
    Limits,
    Report,
    SamplePair,
    UnmeasuredSample,
)
from marketplace.verification.states import RunKind, RunState, Verdict

__all__ = ["PROOF_KINDS", "Report", "proof_runs", "report_of", "report_of_run", "standing_run"]

SENTENCES = {
    Verdict.REPRODUCED: "The samples came out again when we ran the prompt ourselves.",
    Verdict.INCONCLUSIVE: "Some samples came out close, but not close enough to call equal.",
    Verdict.MISMATCH: "At least one sample was not made by this prompt with the declared values "
    "and seed.",
    Verdict.COPIED: "At least one sample is a picture from somewhere else.",
    Verdict.NOT_RERUN: "Nothing was re-run: we cannot run this model. The samples were searched "
    "for copies, and people looked at them.",
}
PROOF_KINDS = (RunKind.LISTING, RunKind.REVERIFICATION)
"""Preflights are their seller's own business: never shown to others, never signed."""

ENVIRONMENT = (
    "weights_sha256",
    "config_sha256",
    "environment",
    "engine",
    "scheduler_class",
    "scheduler_config_sha256",
    "dtype",
    "device",
)
"""What is published of a run's provenance, besides the libraries; a list, so nothing slips in."""


def proof_runs(session: Session, version_ids: Sequence[str]) -> list[VerificationRun]:
    """Completed runs of the versions that count as proof, newest first; no preflight ever does."""
    query = (
        select(VerificationRun)
        .where(
            VerificationRun.version_id.in_(version_ids),
            VerificationRun.state == RunState.COMPLETED,
            VerificationRun.kind.in_(PROOF_KINDS),
        )
        .order_by(VerificationRun.created_at.desc())
    )
    return list(session.scalars(query))


def standing_run(runs: Sequence[VerificationRun]) -> VerificationRun | None:
    """Of one version's runs, newest first, the one its listing stands on.

    That is the run that was decided on: re-verifications are shown beside it, never in its place.
    """
    first = [run for run in runs if run.kind is RunKind.LISTING]
    return next(iter(first or runs), None)


def report_of(session: Session, version: ListingVersion) -> Report | None:
    """The report that stands for a version, or None while there is none."""
    run = standing_run(proof_runs(session, [version.id]))
    return None if run is None else report_of_run(session, run)


def report_of_run(session: Session, run: VerificationRun) -> Report | None:
    """The report of one run; None unless it is completed."""
    if run.state is not RunState.COMPLETED or run.verdict is None:
        return None
    version = run.version
    names = variable_names(version)
    drawing, limits = drawing_of(run, names), limits_of(run)
    checks = sorted(run.checks, key=lambda check: check.position)
    pairs = [_pair(check, names, limits) for check in checks]
    provenance = run.provenance or {}
    return Report(
        run_id=run.id,
        kind=run.kind,
        reason=run.reason,
        verdict=run.verdict,
        sentence=_sentence(run, run.verdict),
        tier=version.tier,
        total=run.samples_total,
        pairs=pairs,
        unmeasured=_unmeasured(run, names),
        copies=_copies(session, run),
        limits=None if drawing else limits,
        decision=run.decision or {},
        drawing=drawing,
        model=version.target_model.name,
        model_version=version.target_model.version,
        settings=settings_rows(version),
        environment={name: provenance[name] for name in ENVIRONMENT if provenance.get(name)},
        libraries=provenance.get("libraries") or {},
        verified_at=run.finished_at,
        run_seconds=sum(check.seconds for check in checks if not check.cached),
        evaluations=run.evaluations,
        evaluations_in_full=run.work_units,
        numbers={sample.id: sample.position for sample in version.samples},
    )


def _sentence(run: VerificationRun, verdict: Verdict) -> str:
    """Where pictures were drawn nothing was remade that could come out again: what came of them."""
    if is_drawn(run) and verdict is not Verdict.COPIED:
        return str((run.decision or {})["reason"])
    return SENTENCES[verdict]


def limits_of(run: VerificationRun) -> Limits:
    """The limits that judged the run: as it recorded them, else the borrowed ones."""
    recorded = None if is_drawn(run) else (run.decision or {}).get("calibration")
    cited = recorded or uncalibrated(run.engine, "").summary()
    return Limits(
        version=cited["version"],
        calibrated=cited["calibrated"],
        reproduced_max=cited["reproduced_max"],
        grey_max=cited["grey_max"],
        colour_max=cited.get("colour_max"),
        colour_grey_max=cited.get("colour_grey_max"),
        scheduler_class=cited["scheduler_class"],
        made_on=cited["made_on"],
        rates=cited["rates"],
    )


def _pair(check: SampleCheck, names: list[str], limits: Limits) -> SamplePair:
    return SamplePair(
        number=check.position,
        values=ordered_values(check.sample.values, names),
        alt=check.sample.alt,
        band=check.band,
        decided_by=check.decided_by,
        distance=queries.deciding_distance(check),
        pdq_distance=check.pdq_distance,
        phash_distance=check.phash_distance,
        dct_distance=check.dct_distance,
        colour_distance=check.colour_distance,
        quality=check.quality,
        sample_pictures=check.sample.derivatives,
        rerun_pictures=check.derivatives,
        hypothesis=check.hypothesis,
        stopped_at_share=check.stopped_at_share,
        seconds=check.seconds,
        evaluations=check.evaluations,
        cached=check.cached,
        limits=limits,
    )


def _unmeasured(run: VerificationRun, names: list[str]) -> list[UnmeasuredSample]:
    measured = {check.sample_id for check in run.checks}
    if is_drawn(run):
        measured |= {step["sample_id"] for step in (run.decision or {})["path"]}
    seen = {
        step["sample_id"]: step["distance"]
        for step in (run.decision or {}).get("path", [])
        if step.get("found") == Found.SCREENED
    }
    samples: list[Sample] = sorted(run.version.samples, key=lambda sample: sample.position)
    return [
        UnmeasuredSample(
            number=sample.position,
            values=ordered_values(sample.values, names),
            alt=sample.alt,
            pictures=sample.derivatives,
            screened_distance=seen.get(sample.id),
        )
        for sample in samples
        if sample.id not in measured
    ]


def _copies(session: Session, run: VerificationRun) -> list[FoundElsewhere]:
    """Samples that stand in earlier listings of other sellers or in imported collections."""
    listed = [
        FoundElsewhere(hit.sample.position, hit.kind, hit.distance, None)
        for hit in standing_hits(session, run)
        if hit.other_is_earlier
    ]
    query = (
        select(Sample.position, CorpusHit.distance, CorpusHit.corpus_name)
        .join(Sample, CorpusHit.sample_id == Sample.id)
        .where(CorpusHit.run_id == run.id)
        .order_by(CorpusHit.distance, Sample.position, CorpusHit.id)
    )
    collected = [
        FoundElsewhere(position, "collection", distance, name)
        for position, distance, name in session.execute(query)
    ]
    return listed + collected
