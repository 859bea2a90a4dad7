"""One ranking out of several: reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009).

Only places count, so that ranks of words and distances of meaning need no common scale. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

K = 60
"""The paper's constant: how much the first places are worth more than the next."""


def fuse(rankings: Sequence[tuple[float, Sequence[str]]], k: float = K) -> list[tuple[str, float]]:
    """Ids with their scores, the best first; equal scores in the order of the ids.

    Args:
        rankings: each with its weight, the best id first.
        k: the smaller, the more the first places are worth.
    """
    scores: dict[str, float] = {}
    for weight, ranking in rankings:
        for place, identifier in enumerate(ranking, start=1):
            scores[identifier] = scores.get(identifier, 0.0) + weight / (k + place)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))
