"""The copy search as a whole, without a database: edited copies are found, relatives are not."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from house_model import grammar, world
from tests.factories.pictures import Pixels, captioned, cropped, leaves, rotated
from workers.fingerprints.features import Features, features
from workers.fingerprints.orientations import pdq_orientations
from workers.fingerprints.windows import grey_of, turn, window_hashes
from workers.search.copies import PIXEL_SIDE, CopySearch
from workers.search.windows import FeatureIndex, PdqIndex, WindowIndex

COUNT = 12


class Shelf:
    """Pictures by slot, searched by brute force over so few."""

    def __init__(self, pictures: list[Pixels]) -> None:
        self.pictures = pictures
        self.opened: set[int] = set()
        self.keypoints = [features(each) for each in pictures]
        pdq, parts, voters = PdqIndex(), WindowIndex(), FeatureIndex()
        pdq.add([(slot, pdq_orientations(each)[0][0]) for slot, each in enumerate(pictures)])
        parts.add([(slot, window_hashes(each)) for slot, each in enumerate(pictures)])
        voters.add(list(enumerate(self.keypoints)))
        self.search = CopySearch(pdq, parts, voters, self)

    def features(self, slots: Iterable[int]) -> dict[int, Features]:
        return {slot: self.keypoints[slot] for slot in slots}

    def grey(self, slot: int) -> NDArray[np.uint8] | None:
        self.opened.add(slot)
        return grey_of(self.pictures[slot], PIXEL_SIDE)

    def copies(self, query: Pixels) -> list[int]:
        return [found.slot for found in self.search.find(query) if found.is_copy]


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    return Shelf([leaves(seed) for seed in range(COUNT)])


def blurred(pixels: Pixels) -> Pixels:
    return cv2.GaussianBlur(pixels, (0, 0), 2.0)


def stickered(pixels: Pixels) -> Pixels:
    return cv2.circle(pixels.copy(), (150, 120), 32, (255, 210, 0), -1)


def framed(pixels: Pixels) -> Pixels:
    return np.pad(pixels, ((24, 24), (24, 24), (0, 0)), constant_values=20)


EDITS = {
    "itself": lambda pixels: pixels.copy(),
    "blurred": blurred,
    "darker": lambda pixels: (pixels * 0.6).astype(np.uint8),
    "half the size": lambda pixels: cv2.resize(pixels, (128, 128), interpolation=cv2.INTER_AREA),
    "wider": lambda pixels: cv2.resize(pixels, (340, 256)),
    "grey": lambda pixels: np.repeat(grey_of(pixels)[..., None], 3, 2),
    "caption": captioned,
    "border": framed,
    "sticker": stickered,
    "crop 10": lambda pixels: cropped(pixels, 0.1, left=1, top=0),
    "crop 20": lambda pixels: cropped(pixels, 0.2, left=0.1, top=0.4),
    "crop 30": lambda pixels: cropped(pixels, 0.3, left=0.6, top=0.9),
    "rotated": lambda pixels: rotated(pixels, 12),
    "rotated and mirrored": lambda pixels: rotated(pixels[:, ::-1], 12),
    **{f"turn {way}": partial(turn, orientation=way) for way in range(1, 8)},
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_copy_leads_to_its_origin_and_nowhere_else(shelf: Shelf, name: str) -> None:
    slot = sorted(EDITS).index(name) % COUNT
    assert shelf.copies(np.ascontiguousarray(EDITS[name](leaves(slot)))) == [slot]


def test_other_pictures_are_no_copies(shelf: Shelf) -> None:
    assert [shelf.copies(leaves(seed)) for seed in range(100, 106)] == [[]] * 6


def test_a_picture_with_nothing_in_it_is_nobodys() -> None:
    plain = [np.full((128, 128, 3), level, np.uint8) for level in (10, 120)]
    ramp = np.repeat(np.linspace(0, 255, 128).astype(np.uint8)[None], 128, 0)
    bare = Shelf([*plain, np.stack([ramp] * 3, -1)])
    assert bare.copies(plain[0]) == []
    assert bare.copies(np.stack([ramp] * 3, -1)) == []


def test_candidates_that_are_not_allowed_are_not_even_opened(shelf: Shelf) -> None:
    shelf.opened.clear()
    assert shelf.search.find(leaves(3), lambda slots: slots - {3}) == []
    assert 3 not in shelf.opened


def test_the_same_answer_every_time(shelf: Shelf) -> None:
    query = rotated(cropped(leaves(5), 0.1), 9)
    first, again = shelf.search.find(query), shelf.search.find(query)
    assert [(each.slot, each.agreement) for each in first] == [
        (each.slot, each.agreement) for each in again
    ]


def test_other_seeds_of_one_prompt_are_no_copies() -> None:
    """The trap: the same sky, frame and figure, with keypoints that agree on all of them."""
    families = []
    for number in range(5):
        scene = grammar.random_scene(random.Random(f"family {number}"))
        families.append([world.render(replace(scene, seed=seed)) for seed in (1, 2)])
    relatives = Shelf([first for first, _ in families])
    assert [relatives.copies(second) for _, second in families] == [[]] * 5
    assert [relatives.copies(first) for first, _ in families] == [[slot] for slot in range(5)]
