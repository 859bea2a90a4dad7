"""Files made to harm or to deceive: each is refused with a code and a way out."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
import zlib

import pytest
from PIL import Image

from marketplace.images import UploadError, read_upload
from tests.unit.images.builders import (
    PNG_SIGNATURE,
    chunk,
    dressed_jpeg,
    dressed_png,
    dressed_webp,
    encode,
    exif,
    picture,
    png,
)

FORMATS = ["PNG", "JPEG", "WEBP"]


def refusal(data: bytes, filename: str = "sample.png") -> str:
    with pytest.raises(UploadError) as caught:
        read_upload(data, filename)
    assert len(caught.value.message) > 20
    return caught.value.code


def zip_archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("evil.txt", "evil")
    return buffer.getvalue()


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"a plain text", "not_a_picture"),
        (SVG, "svg"),
        (b"\xef\xbb\xbf  " + SVG.upper(), "svg"),
        (encode(picture(), "GIF"), "unsupported"),
        (encode(picture(), "BMP"), "unsupported"),
        (encode(picture(), "TIFF"), "unsupported"),
        (encode(picture(), "AVIF"), "unsupported"),
        (b"%PDF-1.7\n" + encode(picture()), "unsupported"),
        (b"<html><script>1</script>" + encode(picture()), "leading_data"),
        (b"\n" + encode(picture(), "JPEG"), "leading_data"),
        (zip_archive(), "unsupported"),
        (PNG_SIGNATURE, "damaged"),
        (b"\xff\xd8\xff", "damaged"),
        (b"RIFF\x04\0\0\0WEBP", "damaged"),
    ],
)
def test_what_is_no_picture(data: bytes, code: str):
    assert refusal(data) == code


def test_a_misleading_ending_is_named():
    with pytest.raises(UploadError, match=r"ends in \.png"):
        read_upload(b"just text", "Holiday.PNG")


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize(
    "rider",
    [b"<script>alert(1)</script>", zip_archive(), b"%PDF-1.4", b"\0\0\0", b"x", encode(picture())],
    ids=["html", "zip", "pdf", "padding", "one byte", "another picture"],
)
def test_nothing_rides_behind_the_picture(fmt: str, rider: bytes):
    assert refusal(encode(picture(), fmt) + rider) == "trailing_data"


@pytest.mark.parametrize("fmt", FORMATS)
def test_truncated_files(fmt: str):
    whole = encode(picture(), fmt)
    for kept in {len(whole) - 1, len(whole) - 12, *range(13, len(whole), len(whole) // 25)}:
        assert refusal(whole[:kept]) == "damaged", kept


def test_a_truncated_picture_in_a_whole_container():
    coded = zlib.compress(picture().tobytes())
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 96, 80, 8, 2, 0, 0, 0))
    half = chunk(b"IDAT", coded[: len(coded) // 2])
    assert refusal(PNG_SIGNATURE + header + half + chunk(b"IEND", b"")) == "damaged"
    body = bytearray(encode(picture(), "WEBP"))
    cut = body[: len(body) // 2 // 2 * 2]
    struct.pack_into("<I", cut, 4, len(cut) - 8)
    struct.pack_into("<I", cut, 16, len(cut) - 20)
    assert refusal(bytes(cut)) == "damaged"


@pytest.mark.parametrize("fmt", FORMATS)
def test_flipped_bytes_never_escape_as_another_error(fmt: str):
    whole = encode(picture(64, 64), fmt)
    step = max(1, len(whole) // 120)
    for offset in range(0, len(whole), step):
        broken = bytearray(whole)
        broken[offset] ^= 0xA5
        try:
            checked = read_upload(bytes(broken))
        except UploadError:
            continue
        assert checked.image.mode == "RGB"


@pytest.mark.parametrize("fmt", ["PNG", "WEBP"])
def test_animations(fmt: str):
    frames = [picture(), picture().transpose(Image.Transpose.ROTATE_180)]
    data = encode(frames[0], fmt, save_all=True, append_images=frames[1:], duration=100)
    assert refusal(data) == "animated"


def test_a_multi_picture_jpeg_is_not_taken_for_its_first_picture():
    frames = [picture(), picture().transpose(Image.Transpose.ROTATE_180)]
    data = encode(frames[0], "MPO", save_all=True, append_images=frames[1:])
    assert refusal(data) == "trailing_data"


def test_a_malformed_multi_picture_table_is_ignored():
    data = encode(picture(), "JPEG")
    table = b"MPF\0" + b"MM\0*\0\0\0\x08" + b"\xff" * 30
    data = data[:2] + b"\xff\xe2" + struct.pack(">H", len(table) + 2) + table + data[2:]
    assert read_upload(data).format == "JPEG"


def test_bombs_are_refused_before_they_are_decoded():
    side = 12_000
    bomb = png(side, side, pixels=bytes(side * 50), depth=1, colour=0)
    tracemalloc.start()
    try:
        assert refusal(bomb) == "too_many_pixels"
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000


@pytest.mark.parametrize("declared", [(60_000, 60_000), (65_000, 64), (8_000, 5_001)])
def test_declared_sizes_over_the_limit(declared: tuple[int, int]):
    width, height = declared
    assert refusal(png(width, height, pixels=b"")) == "too_many_pixels"

    jpeg = bytearray(encode(picture(), "JPEG"))
    frame = jpeg.index(b"\xff\xc0")
    struct.pack_into(">HH", jpeg, frame + 5, height, width)
    assert refusal(bytes(jpeg)) == "too_many_pixels"


def test_a_webp_bomb():
    blank = bytearray(encode(Image.new("RGB", (64, 64)), "WEBP", lossless=True))
    assert blank[12:16] == b"VP8L"
    bits = int.from_bytes(blank[21:25], "little") & ~0xFFFFFFF | 16_382 | 16_382 << 14
    blank[21:25] = bits.to_bytes(4, "little")
    assert refusal(bytes(blank)) == "too_many_pixels"


def test_a_second_size_cannot_hide_behind_the_first():
    jpeg = encode(picture(), "JPEG")
    frame = jpeg.index(b"\xff\xc0")
    (length,) = struct.unpack_from(">H", jpeg, frame + 2)
    segment = bytearray(jpeg[frame : frame + 2 + length])
    struct.pack_into(">HH", segment, 5, 60_000, 60_000)
    assert refusal(jpeg[:frame] + segment + jpeg[frame:]) in {"damaged", "too_many_pixels"}

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    rows = b"".join(b"\0" + bytes(96 * 3) for _ in range(80))
    assert refusal(png(96, 80, pixels=rows, before=header)) == "damaged"


def test_a_jpeg_of_very_many_scans():
    jpeg = encode(picture(), "JPEG", progressive=True)
    last = jpeg.rindex(b"\xff\xda")
    scans = jpeg[last:-2] * 5000
    assert refusal(jpeg[:last] + scans + jpeg[-2:]) == "damaged"


def test_a_text_chunk_that_unpacks_without_end_costs_nothing():
    rows = b"".join(b"\0" + bytes(96 * 3) for _ in range(80))
    bomb = chunk(b"zTXt", b"prompt\0\0" + zlib.compress(bytes(30_000_000), 9))
    assert read_upload(png(96, 80, pixels=rows, before=bomb * 20)).image.size == (96, 80)


def test_a_profile_that_unpacks_without_end():
    rows = b"".join(b"\0" + bytes(96 * 3) for _ in range(80))
    bomb = chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(30_000_000), 9))
    assert refusal(png(96, 80, pixels=rows, before=bomb)) == "damaged"


def test_more_pixel_data_than_the_picture_has_is_not_kept():
    rows = b"".join(b"\0" + bytes(96 * 3) for _ in range(80))
    assert read_upload(png(96, 80, pixels=rows + bytes(50_000_000))).image.size == (96, 80)


@pytest.mark.parametrize("dress", [dressed_png, dressed_jpeg, dressed_webp])
def test_honest_metadata_of_every_kind_is_no_reason_to_refuse(dress):
    assert read_upload(dress(picture())).image.info == {}


def test_a_wrong_checksum_is_damage():
    data = bytearray(encode(picture(), exif=exif()))
    data[-1] ^= 1
    assert refusal(bytes(data)) == "damaged"
