"""Finds edited copies of a picture: candidates by hashes and keypoints, then a look at the pixels.

Hashes and keypoints also agree on two pictures of one prompt, so they accuse nobody: what counts
is that the two pictures, laid over each other, show the same wherever both can be seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from workers.fingerprints.borders import cut, trims
from workers.fingerprints.features import ASKED, Features, features
from workers.fingerprints.hashes import shrink
from workers.fingerprints.orientations import pdq_orientations
from workers.fingerprints.windows import WHOLE, Box, coefficients, grey_of
from workers.search import geometry
from workers.search.alignment import NOTHING, Agreement, agreement, resemblance
from workers.search.windows import MIN_VOTES, Clue, FeatureIndex, WindowIndex

Pixels = NDArray[np.uint8]

PDQ_MAX, PDQ_QUALITY = 31, 50
"""PDQ's own recommendation (ThreatExchange, pdq README)."""
MAX_CANDIDATES = 8
"""By each kind of clue."""
PIXEL_SIDE = 512
TRIES = 3
"""Placements of one candidate by hashes."""
MIN_RESEMBLANCE = 0.3
"""Correlation at 64 px below which a placement is not worth a closer look."""
MIN_OVERLAP, MIN_BLOCKS = 0.12, 24
MISSING, MAX_MISSING, MAX_LOST = 0.035, 0.08, 0.035
"""A copy shows what the original shows, whatever else was put on it: hardly anything is missing,
or somewhat more while its strong edges are all there."""
MAX_PATCHED, MAX_OUTSIDE = 0.25, 0.005
"""Or all that differs lies in one patch."""
MAX_INEXACT, MIN_ADDED = 0.07, 0.03
"""Where neither place nor tones were changed and nothing was added, all but this is exact: nothing
else tells a copy from a picture of the same prompt that happens to differ by a few pixels."""
CLOSE, CLOSE_MISSING = 14, 0.15
"""PDQ distance (bits of 256) at which more may be missing: a fine mark all over the picture."""


class NearPictures(Protocol):
    """Exact search over the PDQ hashes of stored pictures."""

    def near(self, pdq: bytes, radius: int) -> Iterable[tuple[int, int]]:
        """(slot, distance) of every stored picture within ``radius`` bits of 256."""


class Library(Protocol):
    """What is kept of stored pictures beside the indexes."""

    def features(self, slots: Iterable[int]) -> Mapping[int, Features]:
        """Keypoints of pictures; unknown slots are left out."""

    def grey(self, slot: int) -> NDArray[np.uint8] | None:
        """The picture in grey, its longer side at most PIXEL_SIDE px; None when it is gone."""


@dataclass(frozen=True)
class Found:
    """A stored picture that may be the origin.

    method: what led to it (pdq, windows, features). orientation: of the query, as windows.turn
    numbers them. distance: least distance of 256-bit hashes, 128 where only keypoints led here.
    """

    slot: int
    method: str
    orientation: int
    distance: int
    agreement: Agreement
    placement: geometry.Matrix

    @property
    def is_copy(self) -> bool:
        """True when the pictures agree wherever both can be seen."""
        seen = self.agreement
        if seen.overlap < MIN_OVERLAP or seen.blocks < MIN_BLOCKS:
            return False
        if seen.missing + seen.added <= MAX_PATCHED and seen.outside <= MAX_OUTSIDE:
            return True
        if self.method == "pdq" and self.distance <= CLOSE and seen.missing <= CLOSE_MISSING:
            return True
        changed = not seen.same_tones or not geometry.is_in_place(self.placement)
        explained = changed or seen.inexact <= MAX_INEXACT or seen.added >= MIN_ADDED
        kept = seen.lost <= MAX_LOST and seen.missing <= MAX_MISSING
        return explained and (kept or seen.missing <= MISSING)


@dataclass(frozen=True)
class Question:
    """A picture taken apart for the search; ``parts`` are itself and itself without borders."""

    pixels: Pixels
    grey: NDArray[np.uint8]
    parts: tuple[tuple[Box, Pixels], ...]


@dataclass(frozen=True)
class Guess:
    """Where a candidate may lie in the query, by hashes."""

    method: str
    placement: geometry.Matrix
    orientation: int
    distance: int


def question(pixels: Pixels) -> Question:
    """Prepare RGB pixels (h, w, 3)."""
    parts = [(WHOLE, pixels), *((box, cut(pixels, box)) for box in trims(pixels))]
    return Question(pixels, grey_of(pixels, PIXEL_SIDE), tuple(parts))


