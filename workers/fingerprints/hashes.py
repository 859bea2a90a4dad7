"""The hashes that pictures are known by. They live with the images: the site hashes too."""

from marketplace.images.hashes import (
    DEFINITION_VERSION,
    MAX_SIDE,
    MIN_SIDE,
    Fingerprint,
    fingerprint,
    mirrored,
    shrink,
)

__all__ = [
    "DEFINITION_VERSION",
    "MAX_SIDE",
    "MIN_SIDE",
    "Fingerprint",
    "fingerprint",
    "mirrored",
    "shrink",
]
