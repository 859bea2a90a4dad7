"""The eight subjects, drawn large and simple from polygons so that a small model can learn them.

Coordinates are picture pixels with the origin at the middle of the subject's foot and y upwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from PIL import Image, ImageDraw

from house_model.canvas import SIZE, Array, rgb

Point = tuple[float, float]
_SCALE = 3  # supersampling
WIDTH, HEIGHT, FOOT = 176, 176, 20  # the sprite's box and how far its foot is above its lower edge
_RED, _WHITE, _NIGHT = rgb(214, 62, 54), rgb(252, 247, 236), rgb(40, 34, 44)
_FOX, _STONE = rgb(232, 112, 40), rgb(206, 198, 190)


class Sprite:
    """A transparent box to draw one subject in.

    `dark`, `middle` and `warm` are colours of the scene, `light` (0-1) dims the subject's own
    colours, `size` scales it.
    """

    def __init__(
        self, dark: Array, middle: Array, light: float, warm: Array, size: float = 1.0
    ) -> None:
        self.size = size * _SCALE
        self.image = Image.new("RGBA", (WIDTH * _SCALE, HEIGHT * _SCALE), (0, 0, 0, 0))
        self.draw = ImageDraw.Draw(self.image)
        self.dark, self.middle, self.light, self.warm = dark, middle, light, warm

    def lit(self, colour: Array) -> Array:
        """A fixed colour as the hour shows it."""
        return colour * self.light

    def polygon(self, points: Iterable[Point], colour: Array, rounded: int = 0) -> None:
        """Fill a polygon; `rounded` rounds of corner cutting make it smooth."""
        outline = list(points)
        for _ in range(rounded):
            outline = _corner_cut(outline)
        self.draw.polygon([self._at(x, y) for x, y in outline], fill=_ink(colour))

    def box(self, left: float, bottom: float, right: float, top: float, colour: Array) -> None:
        """Fill an upright rectangle."""
        self.polygon([(left, bottom), (right, bottom), (right, top), (left, top)], colour)

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: Array) -> None:
        """Fill an ellipse by its centre and radii."""
        self.draw.ellipse([*self._at(x - rx, y + ry), *self._at(x + rx, y - ry)], fill=_ink(colour))

    def _at(self, x: float, y: float) -> Point:
        return x * self.size + WIDTH / 2 * _SCALE, (HEIGHT - FOOT) * _SCALE - y * self.size

    def pixels(self) -> Array:
        """RGBA float32 (HEIGHT, WIDTH, 4): colours 0-255, not premultiplied, and alpha 0-1."""
        box = self.image.resize((WIDTH, HEIGHT), Image.Resampling.BOX)
        pixels = np.array(box, np.float32)
        pixels[..., 3] /= 255
        return pixels


def _ink(colour: Array) -> tuple[int, int, int, int]:
    r, g, b = (int(v) for v in np.clip(colour, 0, 255))
    return r, g, b, 255


def _corner_cut(points: list[Point]) -> list[Point]:
    """One round of Chaikin's corner cutting of a closed outline."""
    cut: list[Point] = []
    for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1], strict=True):
        cut.append((0.75 * x0 + 0.25 * x1, 0.75 * y0 + 0.25 * y1))
        cut.append((0.25 * x0 + 0.75 * x1, 0.25 * y0 + 0.75 * y1))
    return cut


def _pine_trees(s: Sprite) -> None:
    for x, height in ((-40, 84), (38, 92), (-1, 124)):
        half = height * 0.25
        s.box(x - 4, -8, x + 4, 14, s.dark)
        for tier in range(3):
            foot = 10 + tier * height * 0.25
            width = half * (1 - 0.2 * tier)
            s.polygon([(x - width, foot), (x + width, foot), (x, foot + height * 0.44)], s.dark)


def _cabin(s: Sprite) -> None:
    s.box(18, 50, 32, 94, s.dark)
    s.box(-44, -8, 44, 50, s.middle)
    s.polygon([(-58, 46), (58, 46), (0, 94)], s.dark)
    s.box(-32, 14, -8, 38, s.warm)
    s.box(10, -8, 32, 36, s.dark)


def _sailboat(s: Sprite) -> None:
    white = s.lit(_WHITE)
    s.polygon([(-50, 18), (54, 18), (38, -6), (-36, -6)], s.dark)
    s.box(-3, 14, 2, 124, s.dark)
    s.polygon([(6, 24), (50, 24), (6, 122)], white)
    s.polygon([(-7, 24), (-42, 24), (-7, 108)], s.lit(_RED))


def _lighthouse(s: Sprite) -> None:
    red, white = s.lit(_RED), s.lit(_WHITE)
    s.polygon([(-24, -8), (24, -8), (15, 90), (-15, 90)], white)
    s.polygon([(-22, 14), (22, 14), (19.8, 38), (-19.8, 38)], red)
    s.polygon([(-18, 60), (18, 60), (15.8, 82), (-15.8, 82)], red)
    s.box(-21, 88, 21, 95, s.dark)
    s.box(-13, 95, 13, 114, s.warm)
    s.polygon([(-19, 113), (19, 113), (0, 134)], s.dark)


