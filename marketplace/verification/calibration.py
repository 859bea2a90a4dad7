"""What was measured about one engine and scheduler class: limits in bits and how often they err.

Records are files beside this module, written by `make bench-verify`. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from marketplace.verification.similarity import GREY_MAX, REPRODUCED_MAX, Band
from marketplace.verification.sprt import bernoulli_llr

RECORDS = Path(__file__).parent / "calibrations"
UNCALIBRATED = "uncalibrated"
RATE_FLOOR = 0.01
"""No measured rate below this is believed for one sample: the forgeries that were measured are
not the ones that somebody will invent. It is what makes one match too few."""


@dataclass(frozen=True, slots=True)
class Golden:
    """A prompt whose picture this calibration knows; a worker that draws another has drifted."""

    caption: str
    seed: int
    scheduler: str
    steps: int
    guidance: float
    pdq: str
    """PDQ hash of the picture, 64 hexadecimal digits."""
    dct256: str = ""
    pdq_quality: int = 100


@dataclass(frozen=True, slots=True)
class Rates:
    """Probabilities per sample, each a 95 % Clopper-Pearson bound on the cautious side."""

    match_if_authentic: float
    match_if_forged: float
    early_reject_if_authentic: float
    early_reject_if_forged: float


@dataclass(frozen=True, slots=True)
class Screen:
    """A short run of the declared request, with fewer steps: cheap, and good enough to suspect.

    It takes `share` of the declared steps, at least `least_steps`; within both limits the sample
    is consistent. Its picture is compared like a final one, colours included.
    """

    share: float
    least_steps: int
    distance_max: int
    colour_max: float

    def steps(self, declared: int) -> int | None:
        """Steps of the short run, or None where it would save less than half of the run."""
        steps = max(self.least_steps, round(self.share * declared))
        return steps if 2 * steps <= declared else None

    def passes(self, distance: int, colour: float) -> bool:
        """True when the short run's picture is consistent with the sample."""
        return distance <= self.distance_max and colour <= self.colour_max


