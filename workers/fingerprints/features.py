"""ORB keypoints of a picture: what survives turning, cutting, framing and painting over.

Rublee et al., "ORB: an efficient alternative to SIFT or SURF" (ICCV 2011), as in OpenCV. Features
definition 1: grey, longer side at most 512 px; change anything here and FEATURES_VERSION must go
up.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.fingerprints.windows import grey_of

FEATURES_VERSION = 1
MAX_SIDE = 512
STORED, ASKED = 160, 320
"""Keypoints kept of a sample, and taken from a picture that is searched for (it may hold others
beside the copy)."""

BYTES = 36
"""Of one stored keypoint."""
_CODE = 32
_SCALE = 65535


@dataclass(frozen=True, slots=True)
class Features:
    """Strongest first. points: (n, 2) shares of width and height; codes: (n, 32) bytes."""

    points: NDArray[np.float32]
    codes: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.points)


def features(pixels: NDArray[np.uint8], most: int = STORED) -> Features:
    """Keypoints of RGB pixels (h, w, 3); deterministic. Flat pictures may have none."""
    grey = grey_of(pixels, MAX_SIDE)
    # A low threshold: flat drawings have few corners and faint ones.
    orb = cv2.ORB.create(nfeatures=most, fastThreshold=8, edgeThreshold=15, patchSize=31)
    points, codes = orb.detectAndCompute(grey, None)
    if codes is None:
        return Features(np.empty((0, 2), np.float32), np.empty((0, _CODE), np.uint8))
    order = np.argsort([-point.response for point in points], kind="stable")[:most]
    size = np.array(grey.shape[::-1], np.float32)
    places = np.array([points[i].pt for i in order], np.float32) / size
    return Features(places.astype(np.float32), np.ascontiguousarray(codes[order]))


def pack(found: Features) -> bytes:
    """As stored, strongest first: all codes, then all places (16 bits a coordinate)."""
    places = np.round(np.clip(found.points, 0, 1) * _SCALE).astype("<u2")
    return found.codes.tobytes() + places.tobytes()


def unpack(data: bytes) -> Features:
    """Back from ``pack``, to 1/65535 of a side. Raises ValueError for a broken length."""
    if len(data) % BYTES:
        raise ValueError(f"{len(data)} bytes are not whole keypoints of {BYTES}")
    count = len(data) // BYTES
    codes = np.frombuffer(data, np.uint8, count * _CODE).reshape(count, _CODE)
    places = np.frombuffer(data, "<u2", offset=count * _CODE).reshape(count, 2)
    return Features((places / _SCALE).astype(np.float32), codes)
