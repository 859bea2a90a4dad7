"""Keypoints: the same every time, strongest first, and stored in 36 bytes each."""

from __future__ import annotations

import numpy as np
import pytest

from tests.factories.pictures import leaves
from workers.fingerprints.features import ASKED, BYTES, STORED, features, pack, unpack


def test_keypoints_are_reproducible_and_bounded() -> None:
    first, again = features(leaves(1)), features(leaves(1))
    assert len(first) == STORED
    assert (first.codes == again.codes).all()
    assert (first.points == again.points).all()
    assert 0 <= first.points.min() <= first.points.max() <= 1
    assert len(features(leaves(1), ASKED)) == ASKED


def test_a_flat_picture_has_none() -> None:
    found = features(np.full((64, 64, 3), 90, np.uint8))
    assert len(found) == 0
    assert len(unpack(pack(found))) == 0


def test_a_larger_copy_has_the_same_places() -> None:
    pixels = leaves(2)
    small, large = features(pixels), features(np.repeat(np.repeat(pixels, 2, 0), 2, 1))
    gaps = np.abs(small.points[:, None] - large.points[None]).max(axis=2).min(axis=1)
    assert np.median(gaps) < 0.01


def test_packing_keeps_codes_and_places() -> None:
    found = features(leaves(3))
    data = pack(found)
    assert len(data) == len(found) * BYTES
    back = unpack(data)
    assert (back.codes == found.codes).all()
    assert np.abs(back.points - found.points).max() < 1e-4
    with pytest.raises(ValueError, match="whole keypoints"):
        unpack(data[:-1])
