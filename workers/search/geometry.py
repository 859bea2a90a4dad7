"""How one picture lies within another: ORB matches and RANSAC, or a refined guess.

Matrices are 3 x 3, from shares of the reference's sides to shares of the query's sides, so that
they do not depend on the size at which either picture was read.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.fingerprints.features import Features
from workers.fingerprints.windows import Box

Matrix = NDArray[np.float64]

RATIO = 0.9
"""Lowe's ratio: a match must be this much closer than the next best keypoint."""
MATCH_MAX = 64
"""Bits of 256 by which matched keypoints may differ."""
MIN_INLIERS = 8
MIN_SPREAD = 0.12
"""Least extent of the inliers along both axes of the reference: a shared detail is not enough."""
REPROJECTION = 0.012
"""Shares of a side by which an inlier may miss."""
PART_BELOW, FRAMED_BELOW = 0.94, 0.9
"""Shares of the other picture that is seen, and of the query that it fills."""
_IN_PLACE = 0.03
_ITERATIONS = 400
_ECC_SIDE = 128


def from_features(query: Features, reference: Features) -> tuple[Matrix | None, int]:
    """The placement that most keypoint matches agree on, and on how many they are.

    None below MIN_INLIERS, when the inliers crowd in one place, or when the placement mirrors,
    folds or flattens the picture. Deterministic: RANSAC's seed is fixed.
    """
    pairs = _matches(query, reference)
    if len(pairs) < MIN_INLIERS:
        return None, 0
    source, target = reference.points[pairs[:, 1]], query.points[pairs[:, 0]]
    cv2.setRNGSeed(1)
    matrix, mask = cv2.estimateAffine2D(
        source, target, method=cv2.RANSAC, ransacReprojThreshold=REPROJECTION * 1.5,
        maxIters=_ITERATIONS, confidence=0.995,
    )  # fmt: skip
    if matrix is None or int(mask.sum()) < MIN_INLIERS:
        return None, 0
    chosen = mask.ravel().astype(bool)
    if np.ptp(source[chosen], axis=0).min() < MIN_SPREAD:
        return None, 0
    placed = np.vstack([matrix, [0.0, 0.0, 1.0]])
    refined, kept = _perspective(source, target)
    if refined is not None and kept > chosen.sum() + 2:
        placed, inliers = refined, kept
    else:
        inliers = int(chosen.sum())
    return (placed, inliers) if is_plausible(placed) else (None, 0)


def from_boxes(query: Box, reference: Box, orientation: int) -> Matrix:
    """The placement by which the reference's box covers the query's box after turning it.

    ``orientation`` is that of the query which looks like the reference, as windows.turn numbers.
    """
    return _from_unit(query) @ _turned(orientation) @ np.linalg.inv(_from_unit(reference))


def mirrored(matrix: Matrix) -> Matrix:
    """A placement found in the query's mirror image, as one in the query itself."""
    return np.array([[-1.0, 0, 1], [0, 1, 0], [0, 0, 1]]) @ matrix


def refined(query: NDArray[np.uint8], reference: NDArray[np.uint8], matrix: Matrix) -> Matrix:
    """A placement moved to where the pictures correlate best (ECC, affine); grey images.

    Evangelidis and Psarakis, "Parametric image alignment using enhanced correlation coefficient"
    (PAMI 2008). Gives the placement back when there is nothing to improve.
    """
    template, scale = _small(reference)
    moving, moving_scale = _small(query)
    warp = moving_scale @ matrix @ np.linalg.inv(scale)
    if not np.allclose(warp[2], [0, 0, 1], atol=1e-6):
        return matrix
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-4)
    start = np.ascontiguousarray(warp[:2], np.float32)
    everywhere = np.full(moving.shape, 255, np.uint8)
    try:
        _, better = cv2.findTransformECC(
            template, moving, start, cv2.MOTION_AFFINE, criteria, everywhere, 5
        )
    except cv2.error:  # no overlap, or nothing to hold on to
        return matrix
    whole = np.vstack([better, [0.0, 0.0, 1.0]])
    moved: Matrix = np.linalg.inv(moving_scale) @ whole @ scale
    return moved if is_plausible(moved) else matrix


