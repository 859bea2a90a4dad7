"""The references of the bench as a worker holds them, without a database."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from bench.copies.pictures import Picture
from workers.fingerprints import features, windows
from workers.fingerprints.orientations import pdq_orientations
from workers.search.copies import PDQ_QUALITY, PIXEL_SIDE, CopySearch
from workers.search.windows import FeatureIndex, PdqIndex, WindowIndex


class Shelf:
    """References by slot; what CopySearch calls a Library."""

    def __init__(self, references: list[Picture]) -> None:
        self._greys = [windows.grey_of(each.pixels, PIXEL_SIDE) for each in references]
        self._keypoints = [features.features(each.pixels) for each in references]
        self.hashes = [windows.window_hashes(each.pixels) for each in references]
        prints = [pdq_orientations(each.pixels) for each in references]
        self.pdq = [orientations[0] for orientations, _ in prints]
        self.trusted = np.array([quality >= PDQ_QUALITY for _, quality in prints])

    def features(self, slots: Iterable[int]) -> dict[int, features.Features]:
        """Keypoints by slot."""
        return {slot: self._keypoints[slot] for slot in slots}

    def grey(self, slot: int) -> NDArray[np.uint8]:
        """A reference in grey."""
        return self._greys[slot]

    def search(self) -> CopySearch:
        """A search over all references."""
        pdq, parts, voters = PdqIndex(), WindowIndex(), FeatureIndex()
        pdq.add([(slot, each) for slot, each in enumerate(self.pdq) if self.trusted[slot]])
        parts.add(list(enumerate(self.hashes)))
        voters.add(list(enumerate(self._keypoints)))
        return CopySearch(pdq, parts, voters, self)

    def bytes_stored(self) -> tuple[float, float]:
        """Mean bytes a reference for its windows and for its keypoints."""
        parts = [len(windows.pack(each)) for each in self.hashes]
        points = [len(features.pack(each)) for each in self._keypoints]
        return float(np.mean(parts)), float(np.mean(points))
