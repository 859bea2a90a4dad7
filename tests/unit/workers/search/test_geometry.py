"""Where a picture lies within another."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.factories.pictures import cropped, leaves, rotated
from workers.fingerprints.features import features
from workers.fingerprints.windows import WHOLE, Box, grey_of, turn
from workers.search import geometry
from workers.search.alignment import agreement

CORNERS = np.array([[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]])


def placed(matrix: np.ndarray) -> np.ndarray:
    return cv2.perspectiveTransform(CORNERS, matrix)[0]


@pytest.mark.parametrize("orientation", range(8))
def test_boxes_and_orientations_lead_to_the_right_pixels(orientation: int) -> None:
    original = leaves(1)
    # The thief turned the original; turned this way again, the query looks like it.
    backwards = {5: 6, 6: 5}.get(orientation, orientation)
    query = turn(original, backwards)
    assert (turn(query, orientation) == original).all()
    matrix = geometry.from_boxes(WHOLE, WHOLE, orientation)
    seen = agreement(grey_of(query), grey_of(original), matrix)
    assert seen.overlap == 1
    assert seen.missing + seen.added == 0


def test_a_box_of_the_reference_covers_a_box_of_the_query() -> None:
    matrix = geometry.from_boxes(Box(0.5, 0, 0.5, 1), Box(0, 0.25, 1, 0.5), 0)
    # Stretching the reference's middle band over the query's right half.
    assert np.allclose(placed(matrix), [[0.5, -0.5], [1, -0.5], [1, 1.5], [0.5, 1.5]])


def test_keypoints_find_turn_and_cut() -> None:
    original = leaves(2)
    query = rotated(cropped(original, 0.25, left=0, top=0), 20)
    matrix, inliers = geometry.from_features(features(query, 320), features(original))
    assert matrix is not None
    assert inliers >= geometry.MIN_INLIERS
    across = placed(matrix)[1] - placed(matrix)[0]
    assert abs(np.degrees(np.arctan2(-across[1], across[0])) - 20) < 2
    assert abs(np.linalg.norm(across) - 4 / 3) < 0.05
    again, same = geometry.from_features(features(query, 320), features(original))
    assert (again == matrix).all()
    assert same == inliers


def test_keypoints_of_other_pictures_lead_nowhere() -> None:
    matrix, inliers = geometry.from_features(features(leaves(3), 320), features(leaves(4)))
    assert (matrix, inliers) == (None, 0)
    empty = features(np.zeros((64, 64, 3), np.uint8))
    assert geometry.from_features(empty, features(leaves(4))) == (None, 0)


def test_a_shared_detail_is_not_enough() -> None:
    """One sprite in two pictures: its keypoints agree, but they crowd in one place."""
    sprite = leaves(5, 40, 24)
    grounds = [np.full((256, 256, 3), level, np.uint8) for level in (90, 160)]
    for ground in grounds:
        ground[100:140, 100:124] = sprite
    ours, theirs = (features(ground, 320) for ground in grounds)
    assert geometry.from_features(ours, theirs)[0] is None


def test_a_guess_is_moved_into_place() -> None:
    original = leaves(6)
    query = cropped(original, 0.06, left=1, top=0.5)
    rough = np.eye(3)
    better = geometry.refined(grey_of(query), grey_of(original), rough)
    before = agreement(grey_of(query), grey_of(original), rough)
    after = agreement(grey_of(query), grey_of(original), better)
    assert after.missing < 0.05 < before.missing
    flat = np.full((64, 64), 9, np.uint8)
    assert (geometry.refined(flat, flat, rough) == rough).all()


@pytest.mark.parametrize(
    ("matrix", "overlap", "kind"),
    [
        (np.eye(3), 1.0, "same_picture"),
        (geometry.from_boxes(WHOLE, WHOLE, 1), 1.0, "mirrored"),
        (geometry.from_boxes(WHOLE, WHOLE, 5), 1.0, "turned"),
        (geometry.from_boxes(WHOLE, WHOLE, 3), 1.0, "turned"),
        (geometry.from_boxes(WHOLE, Box(0, 0, 0.8, 0.8), 0), 0.64, "part"),
        (geometry.from_boxes(Box(0.1, 0.1, 0.6, 0.6), WHOLE, 0), 1.0, "framed"),
    ],
)
def test_what_became_of_it_in_a_word(matrix: np.ndarray, overlap: float, kind: str) -> None:
    assert geometry.kind_of(matrix, overlap) == kind


def test_folded_and_vanishing_placements_are_refused() -> None:
    assert geometry.is_plausible(np.eye(3))
    assert not geometry.is_plausible(np.diag([0.05, 0.05, 1.0]))
    assert not geometry.is_plausible(np.diag([1.0, 9.0, 1.0]))
    assert not geometry.is_plausible(np.array([[1, 0, 0], [0, 1, 0], [-1.5, 0, 1.0]]))


def test_a_placement_found_in_the_mirror_is_carried_over() -> None:
    inner = geometry.from_boxes(Box(0, 0, 0.5, 1), WHOLE, 0)
    assert np.allclose(placed(geometry.mirrored(inner))[:, 0], [1, 0.5, 0.5, 1])
