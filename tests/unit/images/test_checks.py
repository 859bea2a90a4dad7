"""Uploads: what is accepted and in which form, what is refused and how it is said."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest
from PIL import Image, ImageFile

from marketplace.images import MAX_BYTES, CheckedImage, UploadError, read_upload
from marketplace.images.checks import pixel_digest
from tests.unit.images.builders import (
    MARKER,
    channel_swapping_profile,
    encode,
    exif,
    icc_profile,
    linear_grey_profile,
    picture,
    png_of,
)

ROTATIONS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.fixture(autouse=True)
def _pillow_is_left_as_it_was():
    before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
    yield
    assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)


def worst_difference(checked: CheckedImage, expected: Image.Image) -> int:
    assert checked.image.size == expected.size
    ours, theirs = (np.asarray(image).astype(int) for image in (checked.image, expected))
    return int(abs(ours - theirs).max())


@pytest.mark.parametrize(
    ("fmt", "options", "tolerance"),
    [
        ("PNG", {}, 0),
        ("JPEG", {"quality": 95, "subsampling": 0}, 8),
        ("JPEG", {"quality": 95, "subsampling": 0, "progressive": True}, 8),
        ("JPEG", {"quality": 95, "subsampling": 0, "restart_marker_rows": 1}, 8),
        ("WEBP", {"lossless": True}, 0),
        ("WEBP", {"quality": 95}, 24),
    ],
)
def test_the_three_formats(fmt: str, options: dict[str, object], tolerance: int):
    data = encode(picture(), fmt, **options)

    checked = read_upload(data, "anything.bin")

    assert (checked.format, checked.width, checked.height) == (fmt, 96, 80)
    assert checked.data == data
    assert checked.sha256 == hashlib.sha256(data).hexdigest()
    assert checked.image.mode == "RGB"
    assert checked.image.info == {}
    assert worst_difference(checked, picture()) <= tolerance


def test_the_pixel_digest_is_of_pixels_alone():
    plain = read_upload(encode(picture()))
    repacked = read_upload(encode(picture(), compress_level=1, exif=exif()))
    lossless = read_upload(encode(picture(), "WEBP", lossless=True))
    other = read_upload(encode(picture().transpose(Image.Transpose.ROTATE_180)))

    assert plain.sha256 != repacked.sha256
    assert plain.pixel_sha256 == repacked.pixel_sha256 == lossless.pixel_sha256
    assert other.pixel_sha256 != plain.pixel_sha256
    # The same bytes in another shape are another picture; more rows than one strip count too.
    assert pixel_digest(Image.new("RGB", (64, 300))) != pixel_digest(Image.new("RGB", (300, 64)))
    tall = Image.new("RGB", (64, 600))
    tall.putpixel((0, 599), (1, 1, 1))
    assert pixel_digest(tall) != pixel_digest(Image.new("RGB", (64, 600)))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("fmt", ["PNG", "JPEG", "WEBP"])
def test_exif_orientation_is_applied(fmt: str, orientation: int):
    turn = ROTATIONS[orientation]
    stored = picture() if turn is None else picture().transpose(turn)
    options = {"lossless": True} if fmt == "WEBP" else {}
    if fmt == "JPEG":
        options = {"quality": 95, "subsampling": 0}
    data = encode(stored, fmt, exif=exif(orientation), **options)

    assert worst_difference(read_upload(data), picture()) <= 8


@pytest.mark.parametrize("fmt", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("block", [b"nonsense", b"II*\0\xff\xff\xff\xff", b"MM\0*" + b"\xff" * 40])
def test_broken_exif_is_ignored(fmt: str, block: bytes):
    data = encode(picture(), fmt, exif=b"Exif\0\0" + block)
    assert read_upload(data).image.size == (96, 80)


def test_transparency_lies_on_white():
    half = picture(mode="RGBA")
    over_white = Image.new("RGB", half.size, "white")
    over_white.paste(half, mask=half.getchannel("A"))
    assert worst_difference(read_upload(encode(half)), over_white) == 0

    for clear in (
        Image.new("LA", (64, 64), (0, 0)),
        Image.new("RGBA", (64, 64), (9, 9, 9, 0)),
        Image.new("RGBA", (64, 64), (9, 9, 9, 0)).quantize(4),
    ):
        assert read_upload(encode(clear)).image.getextrema() == ((255, 255),) * 3


@pytest.mark.parametrize("mode", ["L", "RGB", "P"])
def test_a_colour_declared_transparent_lies_on_white(mode: str):
    image = Image.new(mode, (64, 64))
    image.putpixel((0, 0), 1 if mode != "RGB" else (1, 1, 1))
    if mode == "P":
        image.putpalette([0, 0, 0, 40, 40, 40])
    key = (0, 0, 0) if mode == "RGB" else 0
    checked = read_upload(encode(image, transparency=key))
    assert checked.image.getpixel((5, 5)) == (255, 255, 255)
    assert max(checked.image.getpixel((0, 0))) < 50


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_other_modes_become_rgb(mode: str):
    image = picture().convert(mode)
    assert worst_difference(read_upload(encode(image)), image.convert("RGB")) == 0


@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_sixteen_bits_keep_their_tones(colour: int, channels: int):
    eight = np.asarray(picture(mode="RGB")).astype(np.uint32)
    opaque = np.full(eight.shape[:2], 255, np.uint32)
    grey = channels < 3
    shown = np.repeat(eight[..., :1], 3, axis=-1) if grey else eight
    stored = eight[..., :1] if grey else eight
    if channels in (2, 4):
        stored = np.concatenate([stored, opaque[..., None]], axis=-1)

    checked = read_upload(png_of(stored * 257, colour=colour))

    assert worst_difference(checked, Image.fromarray(shown.astype(np.uint8))) <= 1


def test_cmyk_is_refused_with_the_way_out():
    with pytest.raises(UploadError, match="Convert it to RGB") as caught:
        read_upload(encode(picture().convert("CMYK"), "JPEG"))
    assert caught.value.code == "cmyk"


@pytest.mark.parametrize("fmt", ["PNG", "JPEG", "WEBP"])
def test_colours_are_brought_to_srgb_by_the_profile(fmt: str):
    orange = Image.new("RGB", (64, 64), (220, 120, 30))
    options = {"lossless": True} if fmt == "WEBP" else {}
    data = encode(orange, fmt, icc_profile=channel_swapping_profile(), **options)

    red, green, blue = read_upload(data).image.getpixel((32, 32))

    assert abs(red - 120) < 12
    assert abs(green - 220) < 12
    assert abs(blue - 30) < 12


def test_the_profile_leaves_transparency_alone():
    image = Image.new("RGBA", (64, 64), (220, 120, 30, 0))
    data = encode(image, icc_profile=channel_swapping_profile())
    assert read_upload(data).image.getpixel((1, 1)) == (255, 255, 255)


def test_an_srgb_profile_changes_nothing():
    assert (
        worst_difference(read_upload(encode(picture(), icc_profile=icc_profile())), picture()) <= 2
    )


@pytest.mark.parametrize(
    "profile",
    [b"nonsense", channel_swapping_profile()[:200], bytes(5000), icc_profile("LAB")],
    ids=["nonsense", "cut", "zeros", "of another space"],
)
def test_a_useless_profile_is_ignored(profile: bytes):
    assert worst_difference(read_upload(encode(picture(), icc_profile=profile)), picture()) == 0


def test_a_grey_profile_is_applied_to_greys():
    data = encode(Image.new("L", (64, 64), 55), icc_profile=linear_grey_profile())
    red, green, blue = read_upload(data).image.getpixel((1, 1))
    assert red == green == blue
    assert abs(red - 128) < 4  # 55 of 255 is a fifth of the light, which sRGB writes as 128


def test_a_grey_picture_with_a_colour_profile_keeps_its_numbers():
    grey = picture(mode="L")
    checked = read_upload(encode(grey, icc_profile=channel_swapping_profile()))
    assert worst_difference(checked, grey.convert("RGB")) == 0


class CountingStream(io.BytesIO):
    """A stream that gives little at a time and counts what was taken."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None
        assert size > 0, "an unbounded read"
        found = super().read(min(size, 1_000_003))
        self.taken += len(found)
        return found


