"""The bands at their edges, who decides, and what cannot be compared."""

import struct
from dataclasses import dataclass

import pytest

from marketplace.verification.similarity import (
    Band,
    Comparison,
    DecidedBy,
    band_of,
    colour_distance,
    compare,
    hamming,
    nearest,
    noise_hypotheses,
    worse,
)
from tests.factories.calibration import calibration


@dataclass(frozen=True)
class Print:
    pdq: bytes = bytes(32)
    pdq_quality: int = 100
    phash64: bytes = bytes(8)
    dct256: bytes = bytes(32)
    version: int = 1


def bits(count: int, size: int = 32) -> bytes:
    """`size` bytes with that many bits set."""
    return ((1 << count) - 1).to_bytes(size)


@pytest.mark.parametrize(
    ("distance", "band"),
    [
        (0, Band.REPRODUCED),
        (31, Band.REPRODUCED),
        (32, Band.GREY),
        (70, Band.GREY),
        (71, Band.MISS),
        (256, Band.MISS),
    ],
)
def test_the_bands_at_their_edges(distance, band):
    assert band_of(distance) is band
    assert compare(Print(), Print(pdq=bits(distance))).band is band
    by_dct = compare(Print(pdq_quality=49), Print(dct256=bits(distance)))
    assert (by_dct.band, by_dct.decided_by) == (band, DecidedBy.DCT256)


def test_every_distance_is_reported():
    other = Print(pdq=bits(3), pdq_quality=80, phash64=bits(5, 8), dct256=bits(40))
    assert compare(Print(), other) == Comparison(
        pdq_distance=3,
        phash_distance=5,
        dct_distance=40,
        quality=80,
        decided_by=DecidedBy.PDQ,
        band=Band.REPRODUCED,
    )


@pytest.mark.parametrize(
    ("one", "other", "decided_by"),
    [
        (50, 50, DecidedBy.PDQ),
        (100, 49, DecidedBy.DCT256),
        (5, 0, DecidedBy.DCT256),
        (4, 4, DecidedBy.LOW_DETAIL),
        (0, 0, DecidedBy.LOW_DETAIL),
    ],
)
def test_quality_says_which_hash_decides(one, other, decided_by):
    for a, b in ((one, other), (other, one)):
        found = compare(Print(pdq_quality=a), Print(pdq_quality=b))
        assert found.decided_by is decided_by
        assert found.quality == min(one, other)


@pytest.mark.parametrize("distance", [0, 31, 71, 256])
def test_two_pictures_without_detail_are_always_left_to_a_person(distance):
    flat = Print(pdq_quality=0)
    other = Print(pdq_quality=0, pdq=bits(distance), dct256=bits(distance))
    assert compare(flat, other).band is Band.GREY


def test_a_flat_forgery_of_a_detailed_picture_misses():
    assert compare(Print(pdq_quality=0), Print(dct256=bits(120))).band is Band.MISS


def test_different_definitions_cannot_be_compared():
    with pytest.raises(ValueError, match="versions 1 and 2"):
        compare(Print(), Print(version=2))


def test_different_lengths_cannot_be_compared():
    with pytest.raises(ValueError, match="32 and 8 bytes"):
        compare(Print(), Print(pdq=bytes(8)))
    assert hamming(b"\xf0", b"\x0f") == 8


def colours(shift: float, cells: int = 64) -> bytes:
    """A signature of mid grey, its first cells moved along a* by `shift`."""
    moved, rest = [5000, round(shift * 100), 0] * cells, [5000, 0, 0] * (64 - cells)
    return struct.pack(">192h", *moved, *rest)


def test_limits_come_from_a_calibration():
    strict = calibration(reproduced_max=10, grey_max=12)
    bands = [compare(Print(), Print(pdq=bits(n)), strict).band for n in (10, 12, 13)]
    assert bands == [Band.REPRODUCED, Band.GREY, Band.MISS]


def test_colours_that_differ_outweigh_hashes_that_agree():
    record = calibration(colour_max=4.0, colour_grey_max=10.0)
    grey, tinted, red = colours(0), colours(6), colours(72)
    found = [compare(Print(), Print(), record, (grey, other)).band for other in (grey, tinted, red)]
    assert found == [Band.REPRODUCED, Band.GREY, Band.MISS]
    assert compare(Print(), Print(pdq=bits(200)), record, (grey, grey)).band is Band.MISS
    assert compare(Print(), Print(), record, (grey, tinted)).colour_distance == pytest.approx(6.0)
    assert compare(Print(), Print(), None, (grey, red)).band is Band.REPRODUCED


def test_colour_distance_is_the_mean_over_the_eighth_that_differs_most():
    assert colour_distance(colours(0), colours(4, cells=8)) == pytest.approx(4.0)
    assert colour_distance(colours(0), colours(4, cells=2)) == pytest.approx(1.0)
    assert colour_distance(colours(0), colours(4)) == pytest.approx(4.0)
    with pytest.raises(ValueError, match="3 and 384"):
        colour_distance(b"abc", colours(0))


def test_noise_hypotheses_begin_with_the_declared_one():
    assert noise_hypotheses("philox") == ("philox", "cpu")
    assert noise_hypotheses("cpu") == ("cpu", "philox")


def test_the_nearest_hypothesis_wins_and_flat_pictures_never_do():
    near, far = compare(Print(), Print(pdq=bits(9))), compare(Print(), Print(pdq=bits(90)))
    flat = compare(Print(pdq_quality=0), Print(pdq_quality=0))
    assert nearest([("cpu", far), ("philox", near)]) == ("philox", near)
    assert nearest([("cpu", flat), ("philox", far)]) == ("philox", far)
    assert nearest([("cpu", near), ("philox", near)])[0] == "cpu"
    record = calibration(colour_max=4.0, colour_grey_max=10.0)
    recoloured = compare(Print(), Print(pdq=bits(4)), record, (colours(0), colours(50)))
    assert nearest([("cpu", recoloured), ("philox", near)]) == ("philox", near)
    with pytest.raises(ValueError, match="no hypothesis"):
        nearest([])


def test_the_worse_band_counts():
    assert worse(Band.GREY, Band.REPRODUCED) is Band.GREY
    assert worse(Band.GREY, Band.MISS) is Band.MISS
