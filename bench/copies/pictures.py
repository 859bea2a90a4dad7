"""A thousand different pictures, reproducible by seed: drawings, textures, leaves, house scenes.

Every maker takes a random generator and gives RGB uint8 (height, width, 3). House scenes come in
families: one prompt, several seeds. Those are the hard negatives: alike, and no copies.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from house_model import grammar, world

Pixels = NDArray[np.uint8]
Maker = Callable[[np.random.Generator], Pixels]

SIZES = ((256, 256), (256, 320), (320, 256), (288, 288), (240, 360))
SEEDS_PER_PROMPT = 3
HOUSE_SHARE = 0.3


@dataclass(frozen=True)
class Picture:
    """One picture; pictures of the same ``family`` were made by one prompt from other seeds."""

    name: str
    family: str
    pixels: Pixels


def pictures(count: int, cache: Path, seed: int = 0) -> list[Picture]:
    """``count`` references: three tenths house scenes, the rest of every other kind in turn."""
    house = int(count * HOUSE_SHARE) // SEEDS_PER_PROMPT * SEEDS_PER_PROMPT
    found = list(house_scenes(house, cache, seed))
    kinds = list(MAKERS)
    for number in range(count - house):
        kind = kinds[number % len(kinds)]
        rng = np.random.default_rng([seed, number, 1])
        found.append(Picture(f"{kind} {number}", f"{kind} {number}", MAKERS[kind](rng)))
    return found


def strangers(count: int, seed: int = 0) -> list[Pixels]:
    """Pictures that are no references: what surrounds a copy in a collage."""
    kinds = list(MAKERS.values())
    return [
        kinds[number % len(kinds)](np.random.default_rng([seed, number, 2]))
        for number in range(count)
    ]


def house_scenes(count: int, cache: Path, seed: int = 0) -> Iterator[Picture]:
    """The drawn world of the house model: families of one prompt and other seeds, kept on disk."""
    cache.mkdir(parents=True, exist_ok=True)
    source = f"{_source_digest():08x}"
    for number in range(count):
        family = number // SEEDS_PER_PROMPT
        rng = random.Random(f"copies {seed} {family}")
        scene = replace(grammar.random_scene(rng), seed=number)
        path = cache / f"{source}-{seed}-{number}.png"
        if not path.exists():
            cv2.imwrite(str(path), cv2.cvtColor(world.render(scene), cv2.COLOR_RGB2BGR))
        pixels = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        yield Picture(f"house {number}", f"house {family}", np.asarray(pixels, np.uint8))


def _source_digest() -> int:
    """Changes whenever the house model's drawings may have changed."""
    folder = Path(world.__file__).parent
    names = ("world", "canvas", "colours", "frames", "grammar", "ridges", "sky", "subjects")
    return zlib.crc32(b"".join((folder / f"{n}.py").read_bytes() for n in names))


