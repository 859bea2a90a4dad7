"""Draws a scene: layered landscapes in three styles. Same scene, same seed, same picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from house_model.canvas import SIZE, XX, YY, Array, Canvas, X, blur, coverage, mottle, rgb, waves
from house_model.colours import (
    DARK_TIMES,
    PALETTES,
    WARM_LIGHT,
    layer_colour,
    sky_colours,
    tinted,
)
from house_model.frames import frame
from house_model.grammar import Scene
from house_model.ridges import ridge_lines
from house_model.sky import paint_sky
from house_model.subjects import draw_subject, placement

_PLACES = {"left": 0.31, "centre": 0.5, "right": 0.69}
_SNOW = rgb(252, 250, 248)


def render(scene: Scene) -> NDArray[np.uint8]:
    """The picture of a scene, uint8 (SIZE, SIZE, 3)."""
    rng = np.random.default_rng(scene.seed)
    subject_x, body_at = _layout(rng, scene)
    canvas = paint_sky(rng, scene, body_at)
    lines = ridge_lines(rng, scene.terrain)
    if scene.subject == "sailboat":  # a boat needs water before it, whatever the land
        lines[-1] = np.float32(206) + waves(rng, [2.2], [2.0])
    colour = np.zeros(3, np.float32)
    for i, line in enumerate(lines):
        colour = _land_colour(scene, i, len(lines))
        _paint_layer(rng, canvas, scene, line, colour, i, len(lines))
        if scene.terrain == "sea" and i == 1 and scene.celestial != "none":
            _glitter(canvas, scene, body_at[0], float(line.max()))
    if scene.subject != "none":
        _place_subject(canvas, scene, subject_x, lines[-1], colour)
    frame(rng, canvas, scene)
    return canvas.to_uint8()


def _layout(rng: np.random.Generator, scene: Scene) -> tuple[float, tuple[float, float]]:
    """The subject's x and the celestial body's centre: few positions, so no doubles are learned."""
    narrow = 1.0 if scene.format == "full" else 0.66
    x = 0.5 + (_PLACES[scene.place] - 0.5) * narrow + rng.uniform(-0.025, 0.025)
    if scene.place == "centre" or scene.subject == "none":
        away = 0.22 if rng.random() < 0.5 else -0.22
    else:
        away = 0.22 if x < 0.5 else -0.22
    body_x = 0.5 + away * narrow + rng.uniform(-0.03, 0.03)
    low = 0.245 if scene.format == "full" else 0.29
    return x * SIZE, (body_x * SIZE, (low + rng.uniform(-0.03, 0.03)) * SIZE)


def _land_colour(scene: Scene, i: int, count: int) -> Array:
    """The flat colour of layer `i` of `count`, hazed towards the horizon's colour."""
    _, horizon = sky_colours(scene.time, scene.palette)
    light, middle, dark = PALETTES[scene.palette]
    depth = i / (count - 1)
    last = i == count - 1
    if last and scene.subject == "sailboat":
        water = middle * 0.55 + light * 0.2 + rgb(40, 90, 140) * 0.25
        return tinted(water, scene.time) * 0.86 + horizon * 0.14
    if scene.terrain == "sea" and not last:
        if i == 0:
            return tinted(dark * 0.55 + middle * 0.45, scene.time) * 0.82 + horizon * 0.18
        wave = middle * (0.97 - 0.14 * i) + light * (0.32 - 0.08 * i)
        return tinted(wave, scene.time) * 0.82 + horizon * 0.18
    haze = 0.34 * (1 - depth)
    return layer_colour(scene.palette, depth, scene.time) * (1 - haze) + horizon * haze