class CopySearch:
    """Searches stored pictures for the origins of one.

    Args:
        allowed: narrows candidates before any picture is opened, for instance to other sellers'.
    """

    def __init__(
        self, pdq: NearPictures, windows: WindowIndex, voters: FeatureIndex, library: Library
    ) -> None:
        self._pdq, self._windows, self._voters = pdq, windows, voters
        self._library = library

    def find(
        self, pixels: Pixels, allowed: Callable[[set[int]], set[int]] = lambda slots: slots
    ) -> list[Found]:
        """Every candidate that was looked at, best first; ``is_copy`` says what is proved."""
        asked = question(pixels)
        guesses = self._guesses(asked)
        near = sorted(guesses, key=lambda slot: guesses[slot][0].distance)[:MAX_CANDIDATES]
        looks = self._by_hashes(asked, guesses, allowed(set(near)))
        if not any(look.is_copy for look in looks.values()):
            looks |= self._by_keypoints(asked, guesses, looks, allowed)
        return sorted(looks.values(), key=lambda found: (-found.agreement.score, found.slot))

    def _by_hashes(
        self, asked: Question, guesses: dict[int, list[Guess]], slots: set[int]
    ) -> dict[int, Found]:
        """Candidates laid over where the hashes say."""
        looks = {}
        for slot in sorted(slots):
            reference = self._library.grey(slot)
            if reference is not None:
                looks[slot] = _best(slot, asked.grey, reference, guesses[slot][:TRIES])
        return looks

    def _by_keypoints(
        self,
        asked: Question,
        guesses: dict[int, list[Guess]],
        looks: dict[int, Found],
        allowed: Callable[[set[int]], set[int]],
    ) -> dict[int, Found]:
        """Candidates laid over where their keypoints say, or where a better fit is found."""
        straight = features(asked.pixels, ASKED)
        flipped = features(np.ascontiguousarray(asked.pixels[:, ::-1]), ASKED)
        votes, flipped_votes = self._voters.votes(straight), self._voters.votes(flipped)
        first = (votes | flipped_votes).most_common(MAX_CANDIDATES)
        slots = allowed({slot for slot, count in first if count >= MIN_VOTES}) | set(looks)
        known = self._library.features(slots)
        found = {}
        for slot in sorted(slots):
            reference = self._library.grey(slot)
            if reference is None:
                continue
            mirror = flipped_votes[slot] > votes[slot]
            tries = self._tries(
                asked, guesses.get(slot, []), flipped if mirror else straight,
                mirror, known.get(slot), reference,
            )  # fmt: skip
            best = _best(slot, asked.grey, reference, tries)
            before = looks.get(slot)
            if before is None or best.agreement.score > before.agreement.score or best.is_copy:
                found[slot] = best
        return found

    def _guesses(self, asked: Question) -> dict[int, list[Guess]]:
        """Per candidate, what hashes say, nearest first."""
        found: dict[int, list[Guess]] = {}
        for box, pixels in asked.parts:
            for slot, guess in self._by_pdq(box, pixels):
                found.setdefault(slot, []).append(guess)
            taken_apart = coefficients(grey_of(pixels))
            clues = self._windows.whole_in_parts(taken_apart, box)
            clues += self._windows.parts_in_whole(taken_apart, box)
            for clue in clues:
                found.setdefault(clue.slot, []).append(_guess(clue))
        return {
            slot: sorted(each, key=lambda guess: guess.distance) for slot, each in found.items()
        }

    def _by_pdq(self, box: Box, pixels: Pixels) -> Iterator[tuple[int, Guess]]:
        hashes, quality = pdq_orientations(shrink(pixels))
        if quality < PDQ_QUALITY:
            return
        for orientation, pdq in enumerate(hashes):
            placement = geometry.from_boxes(box, WHOLE, orientation)
            for slot, distance in self._pdq.near(pdq, PDQ_MAX):
                yield slot, Guess("pdq", placement, orientation, distance)

    @staticmethod
    def _tries(
        asked: Question,
        guesses: list[Guess],
        keypoints: Features,
        mirror: bool,
        stored: Features | None,
        reference: NDArray[np.uint8],
    ) -> Iterator[Guess]:
        """Further placements worth a look, the cheaper one first."""
        if stored is not None:
            placement, _ = geometry.from_features(keypoints, stored)
            if placement is not None:
                placed = geometry.mirrored(placement) if mirror else placement
                yield Guess("features", placed, int(mirror), _nearest(guesses))
        for guess in guesses[:1]:
            moved = geometry.refined(asked.grey, reference, guess.placement)
            yield Guess(guess.method, moved, guess.orientation, guess.distance)


def _nearest(guesses: list[Guess] | None) -> int:
    """The least distance in bits; 128, that of strangers, without any."""
    return guesses[0].distance if guesses else 128


def _guess(clue: Clue) -> Guess:
    placement = geometry.from_boxes(clue.query_box, clue.stored_box, clue.orientation)
    return Guess("windows", placement, clue.orientation, clue.distance)


def _best(
    slot: int, query: NDArray[np.uint8], reference: NDArray[np.uint8], tries: Iterable[Guess]
) -> Found:
    """The placement under which the pictures agree most; stops at the first that proves a copy."""
    best = Found(slot, "none", 0, 128, NOTHING, np.eye(3))
    for guess in tries:
        if resemblance(query, reference, guess.placement) < MIN_RESEMBLANCE:
            continue
        seen = agreement(query, reference, guess.placement)
        found = Found(slot, guess.method, guess.orientation, guess.distance, seen, guess.placement)
        if found.is_copy:
            return found
        if best.method == "none" or seen.score > best.agreement.score:
            best = found
    return best
