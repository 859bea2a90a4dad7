"""PDQ in all eight orientations for little more than the price of one."""

from __future__ import annotations

import numpy as np
import pdqhash
from numpy.typing import NDArray

_ORDER = (0, 5, 4, 2, 6, 3, 1, 7)


def pdq_orientations(pixels: NDArray[np.uint8]) -> tuple[list[bytes], int]:
    """PDQ of RGB pixels turned as ``windows.turn`` turns them (32 bytes each), and the quality."""
    found, quality = pdqhash.compute_dihedral(np.ascontiguousarray(pixels))
    hashes = [np.packbits(np.asarray(bits).astype(bool)).tobytes() for bits in found]
    return [hashes[place] for place in _ORDER], int(quality)
