"""Draws a scene: layered landscapes in three styles. Same scene, same seed, same picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from house_model.canvas import (
    SIZE,
    XX,
    YY,
    Array,
    Canvas,
    X,
    blur,
    coverage,
    grain,
    rgb,
    shift,
    wave,
)
from house_model.colours import (
    DARK_TIMES,
    GROUND,
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

_SNOW = rgb(252, 250, 248)


def render(scene: Scene) -> NDArray[np.uint8]:
    """The picture of a scene, uint8 (SIZE, SIZE, 3)."""
    rng = np.random.default_rng(scene.seed)
    subject_x, body_at = _layout(rng, scene)
    canvas = paint_sky(rng, scene, body_at)
    lines = ridge_lines(rng, scene.terrain)
    if scene.subject == "sailboat":  # a boat needs water before it, whatever the land
        lines[-1] = np.float32(206) + wave(rng, 112, 2.0)
    colour = np.zeros(3, np.float32)
    for i, line in enumerate(lines):
        colour = _land_colour(scene, i, len(lines))
        _paint_layer(canvas, scene, line, colour, i, len(lines))
        if scene.terrain == "sea" and i == 1 and scene.celestial != "none":
            _glitter(canvas, scene, body_at[0], float(line.max()))
    if scene.subject != "none":
        _place_subject(canvas, scene, subject_x, colour)
    frame(canvas, scene)
    return canvas.to_uint8()


def _layout(rng: np.random.Generator, scene: Scene) -> tuple[float, tuple[float, float]]:
    """The subject's x and the celestial body's centre in pixels, both on the latent grid."""
    wide = scene.format == "full"
    x = SIZE / 2 + {"left": -1, "centre": 0, "right": 1}[scene.place] * (48 if wide else 32)
    x += shift(rng, -16, 16) if wide else 0
    side = -1 if scene.place == "right" and scene.subject != "none" else 1
    body_x = SIZE / 2 + side * (56 if wide else 40) + (shift(rng, -16, 16) if wide else 0)
    return x, (body_x, 64 + shift(rng, -16, 0) if wide else 72 + shift(rng, 0, 16))


def _land_colour(scene: Scene, i: int, count: int) -> Array:
    """The flat colour of layer `i` of `count`, hazed towards the horizon's colour."""
    _, horizon = sky_colours(scene.time, scene.palette)
    light, middle, dark = PALETTES[scene.palette]
    depth = i / (count - 1)
    last = i == count - 1
    if last and scene.subject == "sailboat":
        water = middle * 0.55 + light * 0.2 + rgb(40, 90, 140) * 0.25
        return tinted(water, scene.time) * 0.86 + horizon * 0.14
    haze = 0.25 * (1 - depth)
    if scene.terrain == "sea" and i == 0:
        return tinted(dark * 0.55 + middle * 0.45, scene.time) * 0.82 + horizon * 0.18
    paint = layer_colour(scene.palette, depth, scene.time)
    if not last:
        own = tinted(GROUND[scene.terrain] * (1.1 - 0.3 * depth), scene.time)
        paint = paint * 0.4 + own * 0.6
    return paint * (1 - haze) + horizon * haze


def _paint_layer(
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
        paint = _wash(scene, paint, below, top, last)
    elif scene.style == "paper-cut":
        paint = paint * (1.07 - 0.10 * np.clip(below / 60, 0, 1))[..., None]
        if scene.terrain != "canyon":  # steep walls would break the lit edge into dashes
            paint = paint + 26 * coverage(2.2 - np.abs(below))[..., None]
    if not last:
        paint = _marked(scene, paint, line, top, i)
    canvas.blend(coverage(below, softness), paint, top=top)


def _marked(scene: Scene, paint: Array, line: Array, top: int, i: int) -> Array:
    """A layer with its terrain's mark: snow, strata, a dune's lee in shadow, crests of waves."""
    if scene.terrain == "mountains":
        snowline = line.min() + (46 if i == 0 else 18) + 5 * np.sin(X / 6)[None]
        snow = coverage(snowline - YY[top:]) * (0.55 if scene.time in DARK_TIMES else 0.92)
        return paint + (_SNOW - paint) * snow[..., None]
    if scene.terrain == "canyon":
        strata = (YY[top:] + 0 * XX) // 16 % 2
        return paint * (1 - 0.20 * strata)[..., None]
    if scene.terrain == "dunes":
        lee = coverage(np.gradient(line)[None] * 4 - 0.5) + 0 * YY[top:]
        return paint * (1 - 0.30 * lee)[..., None]
    if scene.terrain == "sea" and i == 1:
        down = YY[top:] - line.min() - 14
        crests = coverage(2.2 - np.abs(down % 24 - 8 + 3 * np.cos(XX / 256 * 2 * np.pi * 4)))
        white = _SNOW * (0.5 if scene.time in DARK_TIMES else 0.9)
        return paint + (white - paint) * (0.6 * crests * (down > 0))[..., None]
    return paint


def _wash(scene: Scene, paint: Array, below: Array, top: int, last: bool) -> Array:
    """A watercolour layer: strong at its edge, thinning downwards, blotched."""
    dark = scene.time in DARK_TIMES
    thin = 0.12 * np.ones_like(below) if last else 0.44 * (1 - np.exp(-np.maximum(below, 0) / 44))
    paper = rgb(250, 245, 236) if not dark else rgb(140, 150, 170)
    paint = paint + (paper - paint) * thin[..., None]
    rim = 0.18 * np.exp(-np.maximum(below, 0) / 3.0)
    blotches = grain(6, 0.10)[top:]
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


def _place_subject(canvas: Canvas, scene: Scene, x: float, ground_colour: Array) -> None:
    dark_hour = scene.time in DARK_TIMES
    _, middle, dark = PALETTES[scene.palette]
    ink = np.clip(ground_colour * 0.30 + dark * 0.10, 0, 255)
    wood = np.clip(tinted(middle * 0.5 + rgb(170, 104, 66) * 0.5, scene.time), 0, 255)
    light = {"night": 0.84, "northern lights": 0.84, "storm": 0.92}.get(scene.time, 1.0)
    size = 0.92 if scene.format == "full" else 0.80
    sprite = draw_subject(scene.subject, ink, wood, light, WARM_LIGHT, size)
    foot = _foot(scene)
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


def _foot(scene: Scene) -> float:
    """The height in pixels from the top at which the subject stands or hangs."""
    wide = scene.format == "full"
    if scene.subject == "balloon":
        return 152.0 if wide else 156.0
    return 222.0 if wide else 208.0
