"""Whether two pictures laid over each other are one: local correlation, block by block.

Two pictures of one prompt share sky, frame and figure, and local features match on them. So the
whole overlap has to agree: a copy differs nowhere, or within one patch (a sticker, a caption),
while another seed differs along every edge that moved.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.search.geometry import Matrix

SIDE = 256
_GLANCE = 64
BLOCK, STRIDE = 17, 8
AGREE, STRICT = 0.6, 0.85
"""Correlation from which a block shows the same thing, and from which it does so exactly."""
KEPT, LOST = 0.65, 0.4
"""Share of a block's edges that is still there: enough to speak of something painted over it, and
so little that its edges are gone."""
FAINT_SHARE = 0.15
"""Of the picture's own contrast: a block that deviates less shows nothing."""
_FAINTEST = 3.0
"""The same in grey levels."""
_SMOOTH, _SHADING = 1.2, 41
_DARKEST, _BRIGHTEST = 3.0, 252.0
"""Levels beyond which a block without deviation was clipped, so that nothing can be missed."""
_SAME_ANGLE = 0.9
_SAME_GAIN, _SAME_LEVEL = 0.07, 6.0


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two laid-over pictures agree; shares are of the blocks that show something.

    overlap: share of the reference that is visible. blocks: how many show something in either.
    missing: share where the query lacks what the reference shows. lost: share of the reference's
    edges, by strength, in blocks where they are gone. added: share where the query only shows
    more (a watermark, lettering). inexact: share that is not the same exactly. outside: share of
    missing and added blocks outside the one patch of a third of each side that holds most.
    same_tones: brightness and contrast were left alone.
    """

    overlap: float
    blocks: int = 0
    missing: float = 1.0
    lost: float = 1.0
    added: float = 0.0
    inexact: float = 1.0
    outside: float = 1.0
    same_tones: bool = True

    @property
    def score(self) -> float:
        """One number to rank by: 1 where everything agrees."""
        return 1.0 - 0.5 * self.lost - 0.4 * self.missing - 0.1 * self.added


NOTHING = Agreement(0.0)


def resemblance(query: NDArray[np.uint8], reference: NDArray[np.uint8], placement: Matrix) -> float:
    """A glance before ``agreement``, at a twentieth of its cost: correlation at 64 px, 0 to 1."""
    flat = _shrunk(reference, _GLANCE)
    laid, seen = _laid(query, placement, flat.shape[1], flat.shape[0])
    if seen.mean() < 0.02:
        return 0.0
    chosen = seen.astype(bool)
    mask = seen.astype(np.float32)
    ours = _detail(laid, mask, 15)[chosen]
    theirs = _detail(flat.astype(np.float32), mask, 15)[chosen]
    return abs(float(np.corrcoef(ours, theirs)[0, 1])) if ours.std() * theirs.std() > 0.1 else 0.0


def agreement(
    query: NDArray[np.uint8], reference: NDArray[np.uint8], placement: Matrix
) -> Agreement:
    """Lay the query over the reference (grey, any sizes) and compare wherever both are."""
    flat = _shrunk(reference, SIDE)
    height, width = flat.shape
    laid, seen = _laid(query, placement, width, height)
    across = slice(BLOCK // 2, width - BLOCK // 2, STRIDE)
    grid = (slice(BLOCK // 2, height - BLOCK // 2, STRIDE), across)
    whole = cv2.erode(seen, np.ones((BLOCK, BLOCK), np.uint8))[grid].astype(bool)
    overlap = float(seen.mean())
    if whole.mean() < 0.02:
        return NOTHING
    mask = seen.astype(np.float32)
    ours, theirs = _detail(laid, mask), _detail(flat.astype(np.float32), mask)
    correlation, var_q, var_r = _correlation(ours, theirs, grid)
    # Brightness and contrast may have been changed: the query's deviations are brought to scale.
    contrast = float(var_r[whole].mean())
    gain = np.float32(np.sqrt((contrast + 1e-3) / (float(var_q[whole].mean()) + 1e-3)))
    # In a picture of strong contrasts, a faint texture (noise, grain) says nothing either way.
    faintest = max(_FAINTEST, FAINT_SHARE * np.sqrt(contrast)) ** 2
    level = _mean(laid, grid)
    blown = ((level < _DARKEST) | (level > _BRIGHTEST)) & (var_q < 1)
    shown = (var_r > faintest) & whole & ~blown
    telling = shown | ((var_q * gain**2 > faintest) & whole & ~blown)
    count = int(telling.sum())
    if count == 0:
        return Agreement(overlap)
    differs = telling & (correlation < AGREE)
    kept = _kept(ours * gain, theirs, grid)
    missing = int((differs & shown & (kept < KEPT)).sum())
    strength = np.minimum(np.sqrt(var_r), 2 * np.sqrt(contrast)) * shown
    offset = float((laid - flat)[seen.astype(bool)].mean())
    return Agreement(
        overlap=overlap,
        blocks=count,
        missing=missing / count,
        lost=float((strength * (kept < LOST)).sum() / (strength.sum() + 1e-6)),
        added=(int(differs.sum()) - missing) / count,
        inexact=int((telling & (correlation < STRICT)).sum()) / count,
        outside=_outside(differs) / count,
        same_tones=abs(float(gain) - 1) < _SAME_GAIN and abs(offset) < _SAME_LEVEL,
    )


def _laid(
    query: NDArray[np.uint8], placement: Matrix, width: int, height: int
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """The query as the reference's pixels see it, and where it has pixels at all."""
    # Shrunk first to about the reference's scale, so that sampling it does not alias.
    corners = np.array([[[0, 0], [1, 0], [0, 1]]], np.float64)
    at = cv2.perspectiveTransform(corners, placement)[0] * query.shape[::-1]
    extent = max(np.linalg.norm(at[1] - at[0]) / width, np.linalg.norm(at[2] - at[0]) / height)
    shrunk = _shrunk(query, max(32, round(max(query.shape) / max(1.0, extent))))
    to_pixels = np.diag([float(shrunk.shape[1]), float(shrunk.shape[0]), 1.0])
    matrix = _centred(to_pixels @ placement @ np.diag([1 / width, 1 / height, 1.0]))
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid = cv2.warpPerspective(shrunk, matrix, (width, height), flags=how)
    inside = np.full(shrunk.shape, 255, np.uint8)
    seen = cv2.warpPerspective(inside, matrix, (width, height), flags=how)
    return laid.astype(np.float32), (seen > 250).astype(np.uint8)


