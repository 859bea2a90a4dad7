"""From a checked picture to stored blobs: the private original and the public copies."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from marketplace.gateways.blobs import BlobStore, private_key, public_key
from marketplace.images import CheckedImage, blur_of, make_derivatives

if TYPE_CHECKING:
    from PIL import Image

ENDINGS = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp"}
CONTENT_TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}


def content_type_of(ending: str) -> str:
    """The type that a stored file is served with, by its name's ending."""
    return CONTENT_TYPES[ending]


def store_original(blobs: BlobStore, picture: CheckedImage) -> str:
    """Keep the upload as it came under a random private name; returns its key."""
    ending = ENDINGS[picture.format]
    key = private_key(f"{secrets.token_hex(20)}.{ending}")
    blobs.put(key, picture.data, content_type_of(ending))
    return key


def store_derivatives(blobs: BlobStore, image: Image.Image) -> list[dict[str, Any]]:
    """Store the public copies of an RGB picture.

    Returns:
        What a row's ``derivatives`` holds: [{"width", "height", "webp", "jpeg"}], narrowest first;
        the first also holds "blur", the address of what stands there until a picture arrives.
    """
    sizes: dict[int, dict[str, Any]] = {}
    for derivative in make_derivatives(image):
        blobs.put(public_key(derivative.name), derivative.data, derivative.content_type)
        size = sizes.setdefault(
            derivative.width, {"width": derivative.width, "height": derivative.height}
        )
        size[derivative.format.lower()] = derivative.name
    found = [sizes[width] for width in sorted(sizes)]
    found[0]["blur"] = blur_of(image)
    return found
