"""Which way up a picture is meant to be: the one fact that is read out of EXIF.

A reader of its own, because general EXIF readers warn, guess and follow pointers.
"""

from __future__ import annotations

import struct

from PIL import Image

_TAG = 0x0112
_SHORT = 3
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def turn_upright(image: Image.Image, exif: bytes) -> Image.Image:
    """The image as its EXIF block says it should be seen; unchanged if that says nothing."""
    turn = _TURNS.get(read_orientation(exif))
    return image if turn is None else image.transpose(turn)


def read_orientation(exif: bytes) -> int:
    """The orientation, 1 to 8, in an EXIF block with or without its "Exif" prefix; else 1."""
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, directory)
        for entry in range(entries):
            offset = directory + 2 + 12 * entry
            tag, kind, count, value = struct.unpack_from(f"{order}HHIH", tiff, offset)
            if tag == _TAG:
                return value if (kind, count) == (_SHORT, 1) and value in _TURNS else 1
    except struct.error:
        return 1  # the block is cut or points beyond its end
    return 1
