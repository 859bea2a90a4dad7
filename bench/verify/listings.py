"""Whole listings through the very decision rule that workers use, on measured samples."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bench.verify.analysis import HYPOTHESES, Row, Sample, broken_off
from bench.verify.plan import CPU
from bench.verify.prints import measure
from marketplace.verification.calibration import Calibration
from marketplace.verification.decision import (
    FOUND_OF_BAND,
    Decision,
    Found,
    Look,
    Observation,
    Outcome,
    combine,
)
from marketplace.verification.sprt import sample_order

MIN_SAMPLES, MAX_SAMPLES = 3, 9
Item = tuple[Row, Sample]


class Seen(NamedTuple):
    """One look: the finding, its cost in full runs, the least distance, the noise that matched."""

    found: Found
    cost: float
    distance: int
    noise: str


@dataclass
class Tally:
    """Verdicts on simulated listings, and what they cost beside running everything in full."""

    listings: int = 0
    accepted: int = 0
    rejected: int = 0
    human: int = 0
    full_accepted: int = 0
    full_rejected: int = 0
    spent: float = 0.0
    spent_in_full: float = 0.0

    @property
    def unet_share(self) -> float:
        """Evaluations over those of the same worker running every sample to its last step."""
        return self.spent / self.spent_in_full if self.spent_in_full else math.nan

    def merged(self, other: Tally) -> Tally:
        """Both tallies together."""
        return Tally(
            *(a + b for a, b in zip(vars(self).values(), vars(other).values(), strict=True))
        )


class Looker:
    """Answers what a look at a sample finds, remembering each comparison.

    Like the worker, it tries the noise that explained a sample first for the listing's next, and
    asks for previews only after a run that did not match.
    """

    def __init__(self, record: Calibration) -> None:
        self._record = record
        self._known: dict[tuple[int, Look, str, bool], Seen] = {}
        self.start()

    def start(self) -> None:
        """Begin a listing: nothing is known of it."""
        self.favourite, self.doubt = CPU, False

    def look(self, item: Item, how: Look) -> Seen:
        """What one look finds under all noise hypotheses, and its cost in full runs."""
        key = (id(item[1]), how, self.favourite, self.doubt)
        if key not in self._known:
            screens = how is Look.SCREEN
            self._known[key] = self._short(item) if screens else self._full(item, how)
        seen = self._known[key]
        if seen.found is Found.REPRODUCED:
            self.favourite = seen.noise
        if how is not Look.SCREEN:
            self.doubt = seen.found is not Found.REPRODUCED
        return seen

    def _order(self) -> list[str]:
        return sorted(HYPOTHESES, key=lambda noise: noise != self.favourite)

    def _full(self, item: Item, how: Look) -> Seen:
        row, sample = item
        found, cost, least, best = [], 0.0, 256, CPU
        for noise in self._order():
            wanted = how is Look.FULL and (self.doubt or bool(found))
            share = broken_off(row, sample, noise, self._record) if wanted else None
            if share is not None:
                cost += max(1, int(share * row.steps + 0.5)) / row.steps
                found.append(Found.BROKEN_OFF)
                continue
            comparison = measure(sample.picture, row.reruns[noise].final, self._record)
            cost += 1.0
            found.append(FOUND_OF_BAND[comparison.band])
            least = min(least, comparison.distance)
            if found[-1] is Found.REPRODUCED:
                best = noise
                break
        return Seen(combine(found), cost, least, best)

    def _short(self, item: Item) -> Seen:
        row, sample = item
        screen, cost = self._record.screen, 0.0
        for noise in self._order():
            rerun = row.reruns[noise]
            if screen is None or rerun.short is None:
                break
            comparison = measure(sample.picture, rerun.short)
            cost += rerun.short_share
            if screen.passes(comparison.distance, comparison.colour_distance or 0.0):
                return Seen(Found.SCREENED, cost, comparison.distance, noise)
        return Seen(Found.SUSPECT, cost, 256, CPU)


def judge(record: Calibration, looker: Looker, items: Sequence[Item], secret: bytes) -> Tally:
    """One listing through the sequential rule, and through running every sample in full."""
    by_id = {str(number): item for number, item in enumerate(items)}
    decision = Decision(record, sample_order(secret, by_id), items[0][0].steps)
    spent = 0.0
    looker.start()
    while (task := decision.next_task()) is not None:
        seen = looker.look(by_id[task.sample_id], task.look)
        spent += seen.cost
        decision.record(Observation(task.sample_id, seen.found, seen.distance))
    outcome = decision.outcome
    looker.start()
    full = [looker.look(item, Look.CONFIRM) for item in items]
    findings = {seen.found for seen in full}
    return Tally(
        listings=1,
        accepted=int(outcome is Outcome.REPRODUCED),
        rejected=int(outcome is Outcome.MISMATCH),
        human=int(outcome is Outcome.HUMAN),
        full_accepted=int(findings == {Found.REPRODUCED}),
        full_rejected=int(Found.MISS in findings),
        spent=spent,
        spent_in_full=sum(seen.cost for seen in full),
    )


def simulate(
    record: Calibration,
    looker: Looker,
    honest: Sequence[Item],
    forged: Sequence[Item],
    fakes: int | None,
    listings: int,
    seed: str,
) -> Tally:
    """Listings of 3 to 9 samples: `fakes` of each forged, None for all of them."""
    rng = random.Random(seed)
    total = Tally()
    # A listing declares one number of steps; so the simulated ones keep to rows that agree.
    by_steps: dict[int, tuple[list[Item], list[Item]]] = {}
    for place, pool in enumerate((honest, forged)):
        for item in pool:
            by_steps.setdefault(item[0].steps, ([], []))[place].append(item)
    needs_good, needs_bad = fakes is not None, fakes is None or fakes > 0
    usable = [
        (good, bad)
        for good, bad in by_steps.values()
        if (good or not needs_good) and (bad or not needs_bad)
    ]
    if not usable:
        return total
    for number in range(listings):
        good, bad = rng.choice(usable)
        size = rng.randint(MIN_SAMPLES, MAX_SAMPLES)
        wrong = size if fakes is None else min(fakes, size)
        items = [rng.choice(bad) for _ in range(wrong)]
        items += [rng.choice(good) for _ in range(size - wrong)]
        secret = f"{seed} {number}".encode()
        total = total.merged(judge(record, looker, items, secret))
    return total


def mixed_acceptance(samples: int, fakes: int, passes: float, full: float = 0.0) -> float:
    """Probability that a listing with some forged samples is accepted, in secret order.

    `passes`: chance that a forged sample's short run is consistent; `full`: that its full run
    matches. The first two of the order are run in full, the others screened; a forged sample that
    fails its screening is run in full.
    """
    total = 0.0
    slips = passes + (1 - passes) * full
    for first in range(min(fakes, 2) + 1):
        if samples - fakes < 2 - first:
            continue
        ways = math.comb(fakes, first) * math.comb(samples - fakes, 2 - first)
        total += ways / math.comb(samples, 2) * full**first * slips ** (fakes - first)
    return total
