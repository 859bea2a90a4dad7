"""DCT hashes of a picture and of its parts, so that a crop can be found, in eight orientations.

Windows definition 1: grey, shrunk so that the longer side is at most 256 px (INTER_AREA); the
whole picture, 25 windows of 0.9 and 25 of 0.8 of each side; every window averaged down to 64 x 64,
its 16 x 16 lowest DCT coefficients split at their median (256 bits) and the 8 x 8 lowest at theirs
(64 bits). 51 windows are 2,040 bytes. Change anything here and WINDOWS_VERSION must go up.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

WINDOWS_VERSION = 1
MAX_SIDE = 256
SHARES = (0.9, 0.8)
PLACES = 5
ORIENTATIONS = 8
"""Orientation k = 4 * transposed + 2 * upside down + mirrored; 0 is the picture itself."""

_INPUT, _LOW, _LOWEST = 64, 16, 8

Codes = NDArray[np.uint64]
Grey = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a picture, in shares of its width and height from its upper left corner."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class WindowHashes:
    """Hashes of every box of ``BOXES``: (n,) 64-bit to find, (n, 4) 256-bit to confirm."""

    codes64: Codes
    codes256: Codes


WHOLE = Box(0.0, 0.0, 1.0, 1.0)
# Where the boxes begin and how much of a side they cover: the same along both sides.
SPANS = (
    (0.0, 1.0),
    *(((1 - share) * place / (PLACES - 1), share) for share in SHARES for place in range(PLACES)),
)
_PAIRS = (
    (0, 0),
    *(
        (1 + PLACES * size + row, 1 + PLACES * size + column)
        for size in range(len(SHARES))
        for row in range(PLACES)
        for column in range(PLACES)
    ),
)
_BLOCKS = tuple(np.array(_PAIRS).T)
BOXES = tuple(
    Box(SPANS[column][0], SPANS[row][0], SPANS[column][1], SPANS[row][1]) for row, column in _PAIRS
)
"""What hash number i is of; box 0 is the whole picture."""


def grey_of(pixels: NDArray[np.uint8], longest: int = MAX_SIDE) -> Grey:
    """RGB (h, w, 3) as grey (h', w') whose longer side is at most ``longest`` px."""
    grey = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    scale = longest / max(height, width)
    if scale < 1:
        size = (max(8, round(width * scale)), max(8, round(height * scale)))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return np.asarray(grey, np.uint8)


def coefficients(grey: Grey) -> NDArray[np.float32]:
    """The 16 x 16 lowest DCT coefficients of every box of ``BOXES``: (n, 16, 16).

    Shrinking by area and the DCT are both linear, so each box's coefficients are one block of
    (rows of operators) @ grey @ (columns of operators): two products for all boxes together.
    """
    height, width = grey.shape
    product = _operators(height) @ grey.astype(np.float32) @ _operators(width).T
    blocks = product.reshape(len(SPANS), _LOW, len(SPANS), _LOW)
    rows, columns = _BLOCKS
    return np.ascontiguousarray(blocks[rows, :, columns, :])


def hashes(found: NDArray[np.float32], orientation: int = 0) -> WindowHashes:
    """Hashes of the boxes after turning the picture; hash i is of box i of the unturned picture.

    Turning costs no second transform: mirroring changes the sign of every odd column of
    coefficients, turning upside down that of every odd row, transposing transposes.
    """
    turned = found.transpose(0, 2, 1) if orientation & 4 else found
    signs = np.where(np.arange(_LOW) % 2, -1, 1).astype(np.float32)
    if orientation & 2:
        turned = turned * signs[:, None]
    if orientation & 1:
        turned = turned * signs
    small = np.ascontiguousarray(turned[:, :_LOWEST, :_LOWEST])
    return WindowHashes(_split(small)[:, 0], _split(turned))


def window_hashes(pixels: NDArray[np.uint8]) -> WindowHashes:
    """What is stored for a sample, from RGB pixels (h, w, 3)."""
    return hashes(coefficients(grey_of(pixels)))


def turn(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """The picture in an orientation, as ``hashes`` numbers them."""
    turned = pixels.swapaxes(0, 1) if orientation & 4 else pixels
    if orientation & 2:
        turned = turned[::-1]
    return np.ascontiguousarray(turned[:, ::-1] if orientation & 1 else turned)


def pack(codes: WindowHashes) -> bytes:
    """As stored: first all 64-bit hashes, then all 256-bit ones, little-endian words."""
    return codes.codes64.astype("<u8").tobytes() + codes.codes256.astype("<u8").tobytes()


def unpack(data: bytes) -> WindowHashes:
    """Back from ``pack``. Raises ValueError when the length belongs to no number of windows."""
    if len(data) % 40:
        raise ValueError(f"{len(data)} bytes are not whole windows of 40")
    words = np.frombuffer(data, "<u8").astype(np.uint64)
    count = len(words) // 5
    return WindowHashes(words[:count], words[count:].reshape(count, 4))


@lru_cache(maxsize=64)
def _operators(length: int) -> NDArray[np.float32]:
    """Shrink each span of a side of ``length`` px to 64 values, transform: (spans * 16, length)."""
    k, n = np.arange(_LOW)[:, None], np.arange(_INPUT)[None]
    basis = np.cos(np.pi * k * (2 * n + 1) / (2 * _INPUT))
    stacked = [basis @ _area(start * length, share * length, length) for start, share in SPANS]
    return np.concatenate(stacked).astype(np.float32)


def _area(start: float, extent: float, length: int) -> NDArray[np.float64]:
    """Averages over 64 equal parts of [start, start + extent] of a row of pixels: (64, length)."""
    edges = start + extent * np.arange(_INPUT + 1) / _INPUT
    pixels = np.arange(length)
    covered = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return np.maximum(covered, 0) / (extent / _INPUT)


def _split(found: NDArray[np.float32]) -> Codes:
    """One bit per coefficient: above the median of its window or not. (n, words of 64 bits)."""
    flat = found.reshape(len(found), -1)
    half = flat.shape[1] // 2
    ordered = np.sort(flat, axis=1)  # ten times as fast as np.median here
    bits = flat > (ordered[:, half - 1 : half] + ordered[:, half : half + 1]) / 2
    return np.packbits(bits, axis=1).view("<u8").astype(np.uint64)
