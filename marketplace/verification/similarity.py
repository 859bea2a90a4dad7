"""How far a sample lies from its re-run, and which band that distance falls into. Pure.

Limits come from a calibration; without one they are borrowed: PDQ's recommended match distance 31
and quality 50 (ThreatExchange, pdq README), and a grey band that ends at 70.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

REPRODUCED_MAX = 31
GREY_MAX = 70
TRUSTED_QUALITY = 50
# Where both pictures stay below this, hashes say nothing: two plain colours lie 4 bits apart,
# and a smooth gradient lies 96-138 bits from its own JPEG (both of quality 0).
READABLE_QUALITY = 5


COLOUR_CELLS = 64
COLOUR_SCALE = 100
"""A colour signature is L*, a*, b* of each cell in hundredths, as big-endian 16-bit integers
(see workers.fingerprints.colour)."""
_COLOURS = struct.Struct(f">{3 * COLOUR_CELLS}h")
COLOUR_BYTES = _COLOURS.size


class Band(StrEnum):
    """What one distance says."""

    REPRODUCED = "reproduced"
    GREY = "grey"
    MISS = "miss"


_FROM_BEST = (Band.REPRODUCED, Band.GREY, Band.MISS)


class Limits(Protocol):
    """Turns a deciding distance into a band; a Calibration is one."""

    def band_of(self, distance: int) -> Band: ...
    def colour_band_of(self, distance: float) -> Band: ...


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
    colour_distance: float | None = None
    """`colour_distance` of the two pictures; None where colours were not compared."""

    @property
    def distance(self) -> int:
        """The distance that the band was read from, in bits of 256."""
        return self.pdq_distance if self.decided_by is DecidedBy.PDQ else self.dct_distance


def compare(
    sample: Fingerprinted,
    rerun: Fingerprinted,
    limits: Limits | None = None,
    colours: tuple[bytes, bytes] | None = None,
) -> Comparison:
    """Judge a sample against its re-run; symmetric. Without `limits` the borrowed ones hold.

    PDQ decides when both pictures have the quality it needs, the 256-bit DCT hash (which copes
    with little detail) otherwise; pictures with next to no detail are always grey, because a
    person can see what hashes cannot. The worse of the hash's band and that of the two colour
    signatures in `colours` counts. Raises ValueError for fingerprints of different versions or
    lengths.
    """
    if sample.version != rerun.version:
        raise ValueError(
            f"fingerprints of versions {sample.version} and {rerun.version} cannot be compared"
        )
    pdq = hamming(sample.pdq, rerun.pdq)
    dct = hamming(sample.dct256, rerun.dct256)
    judge = band_of if limits is None else limits.band_of
    qualities = (sample.pdq_quality, rerun.pdq_quality)
    if max(qualities) < READABLE_QUALITY:
        decided_by, band = DecidedBy.LOW_DETAIL, Band.GREY
    elif min(qualities) < TRUSTED_QUALITY:
        decided_by, band = DecidedBy.DCT256, judge(dct)
    else:
        decided_by, band = DecidedBy.PDQ, judge(pdq)
    colour = None if colours is None else colour_distance(*colours)
    if colour is not None and limits is not None and decided_by is not DecidedBy.LOW_DETAIL:
        band = worse(band, limits.colour_band_of(colour))
    return Comparison(
        pdq_distance=pdq,
        phash_distance=hamming(sample.phash64, rerun.phash64),
        dct_distance=dct,
        quality=min(qualities),
        decided_by=decided_by,
        band=band,
        colour_distance=colour,
    )


def worse(one: Band, other: Band) -> Band:
    """The less favourable of two bands."""
    return max(one, other, key=_FROM_BEST.index)


def noise_hypotheses(declared: str) -> tuple[str, ...]:
    """The noise sources under which a sample is tried: the declared one first, each once."""
    return tuple(dict.fromkeys((declared, "cpu", "philox")))


def nearest(comparisons: Iterable[tuple[str, Comparison]]) -> tuple[str, Comparison]:
    """The noise hypothesis that explains the sample best, by band and then distance.

    The first of equals. A picture without readable detail loses to any that can be read.
    Raises ValueError for none.
    """
    found = list(comparisons)
    if not found:
        raise ValueError("no hypothesis was tried")

    def rank(item: tuple[str, Comparison]) -> tuple[bool, int, int]:
        comparison = item[1]
        flat = comparison.decided_by is DecidedBy.LOW_DETAIL
        return flat, _FROM_BEST.index(comparison.band), comparison.distance

    return min(found, key=rank)


def band_of(distance: int) -> Band:
    """The borrowed band of a distance between two 256-bit hashes, in bits."""
    if distance <= REPRODUCED_MAX:
        return Band.REPRODUCED
    return Band.GREY if distance <= GREY_MAX else Band.MISS


def colour_distance(a: bytes, b: bytes) -> float:
    """CIE76 colour difference of two colour signatures, mean of the eighth that differs most.

    The worst eighth and not all cells, so that a small thing of another colour counts. Below 2
    hardly anybody sees a difference. Raises ValueError for signatures of another length.
    """
    if len(a) != COLOUR_BYTES or len(b) != COLOUR_BYTES:
        raise ValueError(f"signatures of {len(a)} and {len(b)} bytes cannot be compared")
    one, other = _COLOURS.unpack(a), _COLOURS.unpack(b)
    cells = sorted(
        (math.dist(one[k : k + 3], other[k : k + 3]) for k in range(0, len(one), 3)), reverse=True
    )
    worst = cells[: COLOUR_CELLS // 8]
    return math.fsum(worst) / len(worst) / COLOUR_SCALE


def hamming(a: bytes, b: bytes) -> int:
    """Number of differing bits. Raises ValueError for unequal lengths."""
    if len(a) != len(b):
        raise ValueError(f"hashes of {len(a)} and {len(b)} bytes cannot be compared")
    return (int.from_bytes(a) ^ int.from_bytes(b)).bit_count()
