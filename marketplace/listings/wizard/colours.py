"""Tags suggested by the pictures themselves: what their colours are called."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from marketplace.gateways.blobs import BlobMissingError, BlobStore, public_key
from marketplace.listings.models import Sample

LOOKED_AT = 3
"""Samples that are looked at: one colour of one picture is no mark of a prompt."""
SIDE = 32
# Where hues begin, in degrees, after the names that people agree on.
_HUES = (
    (15, "red"), (45, "orange"), (70, "yellow"), (165, "green"), (195, "turquoise"),
    (255, "blue"), (290, "purple"), (345, "pink"), (361, "red"),
)  # fmt: skip
_GREY, _DARK, _BRIGHT, _SHARE = 0.12, 0.25, 0.8, 0.35


def colour_tags(blobs: BlobStore, samples: Sequence[Sample]) -> list[str]:
    """Up to two tags that all of the first samples agree on, such as "blue" and "dark".

    Reads the smallest public picture of each; one whose file is gone is left out.
    """
    seen = []
    for sample in samples[:LOOKED_AT]:
        name = sample.derivatives[0]["jpeg"] if sample.derivatives else ""
        try:
            seen.append(
                set(tags_of_pixels(_pixels(blobs.get(public_key(name))))) if name else set()
            )
        except BlobMissingError:
            continue
    return sorted(set.intersection(*seen))[:2] if seen else []


def tags_of_pixels(pixels: npt.NDArray[np.float64]) -> list[str]:
    """Names of what marks a picture's colours.

    Args:
        pixels: height × width × 3, HSV in 0 to 1.
    """
    hue, saturation, value = (pixels[..., part] for part in range(3))
    found = []
    brightness = float(value.mean())
    if brightness < _DARK:
        found.append("dark")
    elif brightness > _BRIGHT and float(saturation.mean()) < _SHARE:
        found.append("pastel")
    vivid = (saturation > _GREY) & (value > _GREY)
    if float(vivid.mean()) < 0.05:
        return ["monochrome", *found]
    degrees = hue[vivid] * 360
    names = np.array([name for _, name in _HUES])
    which = np.searchsorted([limit for limit, _ in _HUES], degrees, side="right")
    labels, counts = np.unique(names[which], return_counts=True)
    if counts.max() / hue.size > _SHARE:
        found.append(str(labels[counts.argmax()]))
    return found


def _pixels(data: bytes) -> npt.NDArray[np.float64]:
    with Image.open(io.BytesIO(data)) as image:
        small = image.convert("RGB").resize((SIDE, SIDE)).convert("HSV")
    return np.asarray(small, dtype=np.float64) / 255
