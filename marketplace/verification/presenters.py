"""What each audience may see of a run: the public report, and progress for the seller."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.orm import Session

from marketplace.listings.models import Listing, ListingVersion
from marketplace.verification import queries
from marketplace.verification.models import CopyHit, SampleCheck, VerificationRun
from marketplace.verification.similarity import GREY_MAX, REPRODUCED_MAX, Band
from marketplace.verification.states import RunState, Verdict

SENTENCES = {
    Verdict.REPRODUCED: "Every sample came out again when we ran the prompt ourselves.",
    Verdict.INCONCLUSIVE: "Some samples came out close, but not close enough to call equal.",
    Verdict.MISMATCH: "At least one sample was not made by this prompt with the declared values "
    "and seed.",
    Verdict.COPIED: "At least one sample is a picture from another seller's listing.",
}


@dataclass(frozen=True)
class SamplePair:
    """A sample beside its re-run, with the measured distances. No seed: that is the buyer's."""

    number: int
    values: dict[str, str]
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


@dataclass(frozen=True)
class Report:
    """The public report of one version."""

    verdict: Verdict
    sentence: str
    reproduced: int
    total: int
    pairs: list[SamplePair]
    copies: list[dict[str, Any]]
    model: str
    model_version: str
    scheduler: str
    steps: int
    guidance: float
    size: str
    provenance: dict[str, Any]
    verified_at: str
    run_seconds: float

    @property
    def percent(self) -> int:
        """Share of samples that were reproduced, in whole percent."""
        return self.reproduced * 100 // self.total if self.total else 0


def report_of(session: Session, version: ListingVersion) -> Report | None:
    """The public report of a version, or None while there is none."""
    run = queries.completed_run_of(session, version.id)
    if run is None or run.verdict is None:
        return None
    checks = sorted(run.checks, key=lambda check: check.position)
    return Report(
        verdict=run.verdict,
        sentence=SENTENCES[run.verdict],
        reproduced=sum(check.band is Band.REPRODUCED for check in checks),
        total=len(checks),
        pairs=[_pair(check) for check in checks],
        copies=[_copy(hit) for hit in run.copy_hits if hit.other_is_earlier],
        model=version.target_model.name,
        model_version=version.target_model.version,
        scheduler=version.scheduler,
        steps=version.steps,
        guidance=version.guidance,
        size=f"{version.width}×{version.height}",
        provenance=run.provenance or {},
        verified_at=run.finished_at.isoformat() if run.finished_at else "",
        run_seconds=round(sum(check.seconds for check in checks), 1),
    )


def report_json(report: Report, listing: Listing, address: str) -> dict[str, Any]:
    """The report as data, for machines. Field names are part of the public contract."""
    data = asdict(report)
    data["listing"] = {"id": listing.id, "title": listing.title, "address": address}
    data["limits"] = {"reproduced_at_most": REPRODUCED_MAX, "miss_above": GREY_MAX, "of_bits": 256}
    return data


def progress_of(session: Session, run: VerificationRun | None) -> dict[str, Any]:
    """How far a run is, for the seller's progress bar."""
    if run is None:
        return _progress("queued", None, 0, 0, 0, 0, "Waiting for a worker.")
    position = queries.queue_position(session, run)
    if run.state is RunState.QUEUED:
        message = (
            "You are next: waiting for a worker."
            if position == 0
            else f"{position} {'run is' if position == 1 else 'runs are'} ahead of you."
        )
    elif run.state is RunState.RUNNING:
        message = (
            f"Re-running sample {min(run.samples_done + 1, run.samples_total)} "
            f"of {run.samples_total}."
        )
    elif run.state is RunState.COMPLETED:
        message = "Done. A moderator looks at it next."
    else:
        message = "The re-run could not be finished. A moderator has been told."
    return _progress(
        run.state.value,
        position,
        run.samples_done,
        run.samples_total,
        run.step,
        run.steps,
        message,
    )


def _progress(
    state: str,
    position: int | None,
    done: int,
    total: int,
    step: int,
    steps: int,
    message: str,
) -> dict[str, Any]:
    units = total * steps
    percent = min(100, (done * steps + step) * 100 // units) if units else 0
    return {
        "state": state,
        "position": position,
        "samples_done": done,
        "samples_total": total,
        "step": step,
        "steps": steps,
        "percent": 100 if state == RunState.COMPLETED.value else percent,
        "message": message,
    }


def _pair(check: SampleCheck) -> SamplePair:
    return SamplePair(
        number=check.position,
        values=dict(check.sample.values),
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
    )


def _copy(hit: CopyHit) -> dict[str, Any]:
    return {"sample": hit.sample.position, "kind": hit.kind, "distance": hit.distance}