def test_a_stream_is_read_whole_when_it_is_small():
    data = encode(picture())
    assert read_upload(CountingStream(data), "a.png").data == data


def test_a_stream_is_read_no_further_than_the_limit():
    stream = CountingStream(encode(picture()) + bytes(MAX_BYTES * 2))
    with pytest.raises(UploadError, match="15 MB") as caught:
        read_upload(stream)
    assert caught.value.code == "too_large"
    assert stream.taken == MAX_BYTES + 1


def test_exactly_the_limit_is_not_too_large():
    with pytest.raises(UploadError) as caught:
        read_upload(bytes(MAX_BYTES))
    assert caught.value.code == "not_a_picture"
    with pytest.raises(UploadError) as caught:
        read_upload(bytes(MAX_BYTES + 1))
    assert caught.value.code == "too_large"


@pytest.mark.parametrize(("size", "accepted"), [((64, 64), True), ((63, 200), False)])
def test_the_smallest_side(size: tuple[int, int], accepted: bool):
    data = encode(Image.new("RGB", size))
    if accepted:
        assert read_upload(data).image.size == size
    else:
        with pytest.raises(UploadError, match="63 by 200") as caught:
            read_upload(data)
        assert caught.value.code == "too_small"


def test_neither_repr_nor_message_shows_what_the_file_holds():
    checked = read_upload(encode(picture(), "JPEG", comment=MARKER))
    assert MARKER.decode() not in repr(checked)
    with pytest.raises(UploadError) as caught:
        read_upload(MARKER, f"{MARKER.decode()}.png")
    assert MARKER.decode() not in f"{caught.value!r} {caught.value}"
