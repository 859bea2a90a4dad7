"""Borders, letterboxes and caption bars are found; pictures on a plain ground keep their shape."""

from __future__ import annotations

import numpy as np
import pytest

from tests.factories.pictures import captioned, leaves
from workers.fingerprints.borders import cut, trims


@pytest.mark.parametrize(("across", "down"), [(20, 20), (0, 40), (33, 0)])
@pytest.mark.parametrize("colour", [0, 128, 255])
def test_a_plain_border_comes_off(across: int, down: int, colour: int) -> None:
    pixels = leaves(1)
    framed = np.pad(
        pixels, ((down, down), (across, across), (0, 0)), constant_values=np.uint8(colour)
    )
    box, *_ = trims(framed)
    inner = cut(framed, box)
    assert abs(inner.shape[0] - 256) <= 6
    assert abs(inner.shape[1] - 256) <= 6
    assert abs(round(box.top * framed.shape[0]) - down) <= 4


def test_a_noisy_border_comes_off() -> None:
    framed = np.pad(leaves(2), ((16, 16), (16, 16), (0, 0)), constant_values=40).astype(int)
    framed += np.random.default_rng(0).integers(-4, 5, framed.shape)
    box, *_ = trims(np.clip(framed, 0, 255).astype(np.uint8))
    assert abs(box.left * 288 - 16) <= 4


def test_a_caption_bar_comes_off() -> None:
    pixels = leaves(3)
    framed = captioned(pixels)
    boxes = trims(framed)
    assert any(abs(box.top * framed.shape[0] - 51) <= 4 and box.left == 0 for box in boxes)


def test_a_picture_without_border_has_none() -> None:
    assert trims(leaves(4)) == []


@pytest.mark.parametrize("level", [0, 200])
def test_a_plain_picture_is_not_all_border(level: int) -> None:
    assert trims(np.full((90, 120, 3), level, np.uint8)) == []
