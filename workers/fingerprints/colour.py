"""What perceptual hashes cannot see: colour. PDQ and DCT hashes read brightness alone.

Definition 1: RGB averaged down to 8 x 8 cells, each in CIE L*a*b* (sRGB, D65), in hundredths.
"""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image

from marketplace.verification.similarity import COLOUR_CELLS, COLOUR_SCALE

COLOUR_VERSION = 1
_SIDE = int(COLOUR_CELLS**0.5)


def colour_signature(image: Image.Image) -> bytes:
    """L*, a* and b* of each cell in hundredths, big-endian 16-bit, row by row: 384 bytes.

    Raises ValueError for an image that is not RGB.
    """
    if image.mode != "RGB":
        raise ValueError(f"expected an RGB image, got {image.mode}")
    small = cv2.resize(
        np.asarray(image, dtype=np.float32) / 255, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA
    )
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB)
    return np.rint(lab * COLOUR_SCALE).astype(">i2").tobytes()
