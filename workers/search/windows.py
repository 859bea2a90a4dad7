"""Candidates for edited copies: by the hashes of parts, and by keypoints that vote.

Both are exact Hamming searches over many codes a picture; what they find is only a reason to look
closer (see copies.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.fingerprints.features import Features
from workers.fingerprints.windows import BOXES, ORIENTATIONS, WHOLE, Box, WindowHashes, hashes
from workers.search.hamming_index import HammingIndex
from workers.search.mih import codes_of

FIND_MAX = 10
"""Bits of 64 within which two windows are candidates."""
CONFIRM_MAX = 96
"""Bits of 256 within which they stay candidates; unrelated windows lie about 128 apart."""
FIRST_WORD_MAX = 14
"""Of the first 64 of 256 bits (its lowest frequencies down the picture)."""
VOTE_MAX = 30
"""Bits of 256 within which a keypoint votes for a picture."""
VOTERS, STORED_VOTERS = 64, 64
MIN_VOTES = 3
_ROOM = 64
"""Codes of one picture in an index: its slot times this, plus the code's number."""


@dataclass(frozen=True, slots=True)
class Clue:
    """Two windows that look alike: the query's box, turned, and the stored picture's box."""

    slot: int
    query_box: Box
    stored_box: Box
    orientation: int
    distance: int
    """Of 256 bits."""


class WindowIndex:
    """Window hashes of pictures by slot (a small integer that the caller gives out)."""

    def __init__(self) -> None:
        self._windows = HammingIndex(words=1)
        self._slots = np.empty(0, np.int64)
        self._wholes = np.empty((0, 4), np.uint64)
        self._confirm: dict[int, NDArray[np.uint64]] = {}

    def __len__(self) -> int:
        return len(self._slots)

    def add(self, pictures: Sequence[tuple[int, WindowHashes]]) -> None:
        """Add pictures; the first call builds the index, later ones extend it."""
        if not pictures:
            return
        keys = np.array([slot for slot, _ in pictures], np.int64)
        parts = (keys[:, None] * _ROOM + np.arange(len(BOXES))).ravel()
        codes = np.concatenate([prints.codes64 for _, prints in pictures])[:, None]
        wholes = np.stack([prints.codes256[0] for _, prints in pictures])
        self._windows = extended(self._windows, parts, codes)
        self._slots = np.concatenate([self._slots, keys])
        self._wholes = np.concatenate([self._wholes, wholes])
        self._confirm.update((slot, prints.codes256) for slot, prints in pictures)

    def remove(self, slots: Iterable[int]) -> None:
        """Forget pictures."""
        gone = set(slots)
        for slot in gone:
            self._windows.remove([slot * _ROOM + number for number in range(len(BOXES))])
            self._confirm.pop(slot, None)
        kept = ~np.isin(self._slots, list(gone))
        self._slots, self._wholes = self._slots[kept], self._wholes[kept]

    def whole_in_parts(self, coefficients: NDArray[np.float32], box: Box) -> list[Clue]:
        """Stored windows that look like the query's whole in any orientation: a crop's origin.

        ``coefficients`` are those of the query's part ``box`` (see fingerprints.windows).
        """
        found = []
        for orientation in range(ORIENTATIONS):
            asked = hashes(coefficients[:1], orientation)
            for hit in self._windows.search(asked.codes64, FIND_MAX):
                slot, number = divmod(hit.key, _ROOM)
                distance = _bits(asked.codes256[0], self._confirm[slot][number])
                if distance <= CONFIRM_MAX:
                    found.append(Clue(slot, box, BOXES[number], orientation, distance))
        return found

    def parts_in_whole(self, coefficients: NDArray[np.float32], box: Box) -> list[Clue]:
        """Stored pictures that look like a part of the query, mirrored or not."""
        found = []
        for orientation in (0, 1):
            asked = hashes(coefficients, orientation).codes256
            for number in range(1, len(BOXES)):
                # One pass over all wholes; their first word alone tells most of them apart.
                first = np.bitwise_count(self._wholes[:, 0] ^ asked[number, 0])
                for row in np.flatnonzero(first <= FIRST_WORD_MAX):
                    distance = _bits(asked[number], self._wholes[row])
                    if distance <= CONFIRM_MAX:
                        part = within(BOXES[number], box)
                        slot = int(self._slots[row])
                        found.append(Clue(slot, part, WHOLE, orientation, distance))
        return found


class FeatureIndex:
    """The strongest keypoints of pictures by slot; keypoints of a query vote for pictures."""

    def __init__(self) -> None:
        self._codes = HammingIndex(words=4)
        self._counts: dict[int, int] = {}

    def add(self, pictures: Sequence[tuple[int, Features]]) -> None:
        """Add pictures; the first call builds the index, later ones extend it."""
        kept = [(slot, found.codes[:STORED_VOTERS]) for slot, found in pictures if len(found)]
        if not kept:
            return
        keys = [slot * _ROOM + np.arange(len(codes)) for slot, codes in kept]
        codes = codes_of(np.concatenate([codes for _, codes in kept]))
        self._codes = extended(self._codes, np.concatenate(keys).astype(np.int64), codes)
        self._counts.update((slot, len(codes)) for slot, codes in kept)

    def remove(self, slots: Iterable[int]) -> None:
        """Forget pictures."""
        for slot in slots:
            count = self._counts.pop(slot, 0)
            self._codes.remove([slot * _ROOM + number for number in range(count)])

    def votes(self, query: Features) -> Counter[int]:
        """By slot, how many of the query's strongest keypoints have a likeness there."""
        found: Counter[int] = Counter()
        for code in codes_of(np.ascontiguousarray(query.codes[:VOTERS])):
            hits = self._codes.search(code, VOTE_MAX)
            found.update({hit.key // _ROOM for hit in hits})
        return found


class PdqIndex:
    """PDQ hashes by slot; what CopySearch asks first."""

    def __init__(self) -> None:
        self._codes = HammingIndex(words=4)

    def add(self, pictures: Sequence[tuple[int, bytes]]) -> None:
        """Add pictures; the first call builds the index, later ones extend it."""
        if pictures:
            slots = np.array([slot for slot, _ in pictures], np.int64)
            codes = codes_of(b"".join(pdq for _, pdq in pictures))
            self._codes = extended(self._codes, slots, codes)

    def near(self, pdq: bytes, radius: int) -> list[tuple[int, int]]:
        """(slot, distance) of every picture within ``radius`` bits of 256."""
        hits = self._codes.search(codes_of(pdq)[0], radius)
        return [(hit.key, hit.distance) for hit in hits]


def within(inner: Box, outer: Box) -> Box:
    """The box ``inner`` of the part ``outer``, as a box of the whole picture."""
    return Box(
        outer.left + inner.left * outer.width,
        outer.top + inner.top * outer.height,
        inner.width * outer.width,
        inner.height * outer.height,
    )


def extended(
    index: HammingIndex, keys: NDArray[np.int64], codes: NDArray[np.uint64]
) -> HammingIndex:
    """The index with more codes: built at once when it is empty, else its tail grows."""
    if len(index) == 0:
        return HammingIndex(keys, codes)
    index.add(keys, codes)
    if index.wants_merge:
        index.merge_in_background()
    return index


def _bits(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> int:
    return int(np.bitwise_count(a ^ b).sum())
