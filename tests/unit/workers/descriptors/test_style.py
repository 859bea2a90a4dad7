"""The style descriptor: blind to resizing, moved by colour and by strokes."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from workers.descriptors import style


def picture(seed: int = 1, size: int = 256, grain: int = 12) -> Image.Image:
    blocks = np.random.default_rng(seed).integers(0, 255, (grain, grain, 3), dtype=np.uint8)
    return Image.fromarray(blocks).resize((size, size), Image.Resampling.BICUBIC)


def packed(image: Image.Image) -> bytes:
    return style.pack(style.descriptor(image))


def stripes(angle: float) -> Image.Image:
    """Grey stripes of one direction."""
    rows, columns = np.mgrid[0:256, 0:256]
    wave = np.sin((rows * np.sin(angle) + columns * np.cos(angle)) / 6)
    return Image.fromarray(np.repeat(np.uint8(wave[..., None] * 100 + 127), 3, axis=2))


def test_a_picture_is_at_no_distance_from_itself_and_near_its_own_copy() -> None:
    one = packed(picture())
    assert style.distance(one, one) == 0
    smaller = packed(picture().resize((200, 200), Image.Resampling.LANCZOS))
    assert style.distance(one, smaller) < 0.3 * style.distance(one, packed(picture(2)))


def test_colour_alone_and_strokes_alone_both_count() -> None:
    image = picture()
    tinted = Image.merge("RGB", image.split()[::-1])
    assert style.distance(packed(image), packed(tinted)) > 0.02
    assert style.distance(packed(stripes(0)), packed(stripes(np.pi / 2))) > 0.3
    # A stripe has no front and back.
    assert style.distance(packed(stripes(0)), packed(stripes(np.pi))) < 0.05


def test_distances_are_symmetric_and_bounded() -> None:
    black, white = Image.new("RGB", (64, 64)), Image.new("RGB", (64, 64), "white")
    one, other = packed(black), packed(white)
    assert style.distance(one, other) == style.distance(other, one)
    assert 0 < style.distance(one, other) <= 1


def test_flat_pictures_are_found() -> None:
    assert style.is_flat(Image.new("RGB", (256, 256), (40, 90, 200)))
    assert not style.is_flat(picture())
    assert not style.is_flat(picture().filter(ImageFilter.GaussianBlur(8)))


def test_other_modes_and_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="RGB"):
        style.descriptor(Image.new("L", (64, 64)))
    with pytest.raises(ValueError, match="expected 320"):
        style.unpack(b"\0" * 8)
