"""How far a sample lies from its re-run, and which band that distance falls into. Pure.

Sources: PDQ's recommended match distance 31 and quality 50 (ThreatExchange, pdq README). The
grey band ends at 70: re-encoded pictures with readable detail stayed at or under 60 bits, other
pictures began at 100 (docs/measurements.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

REPRODUCED_MAX = 31
GREY_MAX = 70
TRUSTED_QUALITY = 50
# Where both pictures stay below this, hashes say nothing: two plain colours lie 4 bits apart,
# and a smooth gradient lies 96-138 bits from its own JPEG (both of quality 0).
READABLE_QUALITY = 5


class Band(StrEnum):
    """What one distance says."""

    REPRODUCED = "reproduced"
    GREY = "grey"
    MISS = "miss"


class DecidedBy(StrEnum):
    """Which measurement decided the band."""

    PDQ = "pdq"
    DCT256 = "dct256"
    LOW_DETAIL = "low_detail"


class Fingerprinted(Protocol):
    """The hashes of one picture, as a fingerprint or a database row carries them."""

    @property
    def pdq(self) -> bytes: ...
    @property
    def pdq_quality(self) -> int: ...
    @property
    def phash64(self) -> bytes: ...
    @property
    def dct256(self) -> bytes: ...
    @property
    def version(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Comparison:
    """Distances in bits (of 256, 64 and 256), the lower PDQ quality, and the verdict on them."""

    pdq_distance: int
    phash_distance: int
    dct_distance: int
    quality: int
    decided_by: DecidedBy
    band: Band


def compare(sample: Fingerprinted, rerun: Fingerprinted) -> Comparison:
    """Judge a sample against its re-run; symmetric.

    PDQ decides when both pictures have the quality it needs, the 256-bit DCT hash (which copes
    with little detail) otherwise; pictures with next to no detail are always grey, because a
    person can see what hashes cannot. Raises ValueError for fingerprints of different versions
    or lengths.
    """
    if sample.version != rerun.version:
        raise ValueError(
            f"fingerprints of versions {sample.version} and {rerun.version} cannot be compared"
        )
    pdq = hamming(sample.pdq, rerun.pdq)
    dct = hamming(sample.dct256, rerun.dct256)
    qualities = (sample.pdq_quality, rerun.pdq_quality)
    if max(qualities) < READABLE_QUALITY:
        decided_by, band = DecidedBy.LOW_DETAIL, Band.GREY
    elif min(qualities) < TRUSTED_QUALITY:
        decided_by, band = DecidedBy.DCT256, band_of(dct)
    else:
        decided_by, band = DecidedBy.PDQ, band_of(pdq)
    return Comparison(
        pdq_distance=pdq,
        phash_distance=hamming(sample.phash64, rerun.phash64),
        dct_distance=dct,
        quality=min(qualities),
        decided_by=decided_by,
        band=band,
    )


def band_of(distance: int) -> Band:
    """The band of a distance between two 256-bit hashes, in bits."""
    if distance <= REPRODUCED_MAX:
        return Band.REPRODUCED
    return Band.GREY if distance <= GREY_MAX else Band.MISS


def hamming(a: bytes, b: bytes) -> int:
    """Number of differing bits. Raises ValueError for unequal lengths."""
    if len(a) != len(b):
        raise ValueError(f"hashes of {len(a)} and {len(b)} bytes cannot be compared")
    return (int.from_bytes(a) ^ int.from_bytes(b)).bit_count()
