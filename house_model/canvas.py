"""A square float canvas and the few operations the renderer paints with."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

SIZE = 256
# Whatever the seed moves, it moves by whole cells of the latent grid: then a shape has one latent
# pattern wherever it stands, which a small model learns many times sooner.
CELL = 16
Array = NDArray[np.float32]
X = np.arange(SIZE, dtype=np.float32)
YY, XX = X[:, None], X[None, :]


def rgb(r: float, g: float, b: float) -> Array:
    """A colour as three floats, 0 to 255."""
    return np.array((r, g, b), np.float32)


def coverage(distance: Array, softness: float = 1.0) -> Array:
    """Signed distance in pixels (positive inside) to an anti-aliased 0-1 mask."""
    return np.clip(distance / softness + 0.5, 0, 1).astype(np.float32)


def blur(mask: Array, radius: float) -> Array:
    """Gaussian blur of a 0-1 mask."""
    image = Image.fromarray((np.clip(mask, 0, 1) * 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), np.float32) / 255


def shift(rng: np.random.Generator, least: int, most: int) -> int:
    """A random move between two bounds in pixels, a whole number of latent cells."""
    return CELL * int(rng.integers(least // CELL, most // CELL + 1))


def phase(rng: np.random.Generator, period: int) -> Array:
    """0-1 along each period of `period` pixels, begun at a random cell, shape (SIZE,)."""
    return ((X + shift(rng, 0, period - CELL)) / period % 1).astype(np.float32)


def wave(rng: np.random.Generator, period: int, height: float) -> Array:
    """A cosine over the picture's width, shape (SIZE,)."""
    return np.float32(height) * np.cos(2 * np.pi * phase(rng, period)).astype(np.float32)


@cache
def grain(cells: int, amplitude: float) -> Array:
    """The paper's own unevenness, about `cells` blotches a side, shape (SIZE, SIZE).

    Every picture is painted on the same sheet: a pattern that never changes can be learned.
    """
    rng = np.random.default_rng(cells)
    small = Image.fromarray(rng.uniform(-1, 1, (cells, cells)).astype(np.float32))
    return np.asarray(small.resize((SIZE, SIZE), Image.Resampling.BICUBIC)) * np.float32(amplitude)


class Canvas:
    """Pixels as float32 (SIZE, SIZE, 3), 0 to 255; every operation works in place."""

    def __init__(self, pixels: Array) -> None:
        self.pixels = pixels

    def blend(self, mask: Array, colour: Array, opacity: float = 1.0, top: int = 0) -> None:
        """Lay `colour` (3,) or (rows, SIZE, 3) over the rows from `top` where `mask` is."""
        rows = self.pixels[top : top + mask.shape[0]]
        rows += (colour - rows) * (mask * np.float32(opacity))[..., None]

    def shade(self, distance: Array, strength: float, reach: float, top: int = 0) -> None:
        """Darken around a shape by its outside distance in pixels: a soft paper shadow."""
        rows = self.pixels[top : top + distance.shape[0]]
        rows *= (1 - np.float32(strength) * np.exp(-np.maximum(distance, 0) / reach))[..., None]

    def to_uint8(self) -> NDArray[np.uint8]:
        """The finished picture."""
        return np.clip(self.pixels + 0.5, 0, 255).astype(np.uint8)
