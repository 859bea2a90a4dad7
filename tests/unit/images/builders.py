"""Pictures, sound and hostile, made in code."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

MARKER = b"a-paper-cut-fox-under-a-secret-sky"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def picture(width: int = 96, height: int = 80, mode: str = "RGB") -> Image.Image:
    """A picture whose four corners differ, so that turning and mirroring show."""
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    channels = [across, down, 255 - across, np.full_like(across, 128.0)]
    if mode == "L":
        return Image.fromarray(across.astype(np.uint8))
    stack = np.stack(channels[: len(mode)], axis=-1).astype(np.uint8)
    return Image.fromarray(stack, mode=None)


def encode(image: Image.Image, fmt: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, fmt, **options)
    return buffer.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(
    width: int,
    height: int,
    *,
    pixels: bytes,
    depth: int = 8,
    colour: int = 2,
    before: bytes = b"",
) -> bytes:
    """A PNG by hand, with `before` put ahead of its pixels."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    idat = chunk(b"IDAT", zlib.compress(pixels, 9))
    return PNG_SIGNATURE + chunk(b"IHDR", header) + before + idat + chunk(b"IEND", b"")


def png_of(array: np.ndarray, *, colour: int, before: bytes = b"") -> bytes:
    """A 16-bit PNG of a (height, width, channels) array; Pillow cannot write colour ones."""
    height, width = array.shape[:2]
    rows = array.astype(">u2").reshape(height, -1)
    pixels = b"".join(b"\0" + row.tobytes() for row in rows)
    return png(width, height, pixels=pixels, depth=16, colour=colour, before=before)


def exif(orientation: int = 1) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010E] = MARKER.decode()  # ImageDescription
    tags[0x9286] = b"ASCII\0\0\0" + MARKER  # UserComment
    return tags.tobytes()


def icc_profile(name: str = "sRGB") -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes()


def _s15(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def channel_swapping_profile() -> bytes:
    """A matrix profile whose red primary is sRGB's green and the other way round."""
    primaries = {
        b"rXYZ": (0.38515, 0.71687, 0.09708),
        b"gXYZ": (0.43607, 0.22249, 0.01392),
        b"bXYZ": (0.14307, 0.06061, 0.71410),
        b"wtpt": (0.96420, 1.0, 0.82491),
    }
    blocks = {
        tag: b"XYZ \0\0\0\0" + b"".join(map(_s15, values)) for tag, values in primaries.items()
    }
    blocks |= {tag: _gamma(2.2) for tag in (b"rTRC", b"gTRC", b"bTRC")}
    return _profile(b"RGB ", blocks)


def linear_grey_profile() -> bytes:
    """A profile of greys whose numbers are proportional to light."""
    white = b"XYZ \0\0\0\0" + b"".join(map(_s15, (0.96420, 1.0, 0.82491)))
    return _profile(b"GRAY", {b"wtpt": white, b"kTRC": _gamma(1.0)})


def _gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256)) + b"\0\0"


def _profile(space: bytes, blocks: dict[bytes, bytes]) -> bytes:
    """An ICC profile of these tags, with the marker as its copyright."""
    text = b"made up\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78 + 1)
    blocks = blocks | {b"desc": description, b"cprt": b"text\0\0\0\0" + MARKER + b"\0"}
    table, body = b"", b""
    start = 128 + 4 + 12 * len(blocks)
    for tag, block in blocks.items():
        block += bytes(-len(block) % 4)
        table += tag + struct.pack(">II", start + len(body), len(block))
        body += block
    size = start + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x02400000, b"mntr", space, b"XYZ ")
    header += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    header += b"".join(map(_s15, (0.96420, 1.0, 0.82491)))
    return header.ljust(128, b"\0") + struct.pack(">I", len(blocks)) + table + body


def dressed_png(image: Image.Image) -> bytes:
    """A PNG with the marker in every kind of chunk that can hold it."""
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", MARKER.decode())
    info.add_text("prompt", MARKER.decode(), zip=True)
    info.add_itxt("XML:com.adobe.xmp", MARKER.decode())
    info.add(b"prVt", MARKER, after_idat=True)
    info.add(b"zzZz", MARKER)
    return encode(
        image, pnginfo=info, exif=exif(), icc_profile=channel_swapping_profile(), dpi=(123, 123)
    )


def dressed_jpeg(image: Image.Image) -> bytes:
    """A JPEG with the marker in comment, EXIF, XMP, IPTC, profile and an unknown segment."""
    data = encode(
        image,
        "JPEG",
        comment=MARKER,
        exif=exif(),
        xmp=b"<x:xmpmeta>" + MARKER + b"</x:xmpmeta>",
        icc_profile=channel_swapping_profile(),
    )
    iptc = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(MARKER)) + MARKER
    extra = b"".join(
        b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body
        for marker, body in ((0xED, iptc), (0xEB, MARKER))
    )
    return data[:2] + extra + data[2:]


def dressed_webp(image: Image.Image) -> bytes:
    """A WebP with the marker in EXIF, XMP, profile and an unknown chunk."""
    data = encode(
        image,
        "WEBP",
        lossless=True,
        exif=exif(),
        xmp=b"<x:xmpmeta>" + MARKER + b"</x:xmpmeta>",
        icc_profile=channel_swapping_profile(),
    )
    body = MARKER + bytes(len(MARKER) % 2)
    data += b"ZZZZ" + struct.pack("<I", len(MARKER)) + body
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]
