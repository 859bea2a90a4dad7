"""What a file that is no PNG, JPEG or WebP seems to be, for the sake of a helpful message."""

from __future__ import annotations

from pathlib import PurePath

from marketplace.images.containers import JPEG_SIGNATURE, PNG_SIGNATURE
from marketplace.images.errors import UploadError

_PICTURE_ENDINGS = frozenset((".png", ".jpg", ".jpeg", ".webp"))
_MEND = "Export the picture as PNG, JPEG or WebP and upload that."
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"GIF8", "a GIF"),
    (b"BM", "a BMP picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
)
_LOOKED_AT = 4096


def not_a_picture(data: bytes, filename: str) -> UploadError:
    """The refusal for bytes that begin like no accepted picture."""
    head = data[:_LOOKED_AT]
    if b"<svg" in head.lower():
        return UploadError(
            "svg", f"This is an SVG drawing, which is a program and not a picture. {_MEND}"
        )
    if head[4:12] in (b"ftypavif", b"ftypavis", b"ftypheic", b"ftypmif1", b"ftypheix"):
        return UploadError("unsupported", f"This is an AVIF or HEIC picture. {_MEND}")
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return UploadError("unsupported", f"This is {name}. {_MEND}")
    if any(signature in head for signature in (PNG_SIGNATURE, JPEG_SIGNATURE)):
        return UploadError(
            "leading_data", f"Something stands before the picture in this file. {_MEND}"
        )
    ending = PurePath(filename).suffix.lower()
    if ending in _PICTURE_ENDINGS:
        return UploadError(
            "not_a_picture",
            f"The file's name ends in {ending}, but it holds no such picture. {_MEND}",
        )
    return UploadError("not_a_picture", f"This file is no picture. {_MEND}")
