"""An upload is what its decoder says it is: bounded reading, structure, decoding, one form out."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from typing import BinaryIO

from PIL import Image

from marketplace.images.colour import to_srgb
from marketplace.images.containers import Container, walk
from marketplace.images.errors import UploadError, animated, damaged
from marketplace.images.kinds import not_a_picture
from marketplace.images.limits import MAX_BYTES, MAX_PIXELS, MAX_SIDE, MIN_SIDE
from marketplace.images.orientation import turn_upright

_STRIP_ROWS = 256


@dataclass(frozen=True, slots=True)
class CheckedImage:
    """An acceptable picture.

    `data` is the upload unchanged, with all its metadata: private. `image` is RGB, upright, sRGB,
    without metadata, and `width` and `height` are its. `sha256` is of `data`; `pixel_sha256` of
    size and pixels, equal for two files that show exactly the same. Both in hexadecimal.
    """

    data: bytes = field(repr=False)
    format: str
    width: int
    height: int
    sha256: str
    pixel_sha256: str
    image: Image.Image = field(repr=False, compare=False)


def read_upload(source: bytes | BinaryIO, filename: str = "") -> CheckedImage:
    """Check one uploaded picture; reads at most one byte more than the limit.

    The name decides nothing: it only lets a message say that an ending misleads. Files after
    `MAX_BYTES` (15 MB), over 40 megapixels, under 64 pixels a side, animated, truncated, of
    another kind than PNG, JPEG and WebP, or with anything behind the picture's end are refused.

    Raises UploadError with a code and a message that says how to mend it.
    """
    data = _read_bounded(source)
    if not data:
        raise UploadError("empty", "This file is empty. Choose the picture again.")
    container = walk(data)
    if container is None:
        raise not_a_picture(data, filename)
    _check_size(container.width, container.height)
    image = _decode(container)
    return CheckedImage(
        data=data,
        format=container.format,
        width=image.width,
        height=image.height,
        sha256=hashlib.sha256(data).hexdigest(),
        pixel_sha256=pixel_digest(image),
        image=image,
    )


def pixel_digest(image: Image.Image) -> str:
    """SHA-256, in hexadecimal, of an RGB image's size and pixels."""
    digest = hashlib.sha256(f"RGB {image.width}x{image.height}\n".encode())
    for top in range(0, image.height, _STRIP_ROWS):  # a copy of 40 megapixels is 120 MB
        bottom = min(top + _STRIP_ROWS, image.height)
        digest.update(image.crop((0, top, image.width, bottom)).tobytes())
    return digest.hexdigest()


def _read_bounded(source: bytes | BinaryIO) -> bytes:
    if isinstance(source, bytes):
        data = source
    else:
        chunks = []
        wanted = MAX_BYTES + 1
        while wanted > 0 and (chunk := source.read(wanted)):  # a stream may give less than asked
            chunks.append(chunk)
            wanted -= len(chunk)
        data = b"".join(chunks)
    if len(data) > MAX_BYTES:
        raise UploadError(
            "too_large",
            f"This file is larger than {MAX_BYTES // 1_000_000} MB. Export the picture as WebP "
            "or JPEG, or make it smaller.",
        )
    return data


def _check_size(width: int, height: int) -> None:
    if min(width, height) < MIN_SIDE:
        raise UploadError(
            "too_small",
            f"This picture is {width} by {height} pixels; each side needs at least {MIN_SIDE}. "
            "Upload it at its original size.",
        )
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise UploadError(
            "too_many_pixels",
            f"This picture is {width} by {height} pixels. Make it smaller: at most "
            f"{MAX_PIXELS // 1_000_000} megapixels and {MAX_SIDE:,} pixels on a side.",
        )


def _decode(container: Container) -> Image.Image:
    try:
        with Image.open(io.BytesIO(container.decodable), formats=[container.format]) as image:
            if getattr(image, "n_frames", 1) != 1:
                raise animated()
            if image.size != (container.width, container.height):
                raise damaged()
            image.load()
            return turn_upright(to_srgb(image), container.exif)
    except (UploadError, MemoryError):
        raise
    except Exception as error:  # decoders of hostile bytes raise nearly everything there is
        raise damaged() from error
