"""Set similarity: exact under honesty, sharp against another prompt, and honest about doubt."""

from __future__ import annotations

import math

import numpy as np
import pytest

from marketplace.verification.decision import Outcome
from marketplace.verification.distributional import (
    Stratum,
    decide_set,
    permutation_p,
    scores_of,
    stratum,
)

SIZE = 32


def strata_of(seed: int, samples: int, shift: float, draws: int = 4) -> list[Stratum]:
    """Samples from the draws' own distribution, moved by `shift` in a random direction."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(samples):
        centre = rng.normal(size=SIZE) * 3
        direction = rng.normal(size=SIZE)
        direction /= np.linalg.norm(direction)
        pictures = centre + rng.normal(size=(draws + 1, SIZE))
        found.append(stratum(pictures[0] + shift * direction, pictures[1:]))
    return found


def test_isolation_is_the_mean_distance_to_the_others():
    line = stratum(np.array([0.0]), np.array([[1.0], [2.0], [4.0]]))
    assert line.isolation == pytest.approx((7 / 3, 5 / 3, 5 / 3, 9 / 3))
    assert line.draws == 3


def test_honest_p_values_are_uniform_enough():
    values = [permutation_p(strata_of(seed, 4, 0.0)) for seed in range(300)]
    for level in (0.05, 0.2, 0.5):
        # Three standard errors of a proportion of 300 above an exact level.
        assert np.mean(np.array(values) <= level) <= level + 3 * math.sqrt(
            level * (1 - level) / 300
        )
    assert np.mean(values) == pytest.approx(0.5, abs=0.06)


def test_scores_of_honest_samples_are_about_standard_normal():
    scores = np.array([z for seed in range(100) for z in scores_of(strata_of(seed, 5, 0.0))])
    assert abs(scores.mean()) < 0.2
    assert 0.7 < scores.std() < 1.3


def test_another_prompt_is_found_and_an_honest_one_is_not_blamed():
    honest = [decide_set(strata_of(seed, 6, 0.0), 6).outcome for seed in range(100)]
    foreign = [decide_set(strata_of(seed, 6, 12.0), 6).outcome for seed in range(100)]
    assert honest.count(Outcome.MISMATCH) <= 3
    assert honest.count(Outcome.REPRODUCED) >= 70
    assert foreign.count(Outcome.MISMATCH) >= 97
    assert foreign.count(Outcome.REPRODUCED) == 0


def test_one_sample_decides_nothing():
    assert decide_set(strata_of(1, 1, 0.0), 6).outcome is Outcome.CONTINUE
    assert decide_set(strata_of(1, 1, 50.0), 6).outcome is Outcome.CONTINUE
    assert decide_set(strata_of(1, 1, 50.0), 1).outcome is Outcome.HUMAN


def test_draws_without_spread_take_equal_pictures_only():
    same = np.zeros((4, 3))
    assert scores_of([stratum(np.zeros(3), same)]) == [0.0]
    assert scores_of([stratum(np.ones(3), same)]) == [math.inf]


def test_the_finding_says_what_it_is():
    finding = decide_set(strata_of(2, 3, 0.0), 6)
    assert finding.label == "Distributional"
    assert finding.draws == 12
    assert len(finding.scores) == 3


@pytest.mark.parametrize(
    ("sample", "draws", "message"),
    [
        (np.zeros(3), np.zeros((2, 3)), "at least 3"),
        (np.zeros(4), np.zeros((4, 3)), "do not compare"),
    ],
)
def test_what_cannot_be_compared_is_refused(sample, draws, message):
    with pytest.raises(ValueError, match=message):
        stratum(sample, draws)


def test_strata_belong_to_the_listing():
    with pytest.raises(ValueError, match="some of the listing's samples"):
        decide_set([], 3)
