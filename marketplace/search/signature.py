"""What search keeps of a picture that somebody looks with: a few hundred bytes, in the address.

The picture itself is decoded in memory and let go. Its hashes and its look travel in the result
page's address, so that paging, the back button and a shared link work with nothing stored.
"""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from marketplace.search.looks import ImageEncoder, Vector
from marketplace.search.models import LOOK_DIMENSIONS

if TYPE_CHECKING:
    from PIL import Image

VERSION = 1
_HEAD = struct.Struct(">BB32s32sIf")
MAX_TEXT = 4 * -(-(_HEAD.size + LOOK_DIMENSIONS) // 3)
"""Characters of the longest signature."""


@dataclass(frozen=True)
class Signature:
    """Perceptual hashes of a picture, and its look rounded to a byte a number."""

    quality: int
    pdq: bytes
    dct256: bytes
    encoder: int
    """CRC-32 of the encoder's name: a signature of another encoder says nothing."""
    look: bytes
    scale: float

    @property
    def text(self) -> str:
        """For an address: base64url without padding."""
        head = _HEAD.pack(VERSION, self.quality, self.pdq, self.dct256, self.encoder, self.scale)
        return base64.urlsafe_b64encode(head + self.look).rstrip(b"=").decode()

    @property
    def vector(self) -> Vector:
        """The look, to within half a percent of its largest number."""
        return np.frombuffer(self.look, dtype=np.int8).astype(np.float32) * np.float32(self.scale)


def sign(image: Image.Image, encoder: ImageEncoder) -> Signature:
    """The signature of an RGB picture."""
    from marketplace.images.hashes import fingerprint  # OpenCV: only who needs it pays for it

    prints = fingerprint(image)
    look = encoder.encode(image)
    # As an address holds it: 32 bits.
    scale = float(np.float32(np.abs(look).max() / 127)) or 1.0
    return Signature(
        quality=prints.pdq_quality,
        pdq=prints.pdq,
        dct256=prints.dct256,
        encoder=name_code(encoder),
        look=np.rint(look / scale).astype(np.int8).tobytes(),
        scale=scale,
    )


def name_code(encoder: ImageEncoder) -> int:
    """The encoder's name in 32 bits."""
    return zlib.crc32(encoder.name.encode())


def read(text: str, encoder: ImageEncoder) -> Signature | None:
    """The signature of an address; None when it is not one, or another encoder's."""
    if not text or len(text) > MAX_TEXT or not text.isascii():
        return None
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        version, quality, pdq, dct256, code, scale = _HEAD.unpack(data[: _HEAD.size])
    except (binascii.Error, ValueError, struct.error):
        return None
    look = data[_HEAD.size :]
    sound = np.isfinite(scale) and 0 < scale < 1000 and 0 < len(look) <= LOOK_DIMENSIONS
    if version != VERSION or code != name_code(encoder) or not sound or quality > 100:
        return None
    return Signature(quality, pdq, dct256, code, look, scale)
