"""Perceptual hashes of one image, under a numbered definition.

Definition 1: RGB, shrunk so that the longer side is at most 512 px (INTER_AREA); then PDQ with
its quality, and imagehash's DCT hashes of 8 and 16 a side. The shrink belongs to the definition
because it moves a PDQ hash by up to 24 bits; change anything here and DEFINITION_VERSION must go
up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import imagehash
import numpy as np
import pdqhash
from numpy.typing import NDArray
from PIL import Image, ImageOps

DEFINITION_VERSION = 1
MAX_SIDE = 512
MIN_SIDE = 8


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Hashes of one image, bits packed big-endian, row by row.

    pdq 32 bytes with its quality 0-100 · phash64 8 bytes, to find candidates · dct256 32 bytes,
    to decide where PDQ's quality is too low. Only equal versions may be compared.
    """

    pdq: bytes
    pdq_quality: int
    phash64: bytes
    dct256: bytes
    version: int = DEFINITION_VERSION


def fingerprint(image: Image.Image) -> Fingerprint:
    """Hash an RGB image. Raises ValueError for another mode or a side below 8 px."""
    if image.mode != "RGB":
        raise ValueError(f"expected an RGB image, got {image.mode}")
    if min(image.size) < MIN_SIDE:
        raise ValueError(f"image sides must be at least {MIN_SIDE} px, got {image.size}")
    pixels = shrink(np.asarray(image))
    bits, quality = pdqhash.compute(pixels)
    shrunk = Image.fromarray(pixels)
    return Fingerprint(
        pdq=_pack(bits),
        pdq_quality=int(quality),
        phash64=_pack(imagehash.phash(shrunk, hash_size=8).hash),
        dct256=_pack(imagehash.phash(shrunk, hash_size=16).hash),
    )


def mirrored(image: Image.Image) -> Fingerprint:
    """Fingerprint of the image flipped left to right: a search must ask for both."""
    return fingerprint(ImageOps.mirror(image))


def shrink(pixels: NDArray[np.uint8]) -> NDArray[Any]:
    """RGB pixels (h, w, 3) as definition 1 hashes them: longer side at most MAX_SIDE px."""
    height, width = pixels.shape[:2]
    if max(height, width) <= MAX_SIDE:
        return np.ascontiguousarray(pixels)
    scale = MAX_SIDE / max(height, width)
    # At least one hash's worth of rows, so that a very long strip still has something to hash.
    size = (max(MIN_SIDE, round(width * scale)), max(MIN_SIDE, round(height * scale)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def _pack(bits: NDArray[Any]) -> bytes:
    return np.packbits(np.asarray(bits).astype(bool).ravel()).tobytes()
