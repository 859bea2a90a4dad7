"""The colours of palettes and skies, and how the hour tints them."""

from __future__ import annotations

import numpy as np

from house_model.canvas import Array, rgb

# palette -> light, middle, dark
PALETTES: dict[str, tuple[Array, Array, Array]] = {
    "coral": (rgb(255, 214, 196), rgb(246, 116, 92), rgb(120, 28, 42)),
    "teal": (rgb(200, 242, 234), rgb(34, 166, 164), rgb(6, 58, 74)),
    "violet": (rgb(232, 212, 252), rgb(150, 90, 204), rgb(52, 20, 98)),
    "gold": (rgb(255, 240, 186), rgb(240, 180, 40), rgb(122, 68, 8)),
    "emerald": (rgb(208, 244, 204), rgb(40, 166, 92), rgb(4, 70, 44)),
    "rose": (rgb(255, 214, 230), rgb(236, 92, 150), rgb(114, 14, 66)),
    "indigo": (rgb(206, 216, 254), rgb(74, 98, 210), rgb(18, 24, 92)),
}
# time -> sky at the top, sky at the horizon
SKIES: dict[str, tuple[Array, Array]] = {
    "dawn": (rgb(156, 180, 226), rgb(255, 218, 190)),
    "noon": (rgb(64, 162, 238), rgb(204, 238, 252)),
    "sunset": (rgb(112, 52, 128), rgb(255, 146, 62)),
    "dusk": (rgb(52, 50, 124), rgb(232, 132, 172)),
    "night": (rgb(8, 12, 44), rgb(46, 70, 136)),
    "storm": (rgb(60, 66, 78), rgb(158, 166, 174)),
    "northern lights": (rgb(6, 10, 40), rgb(20, 62, 86)),
}
# terrain -> what its ground is made of: most of the colour of all layers but the nearest
GROUND: dict[str, Array] = {
    "mountains": rgb(132, 146, 172),
    "hills": rgb(126, 176, 84),
    "dunes": rgb(244, 206, 138),
    "sea": rgb(28, 122, 188),
    "canyon": rgb(206, 92, 48),
}
CREAM = rgb(248, 240, 222)
WHITE_PAPER = rgb(253, 250, 244)
WARM_LIGHT = rgb(255, 214, 110)
DARK_TIMES = frozenset({"night", "northern lights"})


def sky_colours(time: str, palette: str) -> tuple[Array, Array]:
    """The sky's top and horizon, leaning towards the palette."""
    top, horizon = SKIES[time]
    light, middle, dark = PALETTES[palette]
    top = top * 0.88 + middle * 0.12 if time == "noon" else top * 0.80 + dark * 0.20
    lean = 0.12 if time in DARK_TIMES else 0.32
    return top, horizon * (1 - lean) + light * lean


def tinted(colour: Array, time: str) -> Array:
    """What the hour's light does to a colour of the land."""
    if time == "night":
        colour = colour * 0.54 + rgb(6, 10, 36)
    elif time == "northern lights":
        colour = colour * 0.50 + rgb(2, 18, 30)
    elif time == "storm":
        colour = (colour * 0.74 + colour.mean() * 0.26) * 0.80
    elif time == "dusk":
        colour = colour * 0.76 + rgb(22, 8, 32)
    elif time == "sunset":
        colour = colour * 0.88 + rgb(28, 8, -4)
    elif time == "dawn":
        colour = colour * 0.90 + rgb(22, 17, 18)
    return np.clip(colour, 0, 255)


def layer_colour(palette: str, depth: float, time: str) -> Array:
    """The land's colour from far (`depth` 0) to near (1), tinted by the hour."""
    light, middle, dark = PALETTES[palette]
    tone = 0.14 + 0.76 * depth
    if tone < 0.5:
        base = light * (1 - 2 * tone) + middle * (2 * tone)
    else:
        base = middle * (2 - 2 * tone) + dark * (2 * tone - 1)
    return tinted(base, time)
