"""How a picture looks, as numbers: where its colours lie and which way its edges run.

In the manner of MPEG-7's colour layout and edge histogram (ISO/IEC 15938-3). It knows nothing of
what is in a picture: a red boat and a red barn in the same place look alike to it. An image encoder
that does know can take its place (setting IMAGE_ENCODER).
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from marketplace.search.models import LOOK_DIMENSIONS

if TYPE_CHECKING:
    from PIL import Image

    from marketplace.settings import Settings

Vector = NDArray[np.float32]
SIDE = 120
LAYOUT, CELLS, BINS = 6, 4, 8
_COLOUR_WEIGHT, _EDGE_WEIGHT = 1.5, 1.0
_LAB_RANGE = 100.0
_EVEN = 1.0
"""Below this mean gradient (8-bit levels a pixel) a cell is even and has no direction."""


class ImageEncoder(Protocol):
    """Turns pictures into vectors whose Euclidean distance grows with unlikeness."""

    name: str
    """At most 40 characters; changes whenever its vectors do."""
    reach: float
    """Distance beyond which two pictures are not alike at all."""

    def encode(self, image: Image.Image) -> Vector:
        """An RGB picture as at most 512 numbers."""


class Look:
    """Bracket's own: 108 numbers of colour, 128 of edges. The same on every machine."""

    name = "bracket-look-1"
    reach = 0.6

    def encode(self, image: Image.Image) -> Vector:
        """See the module. Raises ValueError for a picture that is not RGB."""
        import cv2  # half of a second that only who searches by pictures pays

        if image.mode != "RGB":
            raise ValueError(f"expected an RGB image, got {image.mode}")
        pixels = cv2.resize(np.asarray(image), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        layout = cv2.resize(lab, (LAYOUT, LAYOUT), interpolation=cv2.INTER_AREA)
        colours = layout.ravel() / _LAB_RANGE / LAYOUT * _COLOUR_WEIGHT
        grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        edges = np.sqrt(_edges(grey)) / CELLS * _EDGE_WEIGHT
        return np.concatenate([colours, edges]).astype(np.float32)


def padded(vector: Vector) -> list[float]:
    """As it is stored: filled with noughts, which changes no distance.

    Raises ValueError for a vector that is too long.
    """
    if vector.ndim != 1 or vector.size > LOOK_DIMENSIONS:
        raise ValueError(f"expected at most {LOOK_DIMENSIONS} numbers")
    return [*vector.tolist(), *([0.0] * (LOOK_DIMENSIONS - vector.size))]


@cache
def _named(path: str) -> ImageEncoder:
    module, _, name = path.partition(":")
    made: ImageEncoder = getattr(import_module(module), name)()
    return made


def image_encoder_of(settings: Settings) -> ImageEncoder:
    """The encoder of the settings, made once in a process.

    Raises ImportError, AttributeError when IMAGE_ENCODER names nothing.
    """
    return _named(settings.image_encoder or f"{__name__}:Look")


def _edges(grey: NDArray[np.uint8]) -> Vector:
    """Share of each orientation in each cell's edges, (CELLS · CELLS · BINS,)."""
    import cv2

    levels = grey.astype(np.float32)
    across = cv2.Sobel(levels, cv2.CV_32F, 1, 0, ksize=3) / 8
    down = cv2.Sobel(levels, cv2.CV_32F, 0, 1, ksize=3) / 8
    magnitude = np.hypot(across, down)
    # Opposite directions are one edge: orientations run over half a turn.
    turn = np.mod(np.arctan2(down, across), np.pi) / np.pi
    bins = np.minimum((turn * BINS).astype(np.int64), BINS - 1)
    size = SIDE // CELLS
    rows, columns = np.indices((SIDE, SIDE)) // size
    index = (rows * CELLS + columns) * BINS + bins
    sums = np.bincount(index.ravel(), magnitude.ravel(), CELLS * CELLS * BINS)
    cells = sums.reshape(CELLS * CELLS, BINS)
    # An even cell stays near nought instead of being blown up to a histogram of noise.
    totals = np.maximum(cells.sum(axis=1, keepdims=True), _EVEN * size * size)
    return np.asarray(cells / totals, dtype=np.float32).ravel()
