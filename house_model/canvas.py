"""A square float canvas and the few operations the renderer paints with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

SIZE = 256
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


def waves(rng: np.random.Generator, frequencies: list[float], heights: list[float]) -> Array:
    """A sum of cosines over the picture's width with random phases, shape (SIZE,)."""
    total = np.zeros(SIZE, np.float32)
    for frequency, height in zip(frequencies, heights, strict=True):
        phase = rng.uniform(0, 2 * np.pi)
        total += np.float32(height) * np.cos(2 * np.pi * frequency * X / SIZE + phase)
    return total


def mottle(rng: np.random.Generator, cells: int, amplitude: float) -> Array:
    """Smooth two-dimensional noise with about `cells` blotches a side, shape (SIZE, SIZE)."""
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
