"""Tags out of pictures: only what nobody would argue about."""

from __future__ import annotations

import numpy as np
import pytest

from marketplace.listings.wizard.colours import tags_of_pixels


@pytest.mark.parametrize(
    ("hsv", "tags"),
    [
        ((0.6, 0.8, 0.7), ["blue"]),
        ((0.98, 0.8, 0.7), ["red"]),
        ((0.0, 0.0, 0.5), ["monochrome"]),
        ((0.0, 0.0, 0.1), ["monochrome", "dark"]),
        ((0.33, 0.2, 0.95), ["pastel", "green"]),
    ],
)
def test_one_colour_has_its_name(hsv: tuple[float, float, float], tags: list[str]) -> None:
    assert tags_of_pixels(np.full((8, 8, 3), hsv)) == tags


def test_many_colours_have_none() -> None:
    hues = np.linspace(0, 0.99, 64).reshape(8, 8)
    pixels = np.stack([hues, np.full_like(hues, 0.8), np.full_like(hues, 0.6)], axis=-1)
    assert tags_of_pixels(pixels) == []