def _paint_layer(
    rng: np.random.Generator,
    canvas: Canvas,
    scene: Scene,
    line: Array,
    colour: Array,
    i: int,
    count: int,
) -> None:
    last = i == count - 1
    top = max(int(line.min()) - 46, 0)
    below = YY[top:] - line[None]
    if scene.style == "paper-cut":
        canvas.shade(-below, 0.46, 9.0, top)
    softness = 2.2 if scene.style == "watercolour" else 1.0
    paint = colour * np.ones((SIZE - top, SIZE, 1), np.float32)
    if scene.style == "watercolour":
        paint = _wash(rng, scene, paint, below, top, last)
    elif scene.style == "paper-cut":
        paint = paint * (1.07 - 0.10 * np.clip(below / 60, 0, 1))[..., None]
        if scene.terrain != "canyon":  # steep walls would break the lit edge into dashes
            paint = paint + 26 * coverage(2.2 - np.abs(below))[..., None]
    if scene.terrain == "mountains" and i < 2:
        snowline = line.min() + 24 + 5 * np.sin(X / 5)[None]
        snow = coverage(snowline - YY[top:]) * (0.45 if scene.time in DARK_TIMES else 0.85)
        paint = paint + (_SNOW - paint) * snow[..., None]
    if scene.terrain == "canyon" and not last:
        strata = ((YY[top:] + 3 * np.sin(XX / 40)) // 16) % 2
        paint = paint * (1 - 0.13 * strata)[..., None]
    canvas.blend(coverage(below, softness), paint, top=top)


def _wash(
    rng: np.random.Generator, scene: Scene, paint: Array, below: Array, top: int, last: bool
) -> Array:
    """A watercolour layer: strong at its edge, thinning downwards, blotched."""
    dark = scene.time in DARK_TIMES
    thin = 0.12 * np.ones_like(below) if last else 0.44 * (1 - np.exp(-np.maximum(below, 0) / 44))
    paper = rgb(250, 245, 236) if not dark else rgb(140, 150, 170)
    paint = paint + (paper - paint) * thin[..., None]
    rim = 0.18 * np.exp(-np.maximum(below, 0) / 3.0)
    blotches = mottle(rng, 6, 0.12)[top:] + mottle(rng, 14, 0.05)[top:]
    return paint * (1 + blotches - rim)[..., None]


def _glitter(canvas: Canvas, scene: Scene, x: float, shore: float) -> None:
    """The body's broken reflection on the water whose far edge is at `shore` pixels."""
    colour = rgb(255, 226, 150) if scene.celestial == "sun" else rgb(250, 246, 230)
    for k in range(3):
        y, half = shore + 7 + 6.5 * k, 30 - 7 * k
        top = int(shore)
        across = 1 - np.abs(XX - x) / half
        bar = coverage(across * 10) * coverage(1.8 - np.abs(YY[top : top + 26] - y))
        canvas.blend(bar, colour, 0.75, top=top)


def _place_subject(
    canvas: Canvas, scene: Scene, x: float, ground: Array, ground_colour: Array
) -> None:
    dark_hour = scene.time in DARK_TIMES
    _, middle, dark = PALETTES[scene.palette]
    ink = np.clip(ground_colour * 0.30 + dark * 0.10, 0, 255)
    wood = np.clip(tinted(middle * 0.5 + rgb(170, 104, 66) * 0.5, scene.time), 0, 255)
    light = {"night": 0.84, "northern lights": 0.84, "storm": 0.92}.get(scene.time, 1.0)
    size = 0.92 if scene.format == "full" else 0.80
    sprite = draw_subject(scene.subject, ink, wood, light, WARM_LIGHT, size)
    foot = _foot(scene, x, ground)
    if x > SIZE / 2 and scene.subject == "fox":  # a fox looks into the picture
        sprite = sprite[:, ::-1]
    rows, columns, sprite_rows, sprite_columns = placement(x, foot)
    patch = canvas.pixels[rows, columns]
    alpha = sprite[..., 3]
    if scene.style == "paper-cut":
        cast = np.roll(blur(alpha, 5), (4, 4), (0, 1))[sprite_rows, sprite_columns]
        patch *= (1 - 0.5 * cast)[..., None]
    elif dark_hour:  # a faint halo parts dark silhouettes from a dark land
        halo = blur(alpha, 7)[sprite_rows, sprite_columns]
        patch += (rgb(150, 165, 205) - patch) * (0.32 * halo)[..., None]
    mask = alpha[sprite_rows, sprite_columns, None]
    paint = sprite[sprite_rows, sprite_columns, :3]
    if scene.style == "watercolour":
        paint = paint * 0.86 + patch * 0.14
    patch += (paint - patch) * mask


def _foot(scene: Scene, x: float, ground: Array) -> float:
    """The height in pixels from the top at which the subject stands or hangs."""
    if scene.subject == "balloon":
        return 152.0 if scene.format == "full" else 156.0
    level = float(ground[int(np.clip(x, 0, SIZE - 1))])
    sunk = 16.0 if scene.subject == "sailboat" else 8.0
    limit = 226.0 if scene.format == "full" else 208.0
    return min(level + sunk, limit)