def drawing(rng: np.random.Generator) -> Pixels:
    """Flat shapes on a flat ground, as in posters and logos."""
    image = _ground(rng)
    height, width = image.shape[:2]
    for _ in range(rng.integers(6, 18)):
        colour = tuple(int(c) for c in rng.integers(0, 256, 3))
        centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        size = int(rng.integers(12, 90))
        shape = rng.integers(0, 4)
        if shape == 0:
            cv2.circle(image, centre, size // 2, colour, -1, cv2.LINE_AA)
        elif shape == 1:
            corner = (centre[0] + size, centre[1] + int(rng.integers(12, 90)))
            cv2.rectangle(image, centre, corner, colour, -1)
        elif shape == 2:
            points = (np.asarray(centre) + rng.integers(-size, size, (5, 2))).astype(np.int32)
            cv2.fillPoly(image, [points], colour, cv2.LINE_AA)
        else:
            end = (int(rng.integers(0, width)), int(rng.integers(0, height)))
            cv2.line(image, centre, end, colour, int(rng.integers(2, 10)), cv2.LINE_AA)
    return image


def texture(rng: np.random.Generator) -> Pixels:
    """Coloured 1/f noise, whose spectrum is that of photographs."""
    height, width = _size(rng)
    power = rng.uniform(0.9, 1.4)
    mixed = np.stack([_pink(rng, height, width, power) for _ in range(3)], -1)
    mixed = mixed @ rng.uniform(-0.4, 1.0, (3, 3))
    return _stretched(mixed)


def leaves(rng: np.random.Generator) -> Pixels:
    """Discs of all sizes hiding one another (the dead leaves model), shaded and grained."""
    image = _ground(rng).astype(np.float32)
    height, width = image.shape[:2]
    for _ in range(220):
        radius = int(np.clip(4 / rng.power(1.6), 4, 70))
        centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        colour = tuple(float(c) for c in rng.integers(20, 236, 3))
        axes = (radius, max(2, int(radius * rng.uniform(0.5, 1))))
        angle = float(rng.uniform(0, 180))
        cv2.ellipse(image, centre, axes, angle, 0, 360, colour, -1, cv2.LINE_AA)
    grain = _pink(rng, height, width, 0.7)[..., None] * 10
    return np.clip(image + grain, 0, 255).astype(np.uint8)


def landscape(rng: np.random.Generator) -> Pixels:
    """A smooth gradient with a few soft and a few sharp things in it."""
    height, width = _size(rng)
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    slope = rng.uniform(-1, 1, 2)
    ramp = (slope[0] * x + slope[1] * y)[..., None]
    colours = rng.integers(0, 256, (2, 3))
    image = colours[0] + (colours[1] - colours[0]) * (ramp - ramp.min()) / np.ptp(ramp)
    for _ in range(4):
        at, spread = rng.uniform(0.1, 0.9, 2), rng.uniform(0.05, 0.2)
        blob = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / spread**2)[..., None]
        image = image + blob * rng.uniform(-110, 110, 3)
    line = rng.uniform(0.5, 0.9) + 0.12 * _pink(rng, 1, width, 1.3)[0]
    image = np.where((y > line[None] * height / width)[..., None], rng.integers(0, 256, 3), image)
    for _ in range(rng.integers(2, 6)):
        top, left = rng.integers(0, height - 30), rng.integers(0, width - 30)
        down, right = rng.integers(8, 60, 2)
        image[top : top + down, left : left + right] = rng.integers(0, 256, 3)
    return np.clip(image, 0, 255).astype(np.uint8)


def tiles(rng: np.random.Generator) -> Pixels:
    """Soft coloured blocks of several sizes: a patchwork."""
    height, width = _size(rng)
    image = np.zeros((height, width, 3), np.float32)
    for cells in (4, 9, 20):
        blocks = rng.integers(0, 256, (cells, cells, 3)).astype(np.float32)
        how = cv2.INTER_CUBIC if rng.random() < 0.6 else cv2.INTER_NEAREST
        image += cv2.resize(blocks, (width, height), interpolation=how) / 3
    return _stretched(image)


MAKERS: dict[str, Maker] = {
    "drawing": drawing,
    "texture": texture,
    "leaves": leaves,
    "landscape": landscape,
    "tiles": tiles,
}


def _size(rng: np.random.Generator) -> tuple[int, int]:
    return SIZES[int(rng.integers(0, len(SIZES)))]


def _ground(rng: np.random.Generator) -> Pixels:
    return np.full((*_size(rng), 3), rng.integers(0, 256, 3), np.uint8)


def _pink(rng: np.random.Generator, height: int, width: int, power: float) -> NDArray[np.float64]:
    """1/f noise of mean 0 and deviation 1, (height, width)."""
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    frequency[0, 0] = 1
    spectrum = np.fft.rfft2(rng.standard_normal((height, width))) / frequency**power
    spectrum[0, 0] = 0
    field = np.fft.irfft2(spectrum, (height, width))
    return field / (field.std() + 1e-9)


def _stretched(values: NDArray[np.floating]) -> Pixels:
    low, high = np.percentile(values, (1, 99), axis=(0, 1))
    return np.clip((values - low) / (high - low + 1e-9) * 235 + 10, 0, 255).astype(np.uint8)