def _centred(matrix: Matrix) -> Matrix:
    """From coordinates whose pixels begin at whole numbers to OpenCV's, where they centre there."""
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    moved: Matrix = np.linalg.inv(half) @ matrix @ half
    return moved


def _detail(
    grey: NDArray[np.float32], mask: NDArray[np.float32], reach: int = _SHADING
) -> NDArray[np.float32]:
    """The picture without its finest grain and without slow shading (a vignette, a glow)."""
    fine = cv2.GaussianBlur(grey, (0, 0), _SMOOTH)
    size = (reach, reach)
    # Means of what both pictures show, so that the edge of a crop is no detail.
    slow = cv2.boxFilter(fine * mask, -1, size) / (cv2.boxFilter(mask, -1, size) + 1e-3)
    return np.asarray(fine - slow, np.float32)


def _mean(values: NDArray[np.float32], grid: tuple[slice, slice]) -> NDArray[np.float32]:
    return np.asarray(cv2.boxFilter(values, -1, (BLOCK, BLOCK))[grid], np.float32)


def _correlation(
    a: NDArray[np.float32], b: NDArray[np.float32], grid: tuple[slice, slice]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Per block: correlation without its sign (an inverted edge is an edge), both variances."""
    mean_a, mean_b = _mean(a, grid), _mean(b, grid)
    var_a = np.maximum(_mean(a * a, grid) - mean_a**2, 0)
    var_b = np.maximum(_mean(b * b, grid) - mean_b**2, 0)
    covariance = _mean(a * b, grid) - mean_a * mean_b
    return np.abs(covariance) / np.sqrt(var_a * var_b + 1e-2), var_a, var_b


def _kept(
    ours: NDArray[np.float32], theirs: NDArray[np.float32], grid: tuple[slice, slice]
) -> NDArray[np.float32]:
    """Per block, how much of the reference's edges the query has at the same place and angle."""
    ax, ay = (cv2.Scharr(ours, cv2.CV_32F, *way) for way in ((1, 0), (0, 1)))
    bx, by = (cv2.Scharr(theirs, cv2.CV_32F, *way) for way in ((1, 0), (0, 1)))
    strength_a, strength_b = np.sqrt(ax * ax + ay * ay), np.sqrt(bx * bx + by * by)
    along = np.abs(ax * bx + ay * by) >= _SAME_ANGLE * strength_a * strength_b
    there = along & (strength_a >= 0.3 * strength_b)
    found = _mean(np.where(there, strength_b, 0).astype(np.float32), grid)
    return found / (_mean(strength_b, grid) + 1e-6)


def _outside(differs: NDArray[np.bool_]) -> float:
    """How many differing blocks lie outside the best patch of a third of each side."""
    rows, columns = differs.shape
    patch = (max(1, round(columns / 3)), max(1, round(rows / 3)))
    kept = cv2.boxFilter(
        differs.astype(np.float32), -1, patch, normalize=False, borderType=cv2.BORDER_CONSTANT
    )
    return float(max(0.0, differs.sum() - kept.max()))


def _shrunk(grey: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    height, width = grey.shape
    scale = longest / max(height, width)
    if scale >= 1:
        return grey
    size = (max(16, round(width * scale)), max(16, round(height * scale)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