@dataclass(frozen=True)
class Calibration:
    """Limits in bits of 256, and the error rates that belong to them.

    `reproduced_max`: at most so far is a match. `grey_max`: more is a miss. `preview_reject`:
    share of the steps → distance of the x0-preview above which the run need not be finished.
    `screen`: how the other samples are looked at once enough have matched; None where that was
    not measured, and then every sample is run in full.
    """

    version: str
    engine_source: str
    scheduler_class: str
    reproduced_max: int
    grey_max: int
    preview_reject: Mapping[str, int]
    screen: Screen | None
    rates: Rates
    weights_sha256: str | None = None
    fingerprint_version: int = 1
    colour_max: float | None = None
    """`similarity.colour_distance` up to which colours agree; None: colours were not measured."""
    colour_grey_max: float | None = None
    golden: tuple[Golden, ...] = ()
    golden_max: int = 0
    made_on: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """Counts, libraries and curves for the report; nothing here decides."""

    @property
    def calibrated(self) -> bool:
        """False for the fall-back whose limits are borrowed rather than measured."""
        return self.version != UNCALIBRATED

    @property
    def match_llr(self) -> float:
        """Evidence of one full match, in nats for the seller."""
        return bernoulli_llr(
            self.rates.match_if_authentic, max(self.rates.match_if_forged, RATE_FLOOR)
        )

    @property
    def miss_llr(self) -> float:
        """Evidence of one sample that did not match (negative)."""
        return bernoulli_llr(
            max(1 - self.rates.match_if_authentic, RATE_FLOOR), 1 - self.rates.match_if_forged
        )

    @property
    def early_reject_llr(self) -> float:
        """Evidence of one run that was broken off at a preview (negative)."""
        return bernoulli_llr(
            max(self.rates.early_reject_if_authentic, RATE_FLOOR),
            self.rates.early_reject_if_forged,
        )

    def band_of(self, distance: int) -> Band:
        """The band of a final picture's distance, in bits of 256."""
        if distance <= self.reproduced_max:
            return Band.REPRODUCED
        return Band.GREY if distance <= self.grey_max else Band.MISS

    def colour_band_of(self, distance: float) -> Band:
        """The band of a final picture's colour difference; without limits all agree."""
        if self.colour_max is None or distance <= self.colour_max:
            return Band.REPRODUCED
        if self.colour_grey_max is None or distance <= self.colour_grey_max:
            return Band.GREY
        return Band.MISS

    def preview_rejects(self, share: float, distance: int) -> bool:
        """True when a preview at that share lies further off than authentic ones do.

        A share that was not measured never rejects, and no share ever accepts.
        """
        limit = self.preview_reject.get(share_key(share))
        return limit is not None and distance > limit

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON; `from_dict` reads it back."""
        return asdict(self)

    def summary(self) -> dict[str, Any]:
        """What a report cites: the version and the limits, without golden prompts or curves."""
        return {
            "version": self.version,
            "calibrated": self.calibrated,
            "engine_source": self.engine_source,
            "scheduler_class": self.scheduler_class,
            "reproduced_max": self.reproduced_max,
            "grey_max": self.grey_max,
            "of_bits": 256,
            "colour_max": self.colour_max,
            "colour_grey_max": self.colour_grey_max,
            "made_on": self.made_on,
            "rates": asdict(self.rates),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Calibration:
        """Raises KeyError, TypeError or ValueError for a record that is not whole."""
        fields = dict(data)
        fields["rates"] = Rates(**fields["rates"])
        fields["screen"] = Screen(**fields["screen"]) if fields["screen"] else None
        fields["golden"] = tuple(Golden(**item) for item in fields.get("golden", ()))
        record = cls(**fields)
        if not 0 <= record.reproduced_max <= record.grey_max <= 256:
            raise ValueError("limits must satisfy 0 <= reproduced_max <= grey_max <= 256")
        return record


def share_key(share: float) -> str:
    """The key of a share of the steps in `preview_reject`: 0.3 → "0.3"."""
    return f"{share:.1f}"


def uncalibrated(engine_source: str, scheduler_class: str) -> Calibration:
    """Borrowed limits (PDQ's published 31, and 70) with no early exit and no early acceptance."""
    return Calibration(
        version=UNCALIBRATED,
        engine_source=engine_source,
        scheduler_class=scheduler_class,
        reproduced_max=REPRODUCED_MAX,
        grey_max=GREY_MAX,
        preview_reject={},
        screen=None,
        # Guesses, named as such: 0.95 and 0.01 make two matches accept and two misses reject.
        rates=Rates(0.95, RATE_FLOOR, 1.0, 1.0),
    )


def calibration_for(
    engine_source: str, scheduler_class: str, weights_sha256: str | None = None
) -> Calibration:
    """The record of that engine source and diffusers scheduler class, or `uncalibrated`.

    A record made with other weights than `weights_sha256` (where both are known) does not count.
    """
    record = _records().get((engine_source, scheduler_class))
    if record is None:
        return uncalibrated(engine_source, scheduler_class)
    known = record.weights_sha256 and weights_sha256
    if known and record.weights_sha256 != weights_sha256:
        return uncalibrated(engine_source, scheduler_class)
    return record


def all_calibrations() -> list[Calibration]:
    """Every record of this release, for workers that check golden prompts and for pages."""
    return list(_records().values())


def load_records(folder: Path) -> dict[tuple[str, str], Calibration]:
    """Read every record in a folder, by engine source and scheduler class."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        record = Calibration.from_dict(json.loads(path.read_text(encoding="utf-8")))
        found[record.engine_source, record.scheduler_class] = record
    return found


@lru_cache(maxsize=1)
def _records() -> dict[tuple[str, str], Calibration]:
    # Part of the release, like the templates: read once in a process.
    return load_records(RECORDS)
