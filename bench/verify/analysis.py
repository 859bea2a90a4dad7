"""From prints to limits, error rates with exact bounds, and the curves behind them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.verify.plan import CPU, PHILOX, SCREEN
from bench.verify.prints import Print, measure
from marketplace.verification.calibration import Calibration, Rates, Screen
from marketplace.verification.similarity import Band, Comparison
from marketplace.verification.sprt import lower_bound, upper_bound

HYPOTHESES = (CPU, PHILOX)
PREVIEW_MARGIN = 4
"""Bits above the furthest authentic preview before one may break a run off."""
SCREEN_QUANTILE = 0.99
"""Share of authentic samples within each limit of the short run; the rest is run in full."""
MARGINS = (1.5, 1.35, 1.2, 1.1, 1.0)
"""Room beyond the furthest authentic sample, for machines that were not measured; the widest
that keeps the false positive rates is taken."""
QUANTILES = (0.999, 0.998, 0.997, 0.996, 0.995, 0.994, 0.993, 0.992, 0.991, 0.99, 0.985, 0.98)
"""Where not even the furthest authentic sample leaves those rates: limits within which so many of
them lie, in bits and in colour. The others become grey."""
WANTED_FPR = 1e-3
"""Of all forgeries for one sample, and of the worst grade's bound for a whole listing."""
GREY_FACTOR = 2.0
"""Grey reaches to twice the limit of a match."""


