"""Window hashes: their definition, their orientations, and that they find crops."""

from __future__ import annotations

import numpy as np
import pytest

from tests.factories.pictures import cropped, leaves
from workers.fingerprints.windows import (
    BOXES,
    ORIENTATIONS,
    WHOLE,
    WindowHashes,
    coefficients,
    grey_of,
    hashes,
    pack,
    turn,
    unpack,
    window_hashes,
)

GOLDEN_64 = 0xDFABFAD5AA005580
GOLDEN_256 = (
    0xA5FC5DA9E5038ED6,
    0x585455F55B5DF0FD,
    0x18841080585451D5,
    0xDAF4F3AE9AECA2A8,
)


def bits(a: np.ndarray, b: np.ndarray) -> int:
    return int(np.bitwise_count(a ^ b).sum())


def test_a_picture_has_51_windows_in_2040_bytes() -> None:
    found = window_hashes(leaves(1))
    assert found.codes64.shape == (51,)
    assert found.codes256.shape == (51, 4)
    assert len(pack(found)) == 2040
    assert BOXES[0] == WHOLE
    assert all(box.left + box.width <= 1.0001 and box.top + box.height <= 1.0001 for box in BOXES)


def test_the_definition_has_not_moved() -> None:
    # Stored windows are compared with new ones: if this fails, raise WINDOWS_VERSION.
    ramp = np.add.outer(np.arange(96) * 3 % 251, np.arange(128) * 7 % 241).astype(np.uint8)
    found = window_hashes(np.stack([ramp, ramp[::-1], ramp[:, ::-1]], -1))
    assert bits(found.codes64[0], np.uint64(GOLDEN_64)) <= 2
    assert bits(found.codes256[37], np.array(GOLDEN_256, np.uint64)) <= 4


def test_half_of_the_bits_are_set() -> None:
    found = window_hashes(leaves(2))
    assert np.bitwise_count(found.codes64).tolist() == [32] * 51
    assert np.bitwise_count(found.codes256).sum(axis=1).tolist() == [128] * 51


@pytest.mark.parametrize("orientation", range(ORIENTATIONS))
def test_orientations_are_those_of_the_turned_picture(orientation: int) -> None:
    pixels = leaves(3, 200, 256)
    predicted = hashes(coefficients(grey_of(pixels)), orientation)
    actual = window_hashes(turn(pixels, orientation))
    assert bits(predicted.codes256[0], actual.codes256[0]) <= 4
    if orientation:
        assert bits(window_hashes(pixels).codes256[0], actual.codes256[0]) > 80


@pytest.mark.parametrize("number", [0, 7, 25, 26, 50])
def test_a_window_is_the_whole_of_its_part(number: int) -> None:
    pixels, box = leaves(4, 250, 250), BOXES[number]
    top, left = round(box.top * 250), round(box.left * 250)
    part = pixels[top : top + round(box.height * 250), left : left + round(box.width * 250)]
    stored, asked = window_hashes(pixels), window_hashes(part)
    assert bits(stored.codes256[number], asked.codes256[0]) <= 12


def test_a_crop_is_near_some_window_and_far_from_other_pictures() -> None:
    pixels = leaves(5)
    asked = window_hashes(cropped(pixels, 0.15, left=0.3, top=0.8)).codes256[0]
    own = min(bits(asked, code) for code in window_hashes(pixels).codes256)
    others = min(bits(asked, code) for code in window_hashes(leaves(6)).codes256)
    assert own <= 60 < 80 < others


def test_packing_loses_nothing_and_refuses_scraps() -> None:
    found = window_hashes(leaves(7))
    back = unpack(pack(found))
    assert isinstance(back, WindowHashes)
    assert (back.codes64 == found.codes64).all()
    assert (back.codes256 == found.codes256).all()
    with pytest.raises(ValueError, match="41 bytes"):
        unpack(b"x" * 41)
