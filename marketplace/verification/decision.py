"""Which sample to look at next, how closely, and when a listing's verdict is reached. Pure.

The rule and its error rates are explained in docs/verification.md, "How a sample is decided".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from marketplace.verification.calibration import Calibration
from marketplace.verification.similarity import Band
from marketplace.verification.sprt import Bounds, wald_bounds


class Outcome(StrEnum):
    """What the samples seen so far say about the listing."""

    CONTINUE = "continue"
    REPRODUCED = "reproduced"
    MISMATCH = "mismatch"
    HUMAN = "human"


class Look(StrEnum):
    """How closely a sample is looked at."""

    FULL = "full"
    """To the last step; a preview far off may break the run off."""
    SCREEN = "screen"
    """A short run with fewer steps (`Calibration.screen`); FULL follows unless it is consistent."""
    CONFIRM = "confirm"
    """To the last step whatever the previews show: the verdict hangs on it."""


class Found(StrEnum):
    """What one look at a sample found."""

    REPRODUCED = "reproduced"
    GREY = "grey"
    MISS = "miss"
    BROKEN_OFF = "broken_off"
    """Every noise hypothesis was rejected, at least one of them by a preview."""
    SCREENED = "screened"
    """The short run is consistent; the sample is not re-run in full."""
    SUSPECT = "suspect"
    """The short run is not consistent under any noise hypothesis; a full run follows."""


_FINAL = frozenset({Found.REPRODUCED, Found.GREY, Found.MISS})
_FINDINGS = {
    Look.FULL: _FINAL | {Found.BROKEN_OFF},
    Look.SCREEN: frozenset({Found.SCREENED, Found.SUSPECT}),
    Look.CONFIRM: _FINAL,
}
FOUND_OF_BAND = {Band.REPRODUCED: Found.REPRODUCED, Band.GREY: Found.GREY, Band.MISS: Found.MISS}


@dataclass(frozen=True, slots=True)
class Task:
    """The next sample to look at, and how."""

    sample_id: str
    look: Look


@dataclass(frozen=True, slots=True)
class Observation:
    """One sample looked at under all noise hypotheses; `distance` is the least of them in bits.

    `share` of the steps after which the comparison was made: 1.0 for a final picture, and for
    that of a short run.
    """

    sample_id: str
    found: Found
    distance: int
    share: float = 1.0
    hypothesis: str = "cpu"


@dataclass(frozen=True, slots=True)
class PathStep:
    """An observation and the evidence (nats, positive for the seller) after it."""

    observation: Observation
    llr: float
    total: float


def breaks_off(calibration: Calibration, look: Look, share: float, distance: int) -> bool:
    """True when a run whose x0-preview at `share` of the steps lies `distance` bits off may stop.

    Only a FULL look is broken off, and no preview ever proves a sample.
    """
    return look is Look.FULL and calibration.preview_rejects(share, distance)


class Decision:
    """The sequential test over one listing's samples, in an order the seller cannot know.

    Full matches add evidence until Wald's upper limit; then every other sample is screened. One
    full miss ends it: a listing with a foreign sample is not authentic, however good the rest.
    """

    def __init__(
        self,
        calibration: Calibration,
        order: Sequence[str],
        steps: int,
        bounds: Bounds | None = None,
    ) -> None:
        """`steps`: those declared for the listing; too few leave no room for a short run."""
        if not order or len(set(order)) != len(order):
            raise ValueError("the order must name each sample once, and at least one")
        self._calibration = calibration
        self._screens = (
            calibration.screen is not None and calibration.screen.steps(steps) is not None
        )
        self._order = tuple(order)
        self._bounds = bounds or wald_bounds()
        self._found: dict[str, Observation] = {}
        self._after_grey = 0
        self.path: list[PathStep] = []

    @classmethod
    def restore(
        cls,
        calibration: Calibration,
        order: Sequence[str],
        steps: int,
        observations: Iterable[Observation],
    ) -> Decision:
        """The decision as it stood after these observations, for a run that is taken over."""
        decision = cls(calibration, order, steps)
        for observation in observations:
            decision.record(observation)
        return decision

    @property
    def total(self) -> float:
        """Evidence so far in nats."""
        return self.path[-1].total if self.path else 0.0

    @property
    def outcome(self) -> Outcome:
        """The verdict, or CONTINUE while `next_task` names another sample."""
        found = self._count()
        if found[Found.MISS] or found[Found.BROKEN_OFF] > 1:
            return Outcome.MISMATCH
        if self.next_task() is not None:
            return Outcome.CONTINUE
        if found[Found.GREY] or self.total < self._needed():
            return Outcome.HUMAN
        return Outcome.REPRODUCED

    @property
    def reason(self) -> str:
        """Why the outcome is what it is, for moderators and reports. Quotes nothing secret."""
        found, outcome = self._count(), self.outcome
        screened = found[Found.SCREENED]
        if outcome is Outcome.MISMATCH:
            if found[Found.MISS]:
                return "A sample's re-run is another picture."
            return "The re-runs of two samples went another way long before their last step."
        if outcome is Outcome.HUMAN:
            if found[Found.GREY]:
                return "A sample's re-run is close, but not close enough to call it the same."
            return "Too few samples could be compared to decide."
        if outcome is Outcome.REPRODUCED:
            full = found[Found.REPRODUCED]
            if screened:
                return f"{full} samples re-run in full match; {screened} more were consistent."
            return f"All {full} samples match."
        return "Not decided yet."

    def next_task(self) -> Task | None:
        """The next sample and how closely to look; None when the verdict is reached."""
        found = self._count()
        if found[Found.MISS] or found[Found.BROKEN_OFF] > 1:
            return None
        suspect = self._first(Found.SUSPECT)
        if suspect is not None:
            return Task(suspect, Look.FULL)
        broken_off = self._first(Found.BROKEN_OFF)
        rest = [sample_id for sample_id in self._order if sample_id not in self._found]
        if broken_off is not None and (found[Found.REPRODUCED] or not rest):
            # Other samples match, which contradicts this one: look to the end.
            return Task(broken_off, Look.CONFIRM)
        if not rest:
            return None
        if found[Found.GREY]:
            # One further sample for the moderator to weigh, then a person decides.
            return Task(rest[0], Look.FULL) if self._after_grey == 0 else None
        if self._screens and self.total >= self._bounds.accept:
            return Task(rest[0], Look.SCREEN)
        return Task(rest[0], Look.FULL)

    def record(self, observation: Observation) -> Outcome:
        """Add what was found; returns the outcome.

        Raises ValueError for a sample that is not the one `next_task` names.
        """
        task = self.next_task()
        if task is None or task.sample_id != observation.sample_id:
            raise ValueError("this sample was not asked for")
        if observation.found not in _FINDINGS[task.look]:
            raise ValueError(f"{task.look} looks do not find {observation.found}")
        if self._count()[Found.GREY]:
            self._after_grey += 1
        self._found[observation.sample_id] = observation
        llr = self._llr(observation.found)
        self.path.append(PathStep(observation, llr, self.total + llr))
        return self.outcome

    def as_dict(self) -> dict[str, Any]:
        """Plain data for the run's row and the report; `observations` rebuilds it by `restore`."""
        return {
            "outcome": self.outcome.value,
            "reason": self.reason,
            "calibration": self._calibration.summary(),
            "accept_at": round(self._bounds.accept, 3),
            "reject_at": round(self._bounds.reject, 3),
            "path": [
                asdict(step.observation)
                | {"llr": round(step.llr, 3), "total": round(step.total, 3)}
                for step in self.path
            ],
            "samples": len(self._order),
        }

    def _llr(self, found: Found) -> float:
        calibration = self._calibration
        return {
            Found.REPRODUCED: calibration.match_llr,
            Found.MISS: calibration.miss_llr,
            Found.BROKEN_OFF: calibration.early_reject_llr,
            # A short run may raise suspicion and never proves; grey says nothing either way.
            Found.GREY: 0.0,
            Found.SCREENED: 0.0,
            Found.SUSPECT: 0.0,
        }[found]

    def _needed(self) -> float:
        """Evidence needed to accept; all of a listing too small to reach the limit must match."""
        return min(self._bounds.accept, self._calibration.match_llr * len(self._order) - 1e-9)

    def _count(self) -> dict[Found, int]:
        counts = dict.fromkeys(Found, 0)
        for observation in self._found.values():
            counts[observation.found] += 1
        return counts

    def _first(self, found: Found) -> str | None:
        return next(
            (o.sample_id for o in self._found.values() if o.found is found),
            None,
        )


def observations_from(path: Iterable[dict[str, Any]]) -> list[Observation]:
    """The observations in the `path` of `Decision.as_dict`, in order."""
    return [
        Observation(
            sample_id=step["sample_id"],
            found=Found(step["found"]),
            distance=step["distance"],
            share=step["share"],
            hypothesis=step["hypothesis"],
        )
        for step in path
    ]


def combine(found: Iterable[Found]) -> Found:
    """What one full look found over all noise hypotheses tried: the best of them.

    Raises ValueError when none was tried.
    """
    tried = set(found)
    if not tried:
        raise ValueError("no hypothesis was tried")
    for best in (Found.REPRODUCED, Found.GREY, Found.BROKEN_OFF):
        if best in tried:
            return best
    return Found.MISS
