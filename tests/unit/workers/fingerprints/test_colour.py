"""Colour signatures see what brightness hashes do not, and shrug at re-encoding."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from marketplace.verification.similarity import colour_distance, hamming
from workers.fingerprints.colour import colour_signature
from workers.fingerprints.hashes import fingerprint


def picture(seed: int = 1) -> Image.Image:
    """Soft coloured blobs, 256 x 256."""
    blobs = np.random.default_rng(seed).integers(40, 216, (9, 9, 3), dtype=np.uint8)
    return Image.fromarray(blobs).resize((256, 256), Image.Resampling.BICUBIC)


def recoloured(image: Image.Image) -> Image.Image:
    """Another hue at nearly the same brightness, as hashes weigh it."""
    y, cb, cr = image.convert("YCbCr").split()
    return Image.merge("YCbCr", (y, cr, cb)).convert("RGB")


def test_a_recoloured_picture_is_near_for_pdq_and_far_in_colour():
    image = picture()
    other = recoloured(image)
    assert hamming(fingerprint(image).pdq, fingerprint(other).pdq) <= 31
    assert colour_distance(colour_signature(image), colour_signature(other)) > 10


def test_re_encoding_and_resizing_keep_colour():
    image = picture()
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=60)
    for same in (Image.open(buffer).convert("RGB"), image.resize((512, 512))):
        assert colour_distance(colour_signature(image), colour_signature(same)) < 2


def test_known_colours():
    white = colour_signature(Image.new("RGB", (32, 32), (255, 255, 255)))
    assert white == struct.pack(">192h", *[10_000, 0, 0] * 64)
    red = struct.unpack(">192h", colour_signature(Image.new("RGB", (32, 32), (255, 0, 0))))
    assert red[:3] == pytest.approx((5324, 8009, 6720), abs=20)
    assert red[:3] * 64 == red


def test_only_rgb():
    with pytest.raises(ValueError, match="RGB"):
        colour_signature(Image.new("L", (32, 32)))
