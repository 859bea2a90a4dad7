"""Targets without a seed: do the seller's pictures look like draws from the declared prompt?

For each sample the model draws N pictures from the same filled prompt, and the sample is compared
with them as one of N + 1. Under honesty it is exchangeable with the draws, which makes the
permutation test exact; the sequential test only saves draws. Descriptors come from the caller.
Sources: G. Székely and M. Rizzo, J. Stat. Planning and Inference 143 (2013), energy distance;
D. Wallace, Ann. Math. Stat. 30 (1959), normal equivalent of Student's t.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marketplace.verification.decision import Outcome
from marketplace.verification.sprt import Bounds, normal_shift_llr, wald_bounds

LABEL = "Distributional"
MIN_DRAWS = 3
DETECTABLE_SHIFT = 2.0
"""The shift, in standard deviations of an honest picture, that the sequential test looks for."""
SET_BOUNDS = wald_bounds(false_accept=0.01, false_reject=0.05)
"""Wider than for seeded targets: draws cost money, and the label claims less."""
SIGNIFICANCE = 0.01
_PERMUTATIONS = 9_999

Vectors = NDArray[np.float64]


@dataclass(frozen=True)
class Stratum:
    """One sample among its draws: the mean distance of each picture to the others, sample first."""

    isolation: tuple[float, ...]

    @property
    def draws(self) -> int:
        """How many pictures the model drew for this sample."""
        return len(self.isolation) - 1


@dataclass(frozen=True)
class SetFinding:
    """What the samples say together. `p_value` is exact under honesty; small means foreign."""

    outcome: Outcome
    total: float
    scores: tuple[float, ...]
    p_value: float
    draws: int
    label: str = LABEL


def stratum(sample: Vectors, draws: Vectors) -> Stratum:
    """Energy statistics of one sample, shape (d,), among its draws, shape (n, d).

    The energy distance between {sample} and the draws is, up to a constant of the stratum, an
    increasing function of the sample's mean distance to them.

    Raises ValueError for fewer than MIN_DRAWS draws or descriptors of another length.
    """
    if draws.ndim != 2 or sample.shape != draws.shape[1:]:
        raise ValueError(f"descriptors of shapes {sample.shape} and {draws.shape} do not compare")
    if len(draws) < MIN_DRAWS:
        raise ValueError(f"at least {MIN_DRAWS} draws are needed, got {len(draws)}")
    every = np.vstack([sample[None], draws])
    distances = np.linalg.norm(every[:, None] - every[None], axis=2)
    return Stratum(tuple(distances.sum(axis=1) / (len(every) - 1)))


def scores_of(strata: list[Stratum]) -> list[float]:
    """Each sample's isolation against its draws', as a standard-normal score under honesty.

    The spread is pooled over the strata, each around its own mean; positive is more isolated.
    """
    deviations = [
        [value - sum(s.isolation[1:]) / s.draws for value in s.isolation[1:]] for s in strata
    ]
    freedom = sum(s.draws - 1 for s in strata)
    pooled = sum(value * value for row in deviations for value in row) / freedom
    if pooled == 0:
        # Draws that are all equal: any other picture is infinitely far off, an equal one at 0.
        return [0.0 if s.isolation[0] <= s.isolation[1] else math.inf for s in strata]
    scores = []
    for s in strata:
        excess = s.isolation[0] - sum(s.isolation[1:]) / s.draws
        t = excess / math.sqrt(pooled * (1 + 1 / s.draws))
        scores.append(_normal_score(t, freedom))
    return scores


def permutation_p(strata: list[Stratum], seed: int = 0) -> float:
    """P(a total isolation as great | every sample is one of its own draws); never below 1/10,000.

    In each stratum every picture is taken for the sample equally often, so that prompts are never
    compared with one another.
    """
    rng = np.random.default_rng(seed)
    observed = sum(s.isolation[0] for s in strata)
    totals = np.zeros(_PERMUTATIONS)
    for s in strata:
        totals += rng.choice(np.asarray(s.isolation), _PERMUTATIONS)
    # Equal totals count against the finding; rounding must not make them unequal.
    reached = int(np.sum(totals >= observed - 1e-9 * max(1.0, abs(observed))))
    return (1 + reached) / (1 + _PERMUTATIONS)


def decide_set(strata: list[Stratum], samples: int, bounds: Bounds = SET_BOUNDS) -> SetFinding:
    """The sequential decision after these strata of a listing of that many samples.

    Samples must come in `sprt.sample_order`. CONTINUE asks for the next sample's draws; where
    they are exhausted undecided, HUMAN. The sequential mismatch must be borne out by the exact
    test, because isolation is only roughly normal. Raises ValueError for no or too many strata.
    """
    if not 0 < len(strata) <= samples:
        raise ValueError("the strata must be some of the listing's samples")
    scores = scores_of(strata)
    # More central than the draws is no more honest than in their midst: it earns no more.
    total = sum(normal_shift_llr(max(score, 0.0), DETECTABLE_SHIFT) for score in scores)
    p_value = permutation_p(strata)
    outcome = Outcome.CONTINUE if len(strata) < samples else Outcome.HUMAN
    if total >= bounds.accept and p_value > SIGNIFICANCE:
        outcome = Outcome.REPRODUCED
    elif total <= bounds.reject and p_value <= SIGNIFICANCE:
        outcome = Outcome.MISMATCH
    return SetFinding(outcome, total, tuple(scores), p_value, sum(s.draws for s in strata))


def _normal_score(t: float, freedom: int) -> float:
    """The normal score that is as unlikely as Student's `t`, within about 1 %."""
    scale = (8 * freedom + 1) / (8 * freedom + 3)
    return math.copysign(scale * math.sqrt(freedom * math.log1p(t * t / freedom)), t)
