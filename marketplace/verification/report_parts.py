"""What a report is made of: limits, pairs of pictures, samples that were not re-run, the whole.

Plain values that the page, the moderators' desk and the signed file all show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from marketplace.listings.tiers import Tier
from marketplace.verification.similarity import Band
from marketplace.verification.states import RunKind, Verdict

HYPOTHESES = {
    "declared": "as declared",
    "cpu": "CPU noise",
    "philox": "GPU noise (Philox)",
}
"""Where the starting noise of a picture may come from, as the report names it."""


@dataclass(frozen=True)
class Limits:
    """The calibration that judged the run, as far as a reader needs it. Distances in bits."""

    version: str
    calibrated: bool
    reproduced_max: int
    grey_max: int
    colour_max: float | None
    colour_grey_max: float | None
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
    colour_distance: float | None
    """As in similarity.colour_distance: below 2 hardly anybody sees it. None: not compared."""
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
class DrawnSample:
    """A sample of a model without a seed, beside the pictures that we drew from its prompt."""

    number: int
    values: list[tuple[str, str]]
    alt: str
    sample_pictures: list[Any]
    drawn_pictures: list[list[Any]]
    """For each drawn picture its public sizes."""
    isolation: list[float]
    """Mean distance of each picture to the others in style, the seller's first."""


@dataclass(frozen=True)
class Drawing:
    """The exchangeability test of a whole listing (verification.distributional)."""

    method: str
    """Which descriptor, and how many pictures for each sample."""
    total: float
    """Evidence in nats, positive for the seller."""
    p_value: float
    samples: list[DrawnSample]

    @property
    def pictures(self) -> int:
        """How many pictures we drew."""
        return sum(len(sample.drawn_pictures) for sample in self.samples)


@dataclass(frozen=True)
class FoundElsewhere:
    """A sample that stands somewhere earlier. The other listing is not named in public."""

    sample: int
    kind: str
    distance: int
    collection: str | None
    """Name of the imported collection; None for another seller's listing."""


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
    copies: list[FoundElsewhere]
    limits: Limits | None
    """None where single samples were not judged by their distance: pictures were drawn instead."""
    decision: Mapping[str, Any]
    drawing: Drawing | None
    """None unless the model takes no seed that would decide its pictures."""
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
        if self.drawing is not None:
            drawn = self.drawing
            return (
                f"{len(drawn.samples)} of {_samples(self.total)} compared with {drawn.pictures} "
                "pictures that we drew"
            )
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


def _samples(count: int) -> str:
    return f"{count} sample" if count == 1 else f"{count} samples"
