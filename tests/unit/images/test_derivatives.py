"""Public copies: right sizes, the same bytes each time, and nothing in them but the picture."""

from __future__ import annotations

import base64
import hashlib
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from marketplace.images import Derivative, blur_of, make_derivatives, read_upload
from tests.unit.images.builders import (
    MARKER,
    dressed_jpeg,
    dressed_png,
    dressed_webp,
    exif,
    icc_profile,
    picture,
)


def widths(image: Image.Image) -> list[int]:
    return [derivative.width for derivative in make_derivatives(image)[::2]]


@pytest.mark.parametrize(
    ("native", "expected"),
    [
        (64, [64]),
        (256, [256]),
        (320, [320]),
        (321, [320, 321]),
        (1024, [320, 640, 1024]),
        (1500, [320, 640, 1024, 1500]),
        (2000, [320, 640, 1024, 1600]),
    ],
)
def test_widths_and_no_enlarging(native: int, expected: list[int]):
    assert widths(picture(native, 64)) == expected


def test_each_width_comes_as_webp_and_jpeg_that_open():
    image = picture(700, 500)
    derivatives = make_derivatives(image)

    assert [(made.width, made.height, made.format) for made in derivatives] == [
        (320, 229, "WEBP"),
        (320, 229, "JPEG"),
        (640, 457, "WEBP"),
        (640, 457, "JPEG"),
        (700, 500, "WEBP"),
        (700, 500, "JPEG"),
    ]
    for made in derivatives:
        with Image.open(io.BytesIO(made.data)) as opened:
            assert (opened.format, opened.size) == (made.format, (made.width, made.height))
            reference = np.asarray(image.resize(opened.size)).astype(int)
            assert abs(np.asarray(opened.convert("RGB")).astype(int) - reference).mean() < 4


def test_names_are_the_content():
    for made in make_derivatives(picture()):
        extension = {"WEBP": ".webp", "JPEG": ".jpg"}[made.format]
        assert made.name == hashlib.sha256(made.data).hexdigest() + extension
        assert made.content_type == {"WEBP": "image/webp", "JPEG": "image/jpeg"}[made.format]


def test_the_same_pixels_give_the_same_bytes_whatever_the_file():
    files = [dressed(picture(400, 300)) for dressed in (dressed_png, dressed_webp)]
    plain, other = (make_derivatives(read_upload(data).image) for data in files)
    assert plain == other
    assert plain == make_derivatives(read_upload(files[0]).image)


def test_only_rgb_is_taken():
    with pytest.raises(ValueError, match="RGBA"):
        make_derivatives(picture(mode="RGBA"))


def test_the_tallest_picture_that_uploads_allow():
    assert widths(Image.new("RGB", (64, 16_000))) == [64]
    assert make_derivatives(Image.new("RGB", (16_000, 64)))[0].height == 1


def jpeg_segments(data: bytes) -> list[int]:
    """Markers up to the first scan."""
    markers, offset = [], 2
    while data[offset + 1] != 0xDA:
        markers.append(data[offset + 1])
        offset += 2 + struct.unpack_from(">H", data, offset + 2)[0]
    return markers


def webp_chunks(data: bytes) -> list[bytes]:
    kinds, offset = [], 12
    while offset < len(data):
        kind, length = struct.unpack_from("<4sI", data, offset)
        kinds.append(kind)
        offset += 8 + length + length % 2
    return kinds


def assert_bare(made: Derivative) -> None:
    """Nothing is in the file but what draws the picture."""
    if made.format == "WEBP":
        assert webp_chunks(made.data) == [b"VP8 "]
    else:
        markers = jpeg_segments(made.data)
        assert set(markers) <= {0xE0, 0xDB, 0xC2, 0xC4}
        assert markers.count(0xE0) == 1
        assert made.data[:20] == b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
    for trace in (MARKER, MARKER[:12], b"Exif", b"xmp", b"ICC_PROFILE", b"ICCP", b"8BIM"):
        assert trace not in made.data
    with Image.open(io.BytesIO(made.data)) as opened:
        opened.load()
        assert not opened.getexif()
        for key in ("exif", "xmp", "icc_profile", "comment", "photoshop", "dpi"):
            assert key not in opened.info


@pytest.mark.parametrize("dress", [dressed_png, dressed_jpeg, dressed_webp])
def test_no_metadata_survives(dress):
    data = dress(picture(700, 500))
    # The marker is really there to be lost; a compressed chunk hides one of its copies.
    assert data.count(MARKER) >= 4
    for made in make_derivatives(read_upload(data).image):
        assert_bare(made)


def test_a_compressed_prompt_is_among_what_is_lost():
    data = dressed_png(picture())
    start = data.index(b"zTXt") + 4
    (length,) = struct.unpack_from(">I", data, start - 8)
    assert zlib.decompress(data[start + len(b"prompt\0\0") : start + length]) == MARKER


def test_metadata_on_the_given_image_itself_is_not_written():
    image = picture(700, 500)
    image.info.update(
        exif=exif(),
        icc_profile=icc_profile(),
        xmp=MARKER,
        comment=MARKER,
        dpi=(123, 123),
        parameters=MARKER.decode(),
    )
    for made in make_derivatives(image):
        assert_bare(made)


def test_a_blur_is_tiny_keeps_its_shape_and_carries_nothing_else() -> None:
    image = Image.new("RGB", (900, 600), (200, 30, 30))
    image.paste((20, 20, 200), (0, 0, 450, 600))
    image.info["comment"] = MARKER
    kind, _, data = blur_of(image).partition(",")
    assert kind == "data:image/webp;base64"
    assert len(data) < 300
    assert blur_of(image) == f"{kind},{data}"
    with Image.open(io.BytesIO(base64.b64decode(data))) as small:
        assert small.size == (12, 8)
        pixels = np.asarray(small.convert("RGB"))
    assert pixels[4, 2, 2] > pixels[4, 2, 0]  # blue on the left
    assert pixels[4, 9, 0] > pixels[4, 9, 2]  # red on the right