@dataclass(frozen=True, slots=True)
class Rerun:
    """What re-running a scene under one noise hypothesis gave."""

    final: Print
    previews: dict[str, Print]
    short: Print | None
    short_share: float


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture offered for a scene: its grade, and whether anybody could see a difference."""

    grade: str
    picture: Print
    visible: bool = True


@dataclass(frozen=True)
class Row:
    """One scene: its re-runs and the samples offered for it."""

    scheduler_class: str
    steps: int
    reruns: dict[str, Rerun]
    authentic: list[Sample]
    forged: list[Sample]
    near: list[Sample]


@dataclass
class Measured:
    """Distances of one kind of sample: hash bits and colour, to the nearest final re-run."""

    hashes: list[int] = field(default_factory=list)
    colours: list[float] = field(default_factory=list)
    bands: list[Band] = field(default_factory=list)
    visible: list[bool] = field(default_factory=list)

    def add(self, found: Comparison, visible: bool) -> None:
        """Append one comparison."""
        self.hashes.append(found.distance)
        self.colours.append(found.colour_distance or 0.0)
        self.bands.append(found.band)
        self.visible.append(visible)


def read_row(data: dict[str, Any], scheduler_class: str) -> Row:
    """A row as `gather` wrote it."""
    reruns = {}
    for noise, rerun in data["reruns"].items():
        reruns[noise] = Rerun(
            Print.from_json(rerun["final"]),
            {share: Print.from_json(item) for share, item in rerun["previews"].items()},
            Print.from_json(rerun["short"]) if rerun["short"] else None,
            rerun["short_share"],
        )
    return Row(
        scheduler_class,
        data["settings"]["steps"],
        reruns,
        [Sample(name, Print.from_json(p)) for name, _, p in data["authentic"]],
        [Sample(name, Print.from_json(p), seen) for name, seen, p in data["forged"]],
        [Sample(name, Print.from_json(p), seen) for name, seen, p in data["near"]],
    )


def nearest(row: Row, sample: Sample, limits: Calibration | None = None) -> Comparison:
    """The comparison under the noise hypothesis that suits the sample best, colours included."""
    found = [measure(sample.picture, row.reruns[n].final, limits) for n in HYPOTHESES]
    order = (Band.REPRODUCED, Band.GREY, Band.MISS)
    return min(found, key=lambda c: (order.index(c.band), c.distance, c.colour_distance or 0.0))


def own_noise(sample: Sample) -> str:
    """The noise that an authentic sample was made with."""
    return PHILOX if sample.grade.startswith("GPU noise") else CPU


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


def fit(rows: Sequence[Row], pooled: Sequence[Row], base: dict[str, Any]) -> Calibration:
    """Limits around everything authentic, as wide as the wanted false positive rate allows.

    Final limits come from all classes together (re-encoding is the same for all), preview and
    short-run limits from the class's own rows. `base`: version, engine source, scheduler class,
    weights, date. Rates are filled in by `rate`.
    """
    reproduced, colour_max = _match_limits(pooled)
    return Calibration(
        **base,
        reproduced_max=reproduced,
        grey_max=min(128, int(reproduced * GREY_FACTOR)),
        colour_max=colour_max,
        colour_grey_max=round(colour_max * GREY_FACTOR, 2),
        preview_reject=_preview_limits(rows),
        screen=_screen(rows),
        rates=Rates(0.5, 0.5, 0.5, 0.5),
    )


def whole_forgery_bound(accepted: int, samples: int) -> float:
    """Upper bound that a listing forged throughout in one way is accepted.

    Two full matches are needed; the bound per sample is Clopper-Pearson's at 95 %, and samples of
    a listing count as independent given the way they were forged.
    """
    return upper_bound(accepted, samples) ** 2


def _match_limits(rows: Sequence[Row]) -> tuple[int, float]:
    """Bits and colour difference up to which a sample is reproduced."""
    finals = [_final(row, s) for row in rows for s in row.authentic]
    bits = [c.distance for c in finals]
    colours = [c.colour_distance or 0.0 for c in finals]
    forged: dict[str, list[Comparison]] = defaultdict(list)
    for row, sample in _visible(rows):
        forged[sample.grade].append(nearest(row, sample))
    for margin in MARGINS:
        # Distances of balanced hashes are even.
        limits = 2 * round(max(bits) * margin / 2), round(max(colours) * margin, 2)
        if _safe(forged, limits):
            return limits

    pairs = [
        (int(quantile(bits, one)), round(quantile(colours, two), 2))
        for one in QUANTILES
        for two in QUANTILES
    ]
    safe = [limits for limits in pairs if _safe(forged, limits)]
    return max(safe or pairs[-1:], key=lambda limits: _accepted(finals, limits))


def _safe(forged: dict[str, list[Comparison]], limits: tuple[int, float]) -> bool:
    """Whether both false positive rates are as wanted."""
    hits = {grade: _accepted(found, limits) for grade, found in forged.items()}
    bounds = [
        whole_forgery_bound(hits[grade], len(found))
        for grade, found in forged.items()
        if whole_forgery_bound(0, len(found)) <= WANTED_FPR  # enough of them to show it
    ]
    number = sum(len(found) for found in forged.values())
    return sum(hits.values()) <= WANTED_FPR * number and max(bounds, default=0.0) <= WANTED_FPR


def _accepted(found: Sequence[Comparison], limits: tuple[int, float]) -> int:
    return sum(c.distance <= limits[0] and (c.colour_distance or 0.0) <= limits[1] for c in found)


def rate(record: Calibration, rows: Sequence[Row]) -> Rates:
    """How often the record's limits hold on these rows, each bounded on the cautious side."""
    authentic = [_final(row, s, record).band for row in rows for s in row.authentic]
    forged = [nearest(row, s, record).band for row, s in _visible(rows)]
    early_good = [
        broken_off(row, s, own_noise(s), record) is not None for row in rows for s in row.authentic
    ]
    early_bad = [broken_off(row, s, CPU, record) is not None for row, s in _visible(rows)]
    return Rates(
        match_if_authentic=lower_bound(authentic.count(Band.REPRODUCED), len(authentic)),
        match_if_forged=upper_bound(forged.count(Band.REPRODUCED), len(forged)),
        early_reject_if_authentic=upper_bound(sum(early_good), len(early_good)),
        early_reject_if_forged=max(lower_bound(sum(early_bad), len(early_bad)), 1e-3),
    )


