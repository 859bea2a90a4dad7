"""The pictures that bulk listings share: a few hundred small scenes, drawn by rule."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from marketplace.gateways.blobs import BlobStore
from marketplace.images import read_upload
from marketplace.listings.operations import store_derivatives, store_original

SIDE = 256
_HUES = 6.0


@dataclass(frozen=True)
class Picture:
    """Stored files of one picture."""

    original_key: str
    derivatives: str
    """JSON, as in samples.derivatives."""


def store(blobs: BlobStore, count: int, seed: int) -> Iterator[Picture]:
    """Draw and store so many pictures; the same seed draws the same ones."""

    def one(number: int) -> Picture:
        buffer = BytesIO()
        draw(np.random.default_rng([seed, number])).save(buffer, "PNG")
        checked = read_upload(buffer.getvalue())
        return Picture(
            original_key=store_original(blobs, checked),
            derivatives=json.dumps(store_derivatives(blobs, checked.image)),
        )

    with ThreadPoolExecutor(4) as pool:  # writing each file durably is mostly waiting
        yield from pool.map(one, range(count))


def draw(random: np.random.Generator) -> Image.Image:
    """A sky, a sun and some hills in neighbouring colours: different enough to be told apart."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    hue, spread = random.uniform(0, _HUES), random.uniform(0.3, 1.4)
    pixels = _blend(_colour(hue, 0.95), _colour(hue + spread, 0.6), rows)
    centre, radius = random.uniform(0.2, 0.8, 2) * (1, 0.6), random.uniform(0.05, 0.16)
    sun = np.hypot(columns - centre[0], rows - centre[1]) < radius
    pixels[sun] = _colour(hue + _HUES / 2, 1.0)
    for layer in range(int(random.integers(2, 6))):
        height = 0.45 + 0.1 * layer + random.uniform(-0.05, 0.05)
        line = height + sum(
            random.uniform(0.01, 0.09)
            / wave
            * np.sin(columns * wave * random.uniform(3, 9) + random.uniform(0, 6))
            for wave in (1, 2, 3)
        )
        pixels[rows > line] = _colour(hue + spread * layer / 2, 0.75 - 0.13 * layer)
    grain = random.normal(0, 2.0, (SIDE, SIDE, 1))
    return Image.fromarray(np.clip(pixels * 255 + grain, 0, 255).astype(np.uint8), "RGB")


def _colour(hue: float, light: float) -> NDArray[np.float64]:
    """A soft colour; `hue` runs from 0 to 6 and round again."""
    turns = np.array([0.0, 2.0, 4.0]) + hue
    return (0.55 + 0.4 * np.cos(turns * np.pi / 3)) * max(light, 0.1)


def _blend(
    top: NDArray[np.float64], bottom: NDArray[np.float64], share: NDArray[np.float64]
) -> NDArray[np.float64]:
    return top + (bottom - top) * share[..., None]
