"""The outer structure of PNG, JPEG and WebP files, walked before any decoder.

A walk finds the declared size (so that a bomb is never decoded), animation, the exact end of the
picture (so that nothing rides behind it), and gathers only the parts that a decoder needs.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from marketplace.images.errors import animated, damaged, trailing_data

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_SIGNATURE = b"\xff\xd8\xff"

# All that changes pixels. Text chunks are left behind: they may be bombs of their own.
_PNG_KEPT = frozenset(
    (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"iCCP", b"sRGB", b"gAMA", b"cHRM")
)
_SOF_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Progressive files have about ten scans. Thousands fit in a small file, and each costs a decoder
# a pass over the whole picture.
_MAX_JPEG_SCANS = 100
# The next marker inside entropy-coded data: FF 00 is a data byte, FF D0-D7 are restarts.
_NEXT_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")


@dataclass(frozen=True, slots=True)
class Container:
    """A well-formed file: Pillow's format name, declared size in pixels, what to decode.

    `exif` is the first EXIF block, empty when there is none.
    """

    format: str
    width: int
    height: int
    decodable: bytes = field(repr=False)
    exif: bytes = field(repr=False)


def walk(data: bytes) -> Container | None:
    """The structure of a PNG, JPEG or WebP file, or None for any other kind.

    Raises UploadError: damaged, animated, trailing_data.
    """
    if data.startswith(PNG_SIGNATURE):
        return _walk_png(data)
    if data.startswith(JPEG_SIGNATURE):
        return _walk_jpeg(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _walk_webp(data)
    return None


def _walk_png(data: bytes) -> Container:
    kept = [PNG_SIGNATURE]
    exif = b""
    size: tuple[int, int] | None = None
    offset = len(PNG_SIGNATURE)
    while True:
        if offset + 12 > len(data):
            raise damaged()
        length, kind = struct.unpack_from(">I4s", data, offset)
        end = offset + 12 + length
        if end > len(data):
            raise damaged()
        (checksum,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(memoryview(data)[offset + 4 : end - 4]) != checksum:
            raise damaged()
        if (size is None) != (kind == b"IHDR"):  # first of all, and once
            raise damaged()
        if kind == b"IHDR":
            if length != 13:
                raise damaged()
            size = struct.unpack_from(">II", data, offset + 8)
        if kind == b"acTL":
            raise animated()
        if kind == b"eXIf":
            exif = exif or data[offset + 8 : end - 4]
        if kind in _PNG_KEPT:
            kept.append(data[offset:end])
        offset = end
        if kind == b"IEND":
            break
    if offset != len(data):
        raise trailing_data()
    assert size is not None  # IEND before IHDR was refused above
    return Container("PNG", *size, b"".join(kept), exif)


def _walk_jpeg(data: bytes) -> Container:
    kept = [b"\xff\xd8"]
    size: tuple[int, int] | None = None
    exif = b""
    scans = 0
    for marker, start, end in _jpeg_segments(data):
        if marker == 0xD9:
            if end != len(data):
                raise trailing_data()
            if size is None:
                break
            kept.append(b"\xff\xd9")
            return Container("JPEG", *size, b"".join(kept), exif)
        if marker in _SOF_MARKERS:
            if size is not None or end - start < 12:
                raise damaged()
            height, width = struct.unpack_from(">HH", data, start + 5)
            size = (width, height)
        scans += marker == 0xDA
        if scans > _MAX_JPEG_SCANS:
            raise damaged()
        if marker == 0xE1 and data.startswith(b"Exif\0\0", start + 4):
            exif = exif or data[start + 4 : end]
        if _needed_by_jpeg(marker, data[start + 4 : start + 20]):
            kept.append(data[start:end])
    raise damaged()


def _needed_by_jpeg(marker: int, head: bytes) -> bool:
    """True for all segments but comments and those application segments that hold no colour."""
    if marker == 0xE2:  # also home of multi-picture tables, which are left behind
        return head.startswith(b"ICC_PROFILE\0")
    return marker in (0xE0, 0xEE) or not (0xE0 <= marker <= 0xEF or marker == 0xFE)


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Each segment's (marker, start, end); a scan's segment includes its coded data."""
    offset = 2
    while True:
        start = offset
        while data[offset : offset + 2] == b"\xff\xff":  # fill bytes
            offset += 1
        if len(data) < offset + 2 or data[offset] != 0xFF:
            raise damaged()
        marker = data[offset + 1]
        if marker == 0xD9:
            yield marker, start, offset + 2
            return
        if marker in (0x00, 0x01, 0xD8) or 0xD0 <= marker <= 0xD7 or offset + 4 > len(data):
            raise damaged()
        (length,) = struct.unpack_from(">H", data, offset + 2)
        end = offset + 2 + length
        if length < 2 or end > len(data):
            raise damaged()
        if marker == 0xDA:
            match = _NEXT_MARKER.search(data, end)
            if match is None:
                raise damaged()
            end = match.start()
        yield marker, offset, end
        offset = end


def _walk_webp(data: bytes) -> Container:
    (riff_size,) = struct.unpack_from("<I", data, 4)
    end = riff_size + 8
    if end > len(data):
        raise damaged()
    # A RIFF size is even; some writers count without the last padding byte.
    if data[end:].strip(b"\0") or len(data) - end > 1:
        raise trailing_data()
    size: tuple[int, int] | None = None
    picture: tuple[int, int] | None = None
    exif = b""
    offset = 12
    while offset < end:
        if offset + 8 > end:
            raise damaged()
        kind, length = struct.unpack_from("<4sI", data, offset)
        body = offset + 8
        if body + length > end:
            raise damaged()
        if kind in (b"ANIM", b"ANMF"):
            raise animated()
        head = data[body : body + min(length, 10)]
        if kind == b"EXIF":
            exif = exif or data[body : body + length]
        if kind == b"VP8X":
            size = _extended_size(head)
        elif kind in (b"VP8 ", b"VP8L"):
            if picture is not None:
                raise damaged()
            picture = _lossy_size(head) if kind == b"VP8 " else _lossless_size(head)
        offset = body + length + (length & 1)
    if picture is None or (size is not None and size != picture):
        raise damaged()
    return Container("WEBP", *picture, data, exif)


def _extended_size(head: bytes) -> tuple[int, int]:
    if len(head) < 10:
        raise damaged()
    if head[0] & 0x02:
        raise animated()
    width = int.from_bytes(head[4:7], "little") + 1
    return width, int.from_bytes(head[7:10], "little") + 1


def _lossy_size(head: bytes) -> tuple[int, int]:
    if len(head) < 10 or head[3:6] != b"\x9d\x01\x2a":
        raise damaged()
    width, height = struct.unpack_from("<HH", head, 6)
    return width & 0x3FFF, height & 0x3FFF


def _lossless_size(head: bytes) -> tuple[int, int]:
    if len(head) < 5 or head[0] != 0x2F:
        raise damaged()
    bits = int.from_bytes(head[1:5], "little")
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
