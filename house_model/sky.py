"""Everything above the land: the sky's bands, sun and moons, clouds, lightning, aurora."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from house_model.canvas import (
    SIZE,
    XX,
    YY,
    Array,
    Canvas,
    blur,
    coverage,
    grain,
    phase,
    rgb,
    shift,
    wave,
)
from house_model.colours import DARK_TIMES, PALETTES, sky_colours
from house_model.grammar import Scene

_SUN = {"noon": rgb(255, 206, 70), "dawn": rgb(255, 190, 92), "dusk": rgb(255, 150, 70)}
_CRESCENT = rgb(255, 214, 112)
_STARS = ((-1.9, -0.3), (-1.35, 0.95), (1.5, -0.75), (1.75, 0.55))  # in radii from its centre
_MOON, _CRATER = rgb(252, 247, 228), rgb(226, 216, 192)


def paint_sky(rng: np.random.Generator, scene: Scene, at: tuple[float, float]) -> Canvas:
    """A new canvas with the whole sky; `at` is the celestial body's centre in pixels."""
    top, horizon = sky_colours(scene.time, scene.palette)
    fall = np.clip(YY / 165, 0, 1)
    if scene.style == "poster":
        fall = np.clip(np.floor(fall * 4.99) / 4.4, 0, 1)
    pixels = (top * (1 - fall[..., None]) + horizon * fall[..., None]) * np.ones((1, SIZE, 1))
    pixels = pixels.astype(np.float32)
    if scene.style == "watercolour":
        pixels = pixels * 0.80 + rgb(251, 247, 240) * 0.20
        pixels = pixels * (1 + grain(5, 0.08) + grain(9, 0.04))[..., None]
    canvas = Canvas(pixels)
    if scene.style == "paper-cut":
        _paper_layers(rng, canvas, scene, horizon, at)
    if scene.time == "northern lights":
        _aurora(rng, canvas)
    if scene.celestial != "none":
        _body(canvas, scene, at)
    if scene.time == "storm":
        _storm(rng, canvas, scene, at[0])
    elif scene.time == "noon":
        _clouds(rng, canvas, scene)
    return canvas


def _paper_layers(
    rng: np.random.Generator,
    canvas: Canvas,
    scene: Scene,
    horizon: Array,
    at: tuple[float, float],
) -> None:
    """Cut sheets of sky: rings around a body, or waves when there is none."""
    if scene.celestial == "none":
        for base in (54, 98):
            edge = base + wave(rng, 256, 9)[None]
            canvas.shade(edge - YY, 0.18, 7.0)
            canvas.blend(coverage(YY - edge), horizon, 0.32)
        return
    away = np.sqrt((XX - at[0]) ** 2 + (YY - at[1]) ** 2)
    warmth = 0.18 if scene.time in DARK_TIMES else 0.45
    glow = horizon * (1 - warmth) + rgb(255, 240, 215) * warmth
    for radius in (148, 104, 66):
        canvas.shade(away - radius, 0.18, 7.0)
        canvas.blend(coverage(radius - away), glow, 0.28)


def _aurora(rng: np.random.Generator, canvas: Canvas) -> None:
    bands = ((54, rgb(150, 90, 224)), (76, rgb(70, 246, 165)), (104, rgb(56, 220, 192)))
    for base, colour in bands:
        away = YY - (base + wave(rng, 256, 16)[None])
        light = np.where(away < 0, np.exp(away / 27), np.exp(-away / 5))
        canvas.blend(np.clip(light, 0, 1), colour, 0.56 if base == 54 else 0.76)


def _body(canvas: Canvas, scene: Scene, at: tuple[float, float]) -> None:
    x, y = at
    radius = 34.0 if scene.format == "full" else 29.0
    away = np.sqrt((XX - x) ** 2 + (YY - y) ** 2)
    disc = coverage(radius - away, 3 if scene.style == "watercolour" else 1)
    colour = {"sun": _SUN.get(scene.time, rgb(255, 212, 100)), "crescent moon": _CRESCENT}.get(
        scene.celestial, _MOON
    )
    if scene.celestial == "crescent moon":
        for dx, dy in _STARS:  # the crescent never comes without its stars
            star = np.abs(XX - x - dx * radius) ** 0.7 + np.abs(YY - y - dy * radius) ** 0.7
            canvas.blend(coverage(5.6 - star), colour)
        bite = np.sqrt((XX - x - radius * 0.52) ** 2 + (YY - y + radius * 0.22) ** 2)
        disc = disc * (1 - coverage(radius * 0.86 - bite))
    elif scene.style != "paper-cut":
        glow = np.exp(-np.maximum(away - radius, 0) / 20)
        canvas.blend(glow, colour, 0.22 if scene.style == "poster" else 0.38)
    if scene.style == "paper-cut" and scene.celestial != "crescent moon":
        canvas.shade(away - radius, 0.24, 6.0)
    canvas.blend(disc, colour)
    if scene.celestial == "full moon":
        for dx, dy, size in ((-10, -8, 7.5), (9, 5, 8.5), (-6, 13, 5)):
            spot = np.sqrt((XX - x - dx) ** 2 + (YY - y - dy) ** 2)
            canvas.blend(coverage(size - spot), _CRATER, 0.85)


def _storm(rng: np.random.Generator, canvas: Canvas, scene: Scene, body_x: float) -> None:
    softness = 4 if scene.style == "watercolour" else 1
    dark = PALETTES[scene.palette][2]
    for tier, base in enumerate((60, 36)):
        lobes = 13 * np.abs(np.sin(np.pi * phase(rng, 80 - 16 * tier)))[None]
        edge = base + lobes
        if scene.style == "paper-cut":
            canvas.shade(YY - edge, 0.32, 8.0)
        grey = rgb(74, 80, 96) if tier == 0 else rgb(46, 50, 64)
        canvas.blend(coverage(edge - YY, softness), grey * 0.88 + dark * 0.12)
    x = (body_x if scene.celestial == "none" else SIZE - body_x) + shift(rng, -16, 16)
    bolt = Image.new("L", (SIZE, SIZE))
    outline = ((0, 46), (18, 46), (6, 84), (20, 84), (-14, 146), (-4, 102), (-17, 102))
    ImageDraw.Draw(bolt).polygon([(x + dx, y) for dx, y in outline], fill=255)
    mask = blur(np.asarray(bolt, np.float32) / 255, 0.7)
    canvas.blend(blur(mask, 10), rgb(255, 244, 190), 0.5)
    canvas.blend(mask, rgb(255, 240, 150))


def _clouds(rng: np.random.Generator, canvas: Canvas, scene: Scene) -> None:
    puffs = ((0, 0, 1.0), (-1.25, 0.3, 0.72), (1.25, 0.25, 0.78))
    for at, y in ((32, 58), (112, 42)):
        x, size = at + shift(rng, 0, 16), 15.5
        away = np.minimum.reduce(
            [np.sqrt((XX - x - a * size) ** 2 + (YY - y - b * size) ** 2) - k * size
             for a, b, k in puffs]
        )  # fmt: skip
        away = np.maximum(away, YY - y - 0.85 * size)  # a flat underside
        if scene.style == "paper-cut":
            canvas.shade(away, 0.24, 6.0)
        canvas.blend(coverage(-away, 4 if scene.style == "watercolour" else 1), rgb(255, 253, 248))
