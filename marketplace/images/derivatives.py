"""The public copies of a sample: re-encoded from pixels alone, named by their content."""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import dataclass, field

from PIL import Image

WIDTHS = (320, 640, 1024)
MAX_WIDTH = 1600
WEBP_QUALITY = 84
JPEG_QUALITY = 86
BLUR_EDGE, BLUR_QUALITY = 12, 40


@dataclass(frozen=True, slots=True)
class Derivative:
    """One public file; `name` is the SHA-256 of `data` with an extension, so it never changes."""

    width: int
    height: int
    format: str
    data: bytes = field(repr=False)
    content_type: str
    name: str


def make_derivatives(image: Image.Image) -> list[Derivative]:
    """WebP and JPEG copies of an RGB image, narrowest first, WebP before JPEG at each width.

    Widths are 320, 640 and 1024 where the image is wider, and its own up to 1600; nothing is
    enlarged. The same pixels give the same bytes, and no metadata is written.
    """
    if image.mode != "RGB":
        raise ValueError(f"derivatives are made of RGB images, not of {image.mode}")
    return [
        derivative
        for width in derivative_widths(image.width)
        for derivative in _at_width(image, width)
    ]


def blur_of(image: Image.Image) -> str:
    """The picture in a hundred bytes, to stand in its place until it arrives.

    Returns:
        A data address of a WebP picture, BLUR_EDGE pixels on its longer side.
    """
    scale = BLUR_EDGE / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = Image.new("RGB", size)
    small.paste(image.resize(size, Image.Resampling.BOX))
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=BLUR_QUALITY, method=4)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def derivative_widths(native: int) -> list[int]:
    """The widths in pixels, ascending, for an image that is `native` pixels wide."""
    return [width for width in WIDTHS if width < native] + [min(native, MAX_WIDTH)]


def _at_width(image: Image.Image, width: int) -> list[Derivative]:
    height = max(1, round(image.height * width / image.width))
    # Saving takes over what `info` holds; a fresh image holds nothing.
    clean = Image.new("RGB", (width, height))
    if width == image.width:
        clean.paste(image)
    else:
        # Box-averaging to twice the size first is far faster and looks the same.
        clean.paste(image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0))
    return [_webp(clean), _jpeg(clean)]


def _webp(image: Image.Image) -> Derivative:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=WEBP_QUALITY, method=4)
    return _derivative(image, "WEBP", buffer.getvalue(), "image/webp", ".webp")


def _jpeg(image: Image.Image) -> Derivative:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY, optimize=True, progressive=True)
    return _derivative(image, "JPEG", buffer.getvalue(), "image/jpeg", ".jpg")


def _derivative(
    image: Image.Image, fmt: str, data: bytes, content_type: str, extension: str
) -> Derivative:
    name = hashlib.sha256(data).hexdigest() + extension
    return Derivative(image.width, image.height, fmt, data, content_type, name)
