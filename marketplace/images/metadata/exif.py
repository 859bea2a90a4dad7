"""The texts of an EXIF block: two directories, a handful of tags, no pointer followed twice."""

from __future__ import annotations

import struct
from collections.abc import Generator, Iterator

from marketplace.images.metadata.decoding import decode_comment, decode_text
from marketplace.images.metadata.work import Work

_EXIF_POINTER = 0x8769
_MAX_ENTRIES = 200
_TAGS = {
    0x010D: "DocumentName",
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x927C: "MakerNote",
    0x9286: "UserComment",
    0x9C9C: "XPComment",
}
_ONE_BYTE = (1, 2, 7)  # BYTE, ASCII, UNDEFINED


def exif_texts(block: bytes, work: Work) -> Iterator[tuple[str, str]]:
    """(tag's name, text) of every tag that tools put settings in; nothing from a broken block."""
    tiff = block.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return
    try:
        (first,) = struct.unpack_from(f"{order}I", tiff, 4)
        second = yield from _directory(tiff, order, first, work)
        if second is not None and second != first:
            yield from _directory(tiff, order, second, work)
    except struct.error:
        return  # the block is cut or points beyond its end


def _directory(
    tiff: bytes, order: str, start: int, work: Work
) -> Generator[tuple[str, str], None, int | None]:
    """Yields a directory's texts and returns where it says that the EXIF directory stands."""
    (entries,) = struct.unpack_from(f"{order}H", tiff, start)
    pointer = None
    for entry in range(min(entries, _MAX_ENTRIES)):
        work.step()
        offset = start + 2 + 12 * entry
        tag, kind, count, value = struct.unpack_from(f"{order}HHII", tiff, offset)
        if tag == _EXIF_POINTER:
            pointer = value
        elif tag in _TAGS and kind in _ONE_BYTE:
            where = offset + 8 if count <= 4 else value
            raw = tiff[where : where + count]
            yield _TAGS[tag], _decode(tag, kind, raw)
    return pointer


def _decode(tag: int, kind: int, raw: bytes) -> str:
    if tag == 0x9C9C:  # Windows' own, always UTF-16
        return raw.decode("utf-16-le", "replace").rstrip("\0")
    if kind == 2 and not raw.startswith((b"UNICODE\0", b"ASCII\0\0\0")):
        return decode_text(raw.split(b"\0", 1)[0])
    return decode_comment(raw)
