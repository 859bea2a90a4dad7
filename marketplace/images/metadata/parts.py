"""Walks a PNG, JPEG or WebP for the places where text can stand; lenient, bounded, no decoder.

Unlike the walk of an upload this one refuses nothing: a damaged file gives what came before the
damage. Text after a JPEG's first scan is not looked for; no tool writes there.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

from marketplace.images.containers import JPEG_SIGNATURE, PNG_SIGNATURE
from marketplace.images.metadata.decoding import decode_text, read_json
from marketplace.images.metadata.exif import exif_texts
from marketplace.images.metadata.work import MAX_TEXT_BYTES, TooMuchWorkError, Work
from marketplace.images.metadata.xmp import xmp_texts

_LONG = "A piece of text in this file is too long to be settings and was left out."
_XMP_JPEG = b"http://ns.adobe.com/xap/1.0/\0"
_XMP_PNG = "XML:com.adobe.xmp"
_UNREAD = object()


@dataclass(slots=True)
class EmbeddedText:
    """One piece of text: the part of the file it stood in, its key, the text itself."""

    part: str
    key: str
    text: str = field(repr=False)
    _value: Any = field(default=_UNREAD, repr=False)

    def json(self) -> Any:
        """Its value as JSON, read once; None when it is none or none that is acceptable."""
        if self._value is _UNREAD:
            head = self.text.lstrip()[:1]
            self._value = read_json(self.text) if head in ("{", "[") else None
        return self._value


@dataclass(slots=True)
class Embedded:
    """Everything a file holds besides the picture that a reader may want."""

    texts: list[EmbeddedText] = field(default_factory=list)
    jumbf: bytearray = field(default_factory=bytearray, repr=False)
    """The C2PA manifest store, empty when there is none."""
    notes: list[str] = field(default_factory=list)

    def named(self, *keys: str) -> list[EmbeddedText]:
        """The texts under any of these keys, in the order of the file."""
        return [text for text in self.texts if text.key in keys]


def walk_parts(data: bytes, work: Work) -> Embedded:
    """The texts of a picture file; empty for other files. Never raises."""
    found = Embedded()
    collect = _Collector(found, work)
    try:
        if data.startswith(PNG_SIGNATURE):
            _walk_png(data, collect)
        elif data.startswith(JPEG_SIGNATURE):
            _walk_jpeg(data, collect)
        elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            _walk_webp(data, collect)
    except TooMuchWorkError as error:
        found.notes.append(error.note)
    return found


class _Collector:
    """Takes raw parts in, keeps texts."""

    def __init__(self, found: Embedded, work: Work) -> None:
        self.found = found
        self.work = work

    def raw(self, part: str, key: str, data: bytes) -> None:
        """Text as bytes."""
        if self._fits(len(data)):
            self.text(part, key, decode_text(data))

    def packed(self, part: str, key: str, data: bytes) -> None:
        """Deflated text; unpacking stops one byte after the longest acceptable."""
        try:
            plain = zlib.decompressobj().decompress(data, MAX_TEXT_BYTES + 1)
        except zlib.error:
            return
        self.raw(part, key, plain)

    def text(self, part: str, key: str, text: str) -> None:
        """Text that has been decoded; within the limits."""
        self.work.text(len(text))
        if text.strip():
            self.found.texts.append(EmbeddedText(part, key, text))

    def exif(self, container: str, block: bytes) -> None:
        """The texts of an EXIF block."""
        for tag, text in exif_texts(block, self.work):
            if self._fits(len(text)):
                name, _, rest = text.partition(":")
                if name in ("prompt", "workflow") and rest.startswith("{"):
                    self.text(f"{container} EXIF {tag}", name, rest)  # how ComfyUI writes WebP
                else:
                    self.text(f"{container} EXIF", tag, text)

    def xmp(self, container: str, packet: bytes) -> None:
        """The texts of an XMP packet."""
        if self._fits(len(packet)):
            for name, text in xmp_texts(decode_text(packet), self.work):
                self.text(f"{container} XMP", name, text)

    def _fits(self, size: int) -> bool:
        if size > MAX_TEXT_BYTES:
            self.found.notes.append(_LONG)
        return size <= MAX_TEXT_BYTES


def _walk_png(data: bytes, collect: _Collector) -> None:
    offset = len(PNG_SIGNATURE)
    while offset + 12 <= len(data):
        collect.work.part()
        length, kind = struct.unpack_from(">I4s", data, offset)
        start, end = offset + 8, offset + 8 + length
        if end > len(data) or kind == b"IEND":
            return
        if kind in (b"tEXt", b"zTXt", b"iTXt"):
            _png_text(kind, data, start, end, collect)
        elif kind == b"eXIf":
            collect.exif("PNG", data[start : min(end, start + 2 * MAX_TEXT_BYTES)])
        elif kind == b"caBX":
            collect.found.jumbf += data[start:end]
        offset = end + 4


def _png_text(kind: bytes, data: bytes, start: int, end: int, collect: _Collector) -> None:
    stop = data.find(b"\0", start, min(end, start + 80))
    if stop < 0:
        return
    key = data[start:stop].decode("latin-1")
    part = f"PNG {kind.decode()}"
    # Packed text may be long and still be nothing; of plain text one byte too many is enough.
    body = data[stop + 1 : min(end, stop + 2 + 2 * MAX_TEXT_BYTES)]
    packed = kind == b"zTXt"
    if packed:
        body = body[1:]
    if kind == b"iTXt":
        packed = body[:1] == b"\x01"
        fields = body[2:].split(b"\0", 2)  # language, translated key, text
        if len(fields) < 3:
            return
        body = fields[2]
    if key == _XMP_PNG and not packed:
        collect.xmp("PNG", body)
    elif packed:
        collect.packed(part, key, body)
    else:
        collect.raw(part, key, body)


def _walk_jpeg(data: bytes, collect: _Collector) -> None:
    offset = 2
    while offset + 4 <= len(data) and data[offset] == 0xFF:
        collect.work.part()
        marker = data[offset + 1]
        if marker == 0xFF:  # a fill byte
            offset += 1
            continue
        if marker in (0xDA, 0xD9):
            return
        (length,) = struct.unpack_from(">H", data, offset + 2)
        body = data[offset + 4 : offset + 2 + length]
        if length < 2 or offset + 2 + length > len(data):
            return
        if marker == 0xFE:
            collect.raw("JPEG", "comment", body)
        elif marker == 0xE1 and body.startswith(b"Exif\0\0"):
            collect.exif("JPEG", body)
        elif marker == 0xE1 and body.startswith(_XMP_JPEG):
            collect.xmp("JPEG", body[len(_XMP_JPEG) :])
        elif marker == 0xEB and body.startswith(b"JP"):
            # The box's length and type stand again in every packet but the first (ISO 19566-5).
            collect.found.jumbf += body[16 if collect.found.jumbf else 8 :]
        offset += 2 + length


def _walk_webp(data: bytes, collect: _Collector) -> None:
    offset = 12
    while offset + 8 <= len(data):
        collect.work.part()
        kind, length = struct.unpack_from("<4sI", data, offset)
        body = offset + 8
        if body + length > len(data):
            return
        if kind == b"EXIF":
            collect.exif("WebP", data[body : min(body + length, body + 2 * MAX_TEXT_BYTES)])
        elif kind == b"XMP ":
            collect.xmp("WebP", data[body : min(body + length, body + MAX_TEXT_BYTES + 1)])
        elif kind == b"C2PA":
            collect.found.jumbf += data[body : body + length]
        offset = body + length + (length & 1)
