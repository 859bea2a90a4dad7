"""PDQ in eight orientations."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from marketplace.verification.similarity import hamming
from tests.factories.pictures import leaves
from workers.fingerprints.hashes import fingerprint
from workers.fingerprints.orientations import pdq_orientations
from workers.fingerprints.windows import turn


@pytest.mark.parametrize("orientation", range(8))
def test_they_are_the_hashes_of_the_turned_picture(orientation: int) -> None:
    pixels = leaves(1, 240, 256)
    hashes, quality = pdq_orientations(pixels)
    turned = fingerprint(Image.fromarray(turn(pixels, orientation)))
    distances = [hamming(each, turned.pdq) for each in hashes]
    assert int(np.argmin(distances)) == orientation
    # The library samples a picture off its centre, so turns upside down are near, not equal.
    assert distances[orientation] <= 40
    assert quality == 100


def test_the_first_is_the_plain_hash() -> None:
    pixels = leaves(2)
    assert pdq_orientations(pixels)[0][0] == fingerprint(Image.fromarray(pixels)).pdq
