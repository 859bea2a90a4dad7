"""Uploaded pictures: checked by decoding, and re-encoded for the public.

Pure: no Flask, no database, nothing written anywhere.
"""

from marketplace.images.checks import CheckedImage, read_upload
from marketplace.images.derivatives import Derivative, blur_of, make_derivatives
from marketplace.images.errors import UploadError
from marketplace.images.limits import MAX_BYTES, MAX_PIXELS, MAX_SIDE, MIN_SIDE

__all__ = [
    "MAX_BYTES",
    "MAX_PIXELS",
    "MAX_SIDE",
    "MIN_SIDE",
    "CheckedImage",
    "Derivative",
    "UploadError",
    "blur_of",
    "make_derivatives",
    "read_upload",
]
