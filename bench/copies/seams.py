"""Seam carving: narrows a picture by taking out the paths that nobody misses.

Avidan and Shamir, "Seam carving for content-aware image resizing" (SIGGRAPH 2007).
"""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray


def without_seams(pixels: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
    """The RGB picture without that share of its width."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    kept = _carve(grey, int(pixels.shape[1] * share))
    return np.take_along_axis(pixels, kept[..., None], axis=1)


@njit(cache=True)
def _carve(grey, count):  # type: ignore[no-untyped-def]
    """Columns of every row that remain: (height, width - count)."""
    height, width = grey.shape
    kept = np.empty((height, width), np.int64)
    for y in range(height):
        for x in range(width):
            kept[y, x] = x
    cost = np.empty((height, width), np.float32)
    for _ in range(count):
        for y in range(height):
            for x in range(width):
                here = grey[y, x]
                right, below = grey[y, min(x + 1, width - 1)], grey[min(y + 1, height - 1), x]
                cost[y, x] = abs(right - here) + abs(below - here)
                if y > 0:
                    best = cost[y - 1, x]
                    if x > 0:
                        best = min(best, cost[y - 1, x - 1])
                    if x < width - 1:
                        best = min(best, cost[y - 1, x + 1])
                    cost[y, x] += best
        x = np.argmin(cost[height - 1, :width])
        for y in range(height - 1, -1, -1):
            for column in range(x, width - 1):
                grey[y, column], kept[y, column] = grey[y, column + 1], kept[y, column + 1]
            if y > 0:
                nearest = x
                for step in (-1, 1):
                    if 0 <= x + step < width and cost[y - 1, x + step] < cost[y - 1, nearest]:
                        nearest = x + step
                x = nearest
        width -= 1
    return kept[:, :width].copy()