def _lone_tree(s: Sprite) -> None:
    s.polygon([(-9, -8), (9, -8), (5, 56), (-5, 56)], s.dark)
    s.polygon([(0, 30), (22, 62), (16, 66), (-3, 40)], s.dark)
    for x, y, radius in ((-28, 72, 29), (28, 74, 29), (0, 98, 33), (0, 70, 28)):
        s.ellipse(x, y, radius, radius * 0.88, s.dark)


def _balloon(s: Sprite) -> None:
    red, white = s.lit(_RED), s.lit(_WHITE)
    s.polygon([(-24, 44), (24, 44), (9, 18), (-9, 18)], red)
    s.ellipse(0, 76, 44, 46, red)
    for inner, outer in ((10, 27),):
        for side in (-1, 1):
            s.polygon(
                [(side * inner, 119), (side * outer, 113), (side * (outer + 7), 76),
                 (side * outer * 0.66, 34), (side * inner * 0.5, 26), (side * (inner + 4), 76)],
                white, rounded=2,
            )  # fmt: skip
    s.box(-9, 2, 9, 18, s.dark)


def _castle(s: Sprite) -> None:
    stone, roof = s.lit(_STONE), s.lit(_RED)
    s.box(-40, -8, 40, 50, stone)
    for left in (-36, -18, 0, 18):
        s.box(left + 4, 48, left + 14, 60, stone)
    for x, top in ((-46, 76), (46, 76)):
        s.box(x - 15, -8, x + 15, top, stone)
        s.polygon([(x - 21, top), (x + 21, top), (x, top + 42)], roof)
    s.box(-15, 40, 15, 84, stone)
    s.polygon([(-21, 82), (21, 82), (0, 128)], roof)
    s.box(-12, -8, 12, 18, s.dark)
    s.ellipse(0, 18, 12, 12, s.dark)
    s.box(-6, 56, 6, 74, s.warm)


def _fox(s: Sprite) -> None:
    fur, white = s.lit(_FOX), s.lit(_WHITE)
    tail = [(-10, -6), (-44, -8), (-70, 8), (-76, 36), (-66, 66), (-48, 48), (-42, 26), (-10, 22)]
    s.polygon(tail, fur, rounded=2)
    s.polygon([(-76, 38), (-68, 74), (-50, 50), (-52, 36)], white, rounded=2)
    body = [(-34, -10), (36, -10), (38, 30), (28, 74), (8, 88), (-16, 76), (-34, 44), (-40, 10)]
    s.polygon(body, fur, rounded=2)
    s.polygon([(14, 4), (36, 10), (34, 58), (18, 78), (8, 50)], white, rounded=2)
    s.polygon([(-12, 92), (-16, 132), (10, 112)], fur)
    s.polygon([(10, 110), (28, 134), (34, 98)], fur)
    head = [(-20, 100), (-4, 120), (26, 118), (42, 104), (66, 86), (60, 76), (22, 72), (-10, 78)]
    s.polygon(head, fur, rounded=2)
    s.polygon([(18, 74), (36, 90), (62, 86), (58, 76), (34, 72)], white, rounded=1)
    s.ellipse(26, 100, 4.5, 4.5, s.lit(_NIGHT))
    s.ellipse(60, 84, 5.5, 5.5, s.lit(_NIGHT))


_DRAW: dict[str, Callable[[Sprite], None]] = {
    "pine trees": _pine_trees,
    "cabin": _cabin,
    "sailboat": _sailboat,
    "lighthouse": _lighthouse,
    "lone tree": _lone_tree,
    "balloon": _balloon,
    "castle": _castle,
    "fox": _fox,
}


def draw_subject(
    name: str, dark: Array, middle: Array, light: float, warm: Array, size: float = 1.0
) -> Array:
    """One subject as RGBA (HEIGHT, WIDTH, 4); see `Sprite` for the colours and `size`."""
    sprite = Sprite(dark, middle, light, warm, size)
    _DRAW[name](sprite)
    return sprite.pixels()


def placement(x: float, foot: float) -> tuple[slice, slice, slice, slice]:
    """Row and column slices of picture and sprite when the foot stands at (x, foot) pixels."""
    left, top = round(x - WIDTH / 2), round(foot - HEIGHT + FOOT)
    y0, y1 = max(top, 0), min(top + HEIGHT, SIZE)
    x0, x1 = max(left, 0), min(left + WIDTH, SIZE)
    return (
        slice(y0, y1), slice(x0, x1), slice(y0 - top, y1 - top), slice(x0 - left, x1 - left),
    )  # fmt: skip
