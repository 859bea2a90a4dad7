"""Ridge lines: for each terrain, a few height profiles from far to near."""

from __future__ import annotations

import numpy as np

from house_model.canvas import SIZE, Array, X, phase, shift, wave

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
    horizon = shift(rng, -16, 16)  # the seed moves the whole horizon; the foreground stays
    return [np.asarray(line + horizon, np.float32) for line in lines[:-1]] + [lines[-1]]


# Each terrain has a shape of its own that is still told at thumbnail size.


def _zigzag(rng: Rng, period: int, height: float) -> Array:
    """Equal triangles `period` pixels wide and `height` pixels tall."""
    return (height * (1 - np.abs(2 * phase(rng, period) - 1))).astype(np.float32)


def _mountains(rng: Rng) -> list[Array]:
    return [164 - _zigzag(rng, 160, 104), 196 - _zigzag(rng, 112, 50), _ground(rng)]


def _hills(rng: Rng) -> list[Array]:
    return [138 + wave(rng, 256, 24), 174 + wave(rng, 192, 16), _ground(rng)]


def _dunes(rng: Rng) -> list[Array]:
    far, near = _crest(phase(rng, 208)), _crest(phase(rng, 256))
    return [158 - 46 * far, 192 - 36 * near, _ground(rng)]


def _crest(run: Array) -> Array:
    """A dune's height (0-1) along its length: a long windward rise, a short lee."""
    rise = np.minimum(run / 0.7, 1) ** 1.5
    return np.where(run < 0.7, rise, 1 - (run - 0.7) / 0.3).astype(np.float32)


def _sea(rng: Rng) -> list[Array]:
    centre = shift(rng, 32, 64)
    at = centre if rng.random() < 0.5 else SIZE - centre
    island = 154 - 44 * np.exp(-(((X - at) / 34) ** 2) * 1.6)
    far = np.where(abs(X - at) < 58, island, 158).astype(np.float32)
    return [far, np.full(SIZE, 150, np.float32), _ground(rng)]


def _canyon(rng: Rng) -> list[Array]:
    lines = []
    middle = 128 + shift(rng, -32, 32)
    for base, gap, height in ((168, 48, 88), (204, 112, 104)):
        away = abs(X - middle) - gap / 2
        steps = np.clip(away / 8, 0, 1) * 0.55 + np.clip((away - 24) / 6, 0, 1) * 0.3
        steps = steps + np.clip((away - 52) / 6, 0, 1) * 0.15
        lines.append((base - height * steps).astype(np.float32))
    return [*lines, _ground(rng)]


def _ground(rng: Rng) -> Array:
    return 214 + wave(rng, 256, 6)
