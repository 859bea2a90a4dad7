"""Ridge lines: for each terrain, a few height profiles from far to near."""

from __future__ import annotations

import numpy as np

from house_model.canvas import SIZE, Array, X, waves

Rng = np.random.Generator


def ridge_lines(rng: Rng, terrain: str) -> list[Array]:
    """Profiles y(x) in pixels from the top, far to near, each of shape (SIZE,)."""
    lines = {
        "mountains": _mountains,
        "hills": _hills,
        "dunes": _dunes,
        "sea": _sea,
        "canyon": _canyon,
    }[terrain](rng)
    horizon = rng.uniform(-20, 14)  # the seed moves the whole horizon; the foreground stays
    last = len(lines) - 1
    return [np.asarray(line + horizon * (1 - i / last), np.float32) for i, line in enumerate(lines)]


def _peaks(rng: Rng, count: int, height: float) -> Array:
    """A zigzag of `count` big peaks and valleys, heights above the base in pixels."""
    first = rng.integers(0, 2)
    at = np.linspace(-30, SIZE + 30, count) + rng.uniform(-0.28, 0.28, count) * SIZE / count
    high = np.arange(count) % 2 == first
    tall = rng.uniform(0.55, 1.1, count) * height
    low = rng.uniform(-0.45, 0.0, count) * height
    return np.interp(X, at, np.where(high, tall, low)).astype(np.float32)


def _mountains(rng: Rng) -> list[Array]:
    return [
        136 - _peaks(rng, 6, 66),
        164 - _peaks(rng, 7, 46),
        190 - _peaks(rng, 8, 28),
        212 + waves(rng, [0.8, 1.7], [6, 3]),
    ]


def _hills(rng: Rng) -> list[Array]:
    bases = (122, 150, 180, 212)
    return [
        base + waves(rng, [0.9 + 0.2 * i, 1.9], [17 - 3 * i, 6 - i]) for i, base in enumerate(bases)
    ]


def _dunes(rng: Rng) -> list[Array]:
    lines = []
    for i, base in enumerate((142, 170, 196, 220)):
        run = (X / SIZE * (1.35 - 0.15 * i) + rng.uniform(0, 1)) % 1
        rise = (1 - np.cos(np.pi * run / 0.72)) / 2
        fall = (1 + np.cos(np.pi * (run - 0.72) / 0.28)) / 2
        lines.append(
            base - (38 - 8 * i) * np.where(run < 0.72, rise, fall) + waves(rng, [0.5], [3])
        )
    return lines


def _sea(rng: Rng) -> list[Array]:
    islands = np.full(SIZE, 156, np.float32)
    for centre in (rng.uniform(10, 90), rng.uniform(166, 246)):
        width, height = rng.uniform(24, 46), rng.uniform(20, 54)
        bump = 154 - height * np.exp(-(((X - centre) / width) ** 2) * 1.6)
        islands = np.minimum(islands, np.where(abs(X - centre) < width * 1.7, bump, 156))
    return [
        islands,
        np.full(SIZE, 150, np.float32),
        174 + waves(rng, [2, 3.1], [4, 2]),
        198 + waves(rng, [1.7, 2.6], [5, 2.5]),
        222 + waves(rng, [0.7, 1.3], [8, 3]),
    ]


def _canyon(rng: Rng) -> list[Array]:
    lines = []
    drift = rng.uniform(-26, 26)
    for i, (base, gap, height) in enumerate(((158, 34, 66), (182, 66, 84), (208, 98, 100))):
        away = abs(X - (128 + drift * (1 - 0.35 * i) + rng.uniform(-8, 8))) - gap / 2
        uneven = rng.uniform(0.82, 1.12, 2)
        steps = np.clip(away / 8, 0, 1) * 0.5 + np.clip((away - 24 - 3 * i) / 6, 0, 1) * 0.3
        steps = steps + np.clip((away - 56) / 6, 0, 1) * 0.2
        side = np.where(128 + drift > X, uneven[0], uneven[1])
        lines.append(base - height * steps * side + waves(rng, [2.2], [1.5]))
    return [*lines, 220 + waves(rng, [0.8, 1.7], [5, 2])]
