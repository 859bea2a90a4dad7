"""How a picture ends at its edges: the style's border, the badge's circle, the arched window."""

from __future__ import annotations

import numpy as np

from house_model.canvas import SIZE, XX, YY, Array, Canvas, coverage, grain
from house_model.colours import CREAM, PALETTES, WHITE_PAPER
from house_model.grammar import Scene


def frame(canvas: Canvas, scene: Scene) -> None:
    """Cover what lies outside the picture's opening with paper, in the manner of the style."""
    if scene.format == "full" and scene.style == "paper-cut":
        return  # a paper-cut wallpaper bleeds off the page
    inside = _opening(scene)
    light, _middle, dark = PALETTES[scene.palette]
    if scene.style == "watercolour":
        inside = inside + grain(14, 5.0)
        ground = WHITE_PAPER
        edge = np.exp(-(np.maximum(inside - 4, 0) / 3)) * coverage(inside - 2, 4)
        canvas.pixels *= (1 - 0.22 * edge)[..., None]  # pigment gathers at the rim
        canvas.blend(coverage(3 - inside, 5), ground)
        return
    plain = scene.format == "full"
    ground = CREAM if plain else CREAM * 0.62 + light * 0.38
    if scene.style == "paper-cut":
        canvas.shade(inside, 0.52, 9.0)  # the sheet with the hole lies above the scene
        canvas.blend(coverage(-inside), ground)
        return
    canvas.blend(coverage(-inside), ground)
    if not plain:
        canvas.blend(coverage(2.6 - np.abs(inside + 7)), dark * 0.8 + light * 0.2)


def _opening(scene: Scene) -> Array:
    """Signed distance in pixels to the opening's rim, positive inside, shape (SIZE, SIZE)."""
    middle = SIZE / 2 - 0.5
    if scene.format == "badge":
        return (110 - np.sqrt((XX - middle) ** 2 + (YY - middle) ** 2)).astype(np.float32)
    if scene.format == "arch":
        half, top, foot = 88.0, 16.0, 238.0
        dome = half - np.sqrt((XX - middle) ** 2 + (YY - top - half) ** 2)
        walls = half - np.abs(XX - middle) + 0 * YY
        upright = np.minimum(walls, foot - YY)
        return np.where(top + half > YY, dome, upright).astype(np.float32)
    sides = np.minimum(np.minimum(XX, SIZE - 1 - XX), np.minimum(YY, SIZE - 1 - YY))
    return (sides - (13 if scene.style == "poster" else 6)).astype(np.float32)
