"""Where a picture really begins: uniform borders, letterboxes and caption bars taken off."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.fingerprints.windows import Box

PLAIN, CAPTION = 0.97, 0.5
"""Share of a line that must have the border's colour: all but specks, or all but lettering."""
MAX_TRIM = 0.45
"""Of a side's length, at each end."""
MIN_TRIM, MAX_TRIMMED = 0.01, 0.8
"""Of a side, at both ends together: less is no border, and more leaves no picture."""
_SIDE = 192
_TOLERANCE = 14.0
_CLEAR_LINES = 2


def trims(pixels: NDArray[np.uint8]) -> list[Box]:
    """Parts of the RGB picture (h, w, 3) without its border: none, one or two different ones.

    The first takes off what is of one colour, the second bars with lettering as well. A plain
    ground belongs to many pictures, so these are further questions to ask and no better picture.
    """
    height, width = pixels.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    found: list[Box] = []
    for share in (PLAIN, CAPTION):
        box = _inside(small, share)
        if box is not None and box not in found:
            found.append(box)
    return found


def cut(pixels: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """The part of the picture in the box, at least 8 px a side."""
    height, width = pixels.shape[:2]
    top, left = round(box.top * height), round(box.left * width)
    bottom = max(round((box.top + box.height) * height), top + 8)
    right = max(round((box.left + box.width) * width), left + 8)
    return np.ascontiguousarray(pixels[top:bottom, left:right])


def _inside(small: NDArray[np.float32], share: float) -> Box | None:
    height, width = small.shape[:2]
    top, bottom = _lines(small, share), _lines(small[::-1], share)
    if top + bottom > height * MAX_TRIMMED:
        return None
    sideways = small[top : height - bottom].swapaxes(0, 1)
    left, right = _lines(sideways, share), _lines(sideways[::-1], share)
    if left + right > width * MAX_TRIMMED:
        return None
    if max(top, bottom) < MIN_TRIM * height and max(left, right) < MIN_TRIM * width:
        return None
    return Box(
        left / width,
        top / height,
        (width - left - right) / width,
        (height - top - bottom) / height,
    )


def _lines(lines: NDArray[np.float32], share: float) -> int:
    """How many lines from the first on are border.

    Each has enough of the first line's colour, and the last one is plain: lettering in a bar
    ends in a clear line, while a picture on a plain ground thins out slowly.
    """
    colour = np.median(lines[0], axis=0)
    if (np.abs(lines[0] - colour).max(axis=1) <= _TOLERANCE).mean() < PLAIN:
        return 0  # a picture begins here, as most do
    most = int(len(lines) * MAX_TRIM)
    alike = (np.abs(lines[:most] - colour).max(axis=2) <= _TOLERANCE).mean(axis=1)
    below = np.flatnonzero(alike < share)
    end = int(below[0]) if below.size else most
    if share < PLAIN:
        plain = np.flatnonzero(alike[:end] >= PLAIN)
        end = int(plain[-1]) + 1 if plain.size >= _CLEAR_LINES else 0
    return end
