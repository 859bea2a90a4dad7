"""Pictures with something in them, for whatever looks at pixels."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


def leaves(seed: int, height: int = 256, width: int = 256) -> Pixels:
    """Discs of all sizes hiding one another: edges and corners everywhere, as in photographs."""
    rng = np.random.default_rng(seed)
    image = np.full((height, width, 3), rng.integers(0, 256, 3), np.uint8)
    for _ in range(200):
        radius = int(np.clip(4 / rng.power(1.6), 4, 60))
        centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        colour = tuple(int(value) for value in rng.integers(20, 236, 3))
        cv2.circle(image, centre, radius, colour, -1, cv2.LINE_AA)
    return image


def cropped(pixels: Pixels, share: float, left: float = 0.5, top: float = 0.5) -> Pixels:
    """``share`` of each side cut away; left and top say where the rest begins (0 to 1)."""
    height, width = pixels.shape[:2]
    y, x = round(height * share * top), round(width * share * left)
    down, across = round(height * (1 - share)), round(width * (1 - share))
    return np.ascontiguousarray(pixels[y : y + down, x : x + across])


def captioned(pixels: Pixels, text: str = "when it just works") -> Pixels:
    """With a white bar above that says something."""
    height, width = pixels.shape[:2]
    bar = np.full((height // 5, width, 3), 255, np.uint8)
    cv2.putText(bar, text, (10, height // 8), 0, 0.6, (10, 10, 10), 1, cv2.LINE_AA)
    return np.vstack([bar, pixels])


def rotated(pixels: Pixels, degrees: float) -> Pixels:
    """Turned about its middle, the corners black."""
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    return np.asarray(cv2.warpAffine(pixels, matrix, (width, height)), np.uint8)
