"""Candidates by windows and by voting keypoints."""

from __future__ import annotations

import numpy as np

from tests.factories.pictures import cropped, leaves, rotated
from workers.fingerprints.features import features
from workers.fingerprints.windows import (
    BOXES,
    WHOLE,
    Box,
    coefficients,
    grey_of,
    turn,
    window_hashes,
)
from workers.search.windows import FeatureIndex, PdqIndex, WindowIndex, within


def shelf(count: int = 6) -> WindowIndex:
    index = WindowIndex()
    index.add([(slot, window_hashes(leaves(slot))) for slot in range(count - 1)])
    index.add([(count - 1, window_hashes(leaves(count - 1)))])  # one that comes later
    return index


def taken_apart(pixels: np.ndarray) -> np.ndarray:
    return coefficients(grey_of(pixels))


def test_a_crop_leads_to_its_origin_in_any_orientation() -> None:
    index = shelf()
    for slot, orientation in ((2, 0), (5, 1), (3, 6)):
        query = turn(cropped(leaves(slot), 0.2, left=0.25, top=0.75), orientation)
        clues = index.whole_in_parts(taken_apart(query), WHOLE)
        best = min(clues, key=lambda clue: clue.distance)
        assert best.slot == slot
        assert best.stored_box in BOXES[26:]
        assert best.distance <= 48


def test_a_picture_within_the_query_is_found() -> None:
    index = shelf()
    query = np.random.default_rng(0).integers(0, 255, (320, 320, 3)).astype(np.uint8)
    query[32:288, 32:288] = leaves(4)
    clues = index.parts_in_whole(taken_apart(query), WHOLE)
    best = min(clues, key=lambda clue: clue.distance)
    assert best.slot == 4
    assert abs(best.query_box.left - 0.1) < 0.01
    assert best.stored_box == WHOLE


def test_other_pictures_give_no_clue_and_removed_ones_neither() -> None:
    index = shelf()
    assert index.whole_in_parts(taken_apart(leaves(77)), WHOLE) == []
    assert {clue.slot for clue in index.whole_in_parts(taken_apart(leaves(1)), WHOLE)} == {1}
    index.remove([1])
    assert index.whole_in_parts(taken_apart(leaves(1)), WHOLE) == []
    assert len(index) == 5


def test_keypoints_vote_for_a_turned_and_cut_origin() -> None:
    index = FeatureIndex()
    index.add([(slot, features(leaves(slot))) for slot in range(5)])
    index.add([(9, features(np.zeros((64, 64, 3), np.uint8)))])  # has none
    votes = index.votes(features(rotated(cropped(leaves(3), 0.2), 15)))
    (winner, count), *rest = votes.most_common()
    assert winner == 3
    assert count >= 3
    assert all(other < count / 2 for _, other in rest)
    index.remove([3, 9])
    assert 3 not in index.votes(features(leaves(3)))


def test_pdq_finds_within_the_radius_only() -> None:
    index = PdqIndex()
    index.add([(1, bytes(32)), (2, b"\x0f" + bytes(31)), (3, b"\xff" * 32)])
    assert sorted(index.near(bytes(32), 31)) == [(1, 0), (2, 4)]
    assert index.near(bytes(32), 3) == [(1, 0)]


def test_a_box_within_a_box() -> None:
    assert within(Box(0.5, 0.5, 0.5, 0.5), Box(0.2, 0.0, 0.4, 1.0)) == Box(0.4, 0.5, 0.2, 0.5)
