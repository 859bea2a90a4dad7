"""What a run found, in the words of the public report. The page and the signed file both say this.

No seed and no word of a prompt is in it: those belong to the buyers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.listings.models import ListingVersion, Sample
from marketplace.listings.public import ordered_values, settings_rows, variable_names
from marketplace.listings.tiers import Tier
from marketplace.verification import queries
from marketplace.verification.calibration import uncalibrated
from marketplace.verification.decision import Found
from marketplace.verification.models import CopyHit, SampleCheck, VerificationRun
from marketplace.verification.similarity import Band
from marketplace.verification.states import RunKind, RunState, Verdict

SENTENCES = {
    Verdict.REPRODUCED: "The samples came out again when we ran the prompt ourselves.",
    Verdict.INCONCLUSIVE: "Some samples came out close, but not close enough to call equal.",
    Verdict.MISMATCH: "At least one sample was not made by this prompt with the declared values "
    "and seed.",
    Verdict.COPIED: "At least one sample is a picture from somewhere else.",
    Verdict.NOT_RERUN: "Nothing was re-run: we cannot run this model. The samples were searched "
    "for copies, and people looked at them.",
}
HYPOTHESES = {
    "declared": "as declared",
    "cpu": "CPU noise",
    "philox": "GPU noise (Philox)",
}
"""Where the starting noise of a picture may come from, as the report names it."""

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


@dataclass(frozen=True)
class Limits:
    """The calibration that judged the run, as far as a reader needs it. Distances in bits."""

    version: str
    calibrated: bool
    reproduced_max: int
    grey_max: int
    scheduler_class: str
    made_on: str
    rates: Mapping[str, float]


@dataclass(frozen=True)
class SamplePair:
    """A sample beside its re-run, with the measured distances. No seed: that is the buyer's."""

    number: int
    values: list[tuple[str, str]]
    alt: str
    band: Band
    decided_by: str
    distance: int
    pdq_distance: int
    phash_distance: int
    dct_distance: int
    quality: int
    sample_pictures: list[Any]
    rerun_pictures: list[Any]
    hypothesis: str
    stopped_at_share: float | None
    """Share of the steps at which the re-run was broken off; None for a full one."""
    seconds: float
    evaluations: int
    cached: bool
    limits: Limits

    @property
    def noise(self) -> str:
        """The noise hypothesis that came closest, in words."""
        return HYPOTHESES.get(self.hypothesis, self.hypothesis)


@dataclass(frozen=True)
class UnmeasuredSample:
    """A sample that was not re-run to the end because the others had decided."""

    number: int
    values: list[tuple[str, str]]
    alt: str
    pictures: list[Any]
    screened_distance: int | None
    """Bits of 256 between it and a consistent short run; None where nothing was run at all."""


@dataclass(frozen=True)
class Report:
    """The report of one run."""

    run_id: str
    kind: RunKind
    reason: str | None
    verdict: Verdict
    sentence: str
    tier: Tier
    total: int
    pairs: list[SamplePair]
    unmeasured: list[UnmeasuredSample]
    copies: list[dict[str, Any]]
    limits: Limits
    decision: Mapping[str, Any]
    model: str
    model_version: str
    settings: list[tuple[str, str]]
    environment: Mapping[str, Any]
    libraries: Mapping[str, str]
    verified_at: datetime | None
    run_seconds: float
    evaluations: int
    evaluations_in_full: int
    numbers: Mapping[str, int] = field(repr=False)
    """Sample id to its number, for the decision's path; ids mean nothing to readers."""

    @property
    def noises(self) -> list[str]:
        """The noise hypotheses that came closest, each once, in words."""
        return list(dict.fromkeys(pair.noise for pair in self.pairs))

    @property
    def reproduced(self) -> int:
        """How many samples were reproduced."""
        return sum(pair.band is Band.REPRODUCED for pair in self.pairs)

    @property
    def headline(self) -> str:
        """How many samples of how many, in a few words."""
        if not self.pairs:
            return "No sample was re-run"
        if len(self.pairs) == self.total:
            return f"{self.reproduced} of {_samples(self.total)} reproduced"
        rerun = f"{len(self.pairs)} of {_samples(self.total)} re-run"
        same = "all" if self.reproduced == len(self.pairs) else str(self.reproduced)
        return f"{rerun}, {same} reproduced" if self.reproduced else f"{rerun}, none reproduced"

    @property
    def screened(self) -> int:
        """How many samples were looked at by a consistent short run alone."""
        return sum(sample.screened_distance is not None for sample in self.unmeasured)

    @property
    def share_of_work(self) -> int | None:
        """Evaluations spent in percent of running every sample in full; None when unknown."""
        if not self.evaluations_in_full:
            return None
        return round(self.evaluations * 100 / self.evaluations_in_full)


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
    return None if run is None else report_of_run(run)


def report_of_run(run: VerificationRun) -> Report | None:
    """The report of one run; None unless it is completed."""
    if run.state is not RunState.COMPLETED or run.verdict is None:
        return None
    version = run.version
    names = variable_names(version)
    limits = limits_of(run)
    checks = sorted(run.checks, key=lambda check: check.position)
    pairs = [_pair(check, names, limits) for check in checks]
    provenance = run.provenance or {}
    return Report(
        run_id=run.id,
        kind=run.kind,
        reason=run.reason,
        verdict=run.verdict,
        sentence=SENTENCES[run.verdict],
        tier=version.tier,
        total=run.samples_total,
        pairs=pairs,
        unmeasured=_unmeasured(run, names),
        copies=[_copy(hit) for hit in run.copy_hits if hit.other_is_earlier],
        limits=limits,
        decision=run.decision or {},
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


def limits_of(run: VerificationRun) -> Limits:
    """The limits that judged the run: as it recorded them, else the borrowed ones."""
    cited = (run.decision or {}).get("calibration") or uncalibrated(run.engine, "").summary()
    return Limits(
        version=cited["version"],
        calibrated=cited["calibrated"],
        reproduced_max=cited["reproduced_max"],
        grey_max=cited["grey_max"],
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
    seen = {
        step["sample_id"]: step["distance"]
        for step in (run.decision or {}).get("path", [])
        if step["found"] == Found.SCREENED
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


def _copy(hit: CopyHit) -> dict[str, Any]:
    return {
        "sample": hit.sample.position,
        "kind": hit.kind,
        "distance": hit.distance,
        "elsewhere": hit.other_sample_id is None,
    }


def _samples(count: int) -> str:
    return f"{count} sample" if count == 1 else f"{count} samples"
