"""Recall, precision and micro average precision, for the search and for single hashes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass
class Tally:
    """What one edit's queries came to."""

    queries: int = 0
    found: int = 0
    false: int = 0
    false_sisters: int = 0
    by_phash: int = 0
    by_pdq: int = 0
    seconds: float = 0.0

    @property
    def recall(self) -> float:
        """Share of queries whose origin was found."""
        return self.found / max(1, self.queries)

    @property
    def precision(self) -> float:
        """Share of hits that are the origin; 1 without hits."""
        hits = self.found + self.false + self.false_sisters
        return self.found / hits if hits else 1.0


@dataclass
class Ranking:
    """Scored (query, reference) pairs; every query has one origin among the references."""

    queries: int = 0
    scores: list[float] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)

    def curve(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(precision, recall) after each score, from the highest; equal scores count together."""
        scores, right = np.array(self.scores), np.array(self.right, bool)
        order = np.argsort(-scores, kind="stable")
        scores, right = scores[order], right[order]
        last = np.flatnonzero(np.append(np.diff(scores) != 0, True))
        hits = np.cumsum(right)[last]
        return hits / (last + 1), hits / max(1, self.queries)

    def micro_ap(self) -> float:
        """Area under precision over recall, all queries ranked together (as in DISC21)."""
        return area(*self.curve())

    def recall_at(self, precision: float) -> float:
        """The greatest recall at which precision is still that high."""
        return best_recall(*self.curve(), precision)


class HashRanking:
    """The same for a hash's distances, kept as counts because there are millions of them."""

    def __init__(self, bits: int) -> None:
        self.queries = 0
        self._right = np.zeros(bits + 1, np.int64)
        self._wrong = np.zeros(bits + 1, np.int64)

    def add(self, distances: NDArray[np.integer], origin: int) -> None:
        """One query's distances to every reference."""
        self.queries += 1
        counts = np.bincount(distances, minlength=len(self._wrong))
        counts[distances[origin]] -= 1
        self._wrong += counts
        self._right[distances[origin]] += 1

    def curve(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(precision, recall) by distance."""
        right, wrong = np.cumsum(self._right), np.cumsum(self._wrong)
        return right / np.maximum(1, right + wrong), right / max(1, self.queries)

    def micro_ap(self) -> float:
        """As Ranking.micro_ap."""
        return area(*self.curve())

    def recall_at(self, precision: float) -> float:
        """As Ranking.recall_at."""
        return best_recall(*self.curve(), precision)


def area(precision: NDArray[np.float64], recall: NDArray[np.float64]) -> float:
    """Sum of precision times the gain in recall."""
    return float((precision * np.diff(recall, prepend=0.0)).sum())


def best_recall(
    precision: NDArray[np.float64], recall: NDArray[np.float64], wanted: float
) -> float:
    """Greatest recall where precision is at least ``wanted``; 0 where it never is."""
    return float(recall[precision >= wanted].max(initial=0.0))
