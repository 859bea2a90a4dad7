"""A picture's style in 320 numbers: where its colours lie, and which way its edges run.

Two classical descriptors in the manner of MPEG-7's colour layout and edge histogram (ISO/IEC
15938-3): mean CIELAB colours on an 8 × 8 grid, and histograms of gradient orientation on a
4 × 4 grid, weighted by magnitude. Hand-made, so the same on every machine; it knows nothing of
what is in a picture.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 128
LAYOUT, CELLS, BINS = 8, 4, 8
_COLOURS = LAYOUT * LAYOUT * 3
LENGTH = _COLOURS + CELLS * CELLS * BINS
_LAB_RANGE = 100.0
# Below this mean gradient (of 8-bit grey levels per pixel) a cell is even, and has no direction.
_EVEN = 1.0
FLAT_DEVIATION = 2.0
"""Standard deviation, in 8-bit levels, under which a picture shows nothing."""


def descriptor(image: Image.Image) -> NDArray[np.float32]:
    """Style descriptor of an RGB picture, float32 (320,). Raises ValueError for other modes."""
    pixels = _pixels(image)
    return np.concatenate([_colours(pixels), _edges(pixels)]).astype(np.float32)


def pack(values: NDArray[np.float32]) -> bytes:
    """As it is stored: little-endian float32."""
    return values.astype("<f4").tobytes()


def unpack(data: bytes) -> NDArray[np.float32]:
    """A stored descriptor. Raises ValueError for another length."""
    values = np.frombuffer(data, dtype="<f4")
    if values.shape != (LENGTH,):
        raise ValueError(f"expected {LENGTH} numbers, got {values.size}")
    return values.astype(np.float32)


def distance(a: bytes, b: bytes) -> float:
    """Between two stored descriptors, symmetric, 0 (alike) to 1: the mean of both halves.

    Colours: root mean square difference in CIELAB over its range of 100. Edges: half the summed
    absolute difference of the histograms, averaged over the cells.
    """
    one, other = unpack(a), unpack(b)
    colours = float(np.sqrt(np.mean((one[:_COLOURS] - other[:_COLOURS]) ** 2)))
    edges = float(np.abs(one[_COLOURS:] - other[_COLOURS:]).sum() / 2 / CELLS**2)
    return (min(1.0, colours) + min(1.0, edges)) / 2


def is_flat(image: Image.Image) -> bool:
    """True for a picture of one colour (a model that computed nothing leaves black, say)."""
    return float(_pixels(image).astype(np.float32).std(axis=(0, 1)).max()) < FLAT_DEVIATION


def _pixels(image: Image.Image) -> NDArray[np.uint8]:
    if image.mode != "RGB":
        raise ValueError(f"expected an RGB image, got {image.mode}")
    return np.asarray(
        cv2.resize(np.asarray(image), (SIDE, SIDE), interpolation=cv2.INTER_AREA), dtype=np.uint8
    )


def _colours(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    lab = cv2.cvtColor(pixels.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    grid = cv2.resize(lab, (LAYOUT, LAYOUT), interpolation=cv2.INTER_AREA)
    return np.asarray(grid, dtype=np.float32).ravel() / _LAB_RANGE


def _edges(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    across = cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=3) / 8
    down = cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=3) / 8
    magnitude = np.hypot(across, down)
    # Opposite directions are one edge: orientations run over half a turn.
    turn = np.mod(np.arctan2(down, across), np.pi) / np.pi
    bins = np.minimum((turn * BINS).astype(np.int64), BINS - 1)
    size = SIDE // CELLS
    rows, columns = np.indices((SIDE, SIDE)) // size
    index = (rows * CELLS + columns) * BINS + bins
    sums = np.bincount(index.ravel(), magnitude.ravel(), CELLS * CELLS * BINS)
    cells = sums.reshape(CELLS * CELLS, BINS)
    # An even cell stays near nought instead of being blown up to a full histogram of noise.
    totals = np.maximum(cells.sum(axis=1, keepdims=True), _EVEN * size * size)
    return np.asarray(cells / totals, dtype=np.float32).ravel()
