"""Why an upload is refused, in words that say how to mend it."""

from __future__ import annotations

from marketplace.core.errors import InvalidError


class UploadError(InvalidError):
    """A file that is no acceptable picture; the message never quotes the file or its name."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message, code, field="samples")


def damaged() -> UploadError:
    """The file begins like a picture and cannot be read to its end."""
    return UploadError(
        "damaged",
        "This picture is incomplete or damaged. Save it again in the program that made it, and "
        "upload the new file.",
    )


def trailing_data() -> UploadError:
    """Something follows the picture inside the same file."""
    return UploadError(
        "trailing_data",
        "This file goes on after the picture has ended, so it holds something besides a picture. "
        "Open it in an image editor, export it as PNG, and upload that.",
    )


def animated() -> UploadError:
    """More than one frame."""
    return UploadError(
        "animated", "This picture is animated. Export a single frame as PNG and upload that."
    )