def kind_of(matrix: Matrix, overlap: float) -> str:
    """In a word, what became of the other picture; ``overlap`` is how much of it can be seen.

    part: cut out of it; framed: it lies within the query; mirrored; turned (by 30 degrees or
    more); else same_picture.
    """
    corners = np.array([[[0, 0], [1, 0], [1, 1], [0, 1]]], np.float64)
    placed = cv2.perspectiveTransform(corners, matrix)[0].astype(np.float32)
    across = placed[1] - placed[0]
    if overlap < PART_BELOW:
        return "part"
    if abs(cv2.contourArea(placed)) < FRAMED_BELOW:
        return "framed"
    if cv2.contourArea(placed, oriented=True) < 0:
        return "mirrored"
    return "turned" if across[0] < 0.866 * np.linalg.norm(across) else "same_picture"


def is_in_place(matrix: Matrix) -> bool:
    """True when the other picture lies over the whole query, neither moved, turned nor cut."""
    corners = np.array([[[0, 0], [1, 0], [1, 1], [0, 1]]], np.float64)
    placed = cv2.perspectiveTransform(corners, matrix)
    return bool(np.abs(placed - corners).max() < _IN_PLACE)


def is_plausible(matrix: Matrix) -> bool:
    """True when the placed picture is a convex quadrangle, neither tiny nor stretched away."""
    corners = np.array([[[0, 0], [1, 0], [1, 1], [0, 1]]], np.float64)
    placed = cv2.perspectiveTransform(corners, matrix)[0].astype(np.float32)
    if not np.isfinite(placed).all() or not cv2.isContourConvex(placed[:, None]):
        return False
    sides = np.linalg.norm(placed - np.roll(placed, 1, axis=0), axis=1)
    return bool(sides.min() >= 0.15 and sides.max() <= 8 and sides.max() <= 5 * sides.min())


def _matches(query: Features, reference: Features) -> NDArray[np.int64]:
    """(n, 2) indices of keypoints that are each other's best, clearly."""
    if len(query) < MIN_INLIERS or len(reference) < MIN_INLIERS:
        return np.empty((0, 2), np.int64)
    words = (query.codes.view(np.uint64)[:, None], reference.codes.view(np.uint64)[None])
    distances = np.bitwise_count(words[0] ^ words[1]).sum(axis=2, dtype=np.int32)
    best = distances.argmin(axis=1)
    rows = np.arange(len(query))
    mutual = distances.argmin(axis=0)[best] == rows
    near = distances[rows, best]
    second = np.partition(distances, 1, axis=1)[:, 1]
    kept = mutual & (near <= MATCH_MAX) & (near <= RATIO * second)
    return np.stack([rows[kept], best[kept]], axis=1)


def _perspective(
    source: NDArray[np.float32], target: NDArray[np.float32]
) -> tuple[Matrix | None, int]:
    cv2.setRNGSeed(1)
    matrix, mask = cv2.findHomography(
        source, target, cv2.RANSAC, REPROJECTION, maxIters=_ITERATIONS
    )
    if matrix is None:
        return None, 0
    return np.asarray(matrix, np.float64), int(mask.sum())


def _from_unit(box: Box) -> Matrix:
    return np.array([[box.width, 0, box.left], [0, box.height, box.top], [0, 0, 1.0]])


def _turned(orientation: int) -> Matrix:
    """Where a point of the turned picture lies in the unturned one."""
    matrix = np.eye(3)
    if orientation & 1:
        matrix = np.array([[-1.0, 0, 1], [0, 1, 0], [0, 0, 1]]) @ matrix
    if orientation & 2:
        matrix = np.array([[1.0, 0, 0], [0, -1, 1], [0, 0, 1]]) @ matrix
    if orientation & 4:
        matrix = np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 1]]) @ matrix
    return matrix


def _small(grey: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Matrix]:
    """The picture shrunk for ECC, and the matrix from shares of its sides to its pixels."""
    height, width = grey.shape
    scale = min(1.0, _ECC_SIDE / max(height, width))
    size = (max(16, round(width * scale)), max(16, round(height * scale)))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), np.diag([float(size[0]), float(size[1]), 1.0])