def broken_off(row: Row, sample: Sample, noise: str, record: Calibration) -> float | None:
    """The share of the steps at which a preview of that re-run rejects the sample, if any does."""
    previews = row.reruns[noise].previews
    for share in sorted(previews, key=float):
        distance = measure(sample.picture, previews[share]).distance
        if record.preview_rejects(float(share), distance):
            return float(share)
    return None


def grades(rows: Iterable[Row], kind: str, record: Calibration) -> dict[str, Measured]:
    """Measurements by grade: "authentic", "forged" or "near" samples of the rows."""
    found: dict[str, Measured] = defaultdict(Measured)
    for row in rows:
        for sample in getattr(row, kind):
            found[sample.grade].add(nearest(row, sample, record), sample.visible)
    return dict(found)


def brute_row(prints: Sequence[Print], target: int, scheduler_class: str) -> Row:
    """The forger's best: of all other seeds, the re-run that lies nearest to his picture."""
    sample = prints[target]
    best = min(
        (p for number, p in enumerate(prints) if number != target),
        key=lambda p: _badness(measure(sample, p)),
    )
    rerun = Rerun(best, {}, None, 0.0)
    forged = [Sample(f"best of {len(prints)} seeds", sample)]
    return Row(scheduler_class, 10, {CPU: rerun, PHILOX: rerun}, [], forged, [])


def roc(rows: Sequence[Row]) -> list[dict[str, float]]:
    """True and false positive rates of hash alone, colour alone, and both, over limits."""
    good = [_final(row, s) for row in rows for s in row.authentic]
    bad = [nearest(row, s) for row, s in _visible(rows)]
    points = []
    for bits, colour in ((4, 0.5), (8, 1.0), (12, 1.5), (16, 2.0), (24, 3.0), (31, 4.0), (48, 6.0)):
        point: dict[str, float] = {"bits": bits, "colour": colour}
        for name, items in (("true", good), ("false", bad)):
            hashes = [c.distance <= bits for c in items]
            colours = [(c.colour_distance or 0.0) <= colour for c in items]
            both = [h and c for h, c in zip(hashes, colours, strict=True)]
            point[f"{name}_hash"] = sum(hashes) / len(items)
            point[f"{name}_colour"] = sum(colours) / len(items)
            point[f"{name}_both"] = sum(both) / len(items)
        points.append(point)
    return points


def _visible(rows: Sequence[Row]) -> list[tuple[Row, Sample]]:
    return [(row, s) for row in rows for s in row.forged if s.visible]


def _badness(found: Comparison) -> float:
    # Both limits are some tens of bits and a few units of colour: one bit weighs like 0.1.
    return found.distance / 20 + (found.colour_distance or 0.0) / 2


def _final(row: Row, sample: Sample, limits: Calibration | None = None) -> Comparison:
    return measure(sample.picture, row.reruns[own_noise(sample)].final, limits)


def _preview_limits(rows: Sequence[Row]) -> dict[str, int]:
    furthest: dict[str, int] = {}
    for row in rows:
        for sample in row.authentic:
            for share, preview in row.reruns[own_noise(sample)].previews.items():
                distance = measure(sample.picture, preview).distance
                furthest[share] = max(furthest.get(share, 0), distance)
    return {share: limit + PREVIEW_MARGIN for share, limit in sorted(furthest.items())}


def _screen(rows: Sequence[Row]) -> Screen | None:
    found = [
        measure(sample.picture, short)
        for row in rows
        for sample in row.authentic
        if (short := row.reruns[own_noise(sample)].short) is not None
    ]
    if not found:
        return None
    return Screen(
        SCREEN.share,
        SCREEN.least_steps,
        int(quantile([c.distance for c in found], SCREEN_QUANTILE)),
        round(quantile([c.colour_distance or 0.0 for c in found], SCREEN_QUANTILE), 2),
    )
