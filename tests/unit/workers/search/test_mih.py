"""Multi-index hashing finds exactly what looking at every code finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.search import kernels, mih
from workers.search.mih import MultiIndex, codes_of


def random_codes(count: int, words: int = 4, seed: int = 0) -> mih.Codes:
    return np.random.default_rng(seed).integers(0, 2**64, (count, words), dtype=np.uint64)


def clustered_codes(count: int, seed: int = 0) -> mih.Codes:
    """Forty families of near-duplicates with biased bits, some exactly equal."""
    rng = np.random.default_rng(seed)
    centres = rng.random((40, 256)) < rng.random(256)
    noise = rng.random((count, 256)) < rng.choice([0.0, 0.01, 0.05, 0.1], (count, 1))
    bits = centres[rng.integers(0, 40, count)] ^ noise
    return np.packbits(bits, axis=1).view(np.uint64)


def flipped(code: mih.Codes, flips: int, rng: np.random.Generator) -> mih.Codes:
    bits = np.unpackbits(code.view(np.uint8))
    bits[rng.choice(bits.size, flips, replace=False)] ^= 1
    return np.packbits(bits).view(np.uint64)


def by_hand(codes: mih.Codes, query: mih.Codes, radius: int) -> list[tuple[int, int]]:
    distances = np.bitwise_count(codes ^ query).sum(axis=1)
    return [(int(row), int(distances[row])) for row in np.flatnonzero(distances <= radius)]


def found(index: MultiIndex, query: mih.Codes, radius: int) -> list[tuple[int, int]]:
    rows, distances = index.search(query, radius)
    return sorted(zip(rows.tolist(), distances.tolist(), strict=True))


ROWS = 5000
INDEXES = {
    "random, 16-bit chunks": MultiIndex(random_codes(ROWS), wide=False),
    "clustered, 16-bit chunks": MultiIndex(clustered_codes(ROWS), wide=False),
    "clustered, 21-bit chunks": MultiIndex(clustered_codes(ROWS), wide=True),
    "short codes": MultiIndex(random_codes(ROWS, words=1), wide=False),
    "too few for buckets": MultiIndex(clustered_codes(300)),
}


@pytest.mark.parametrize("name", INDEXES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_radius_equals_a_scan(name: str, data: st.DataObject) -> None:
    index = INDEXES[name]
    bits = 64 * index.codes.shape[1]
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    code = index.codes[data.draw(st.integers(0, len(index) - 1))]
    query = flipped(code, data.draw(st.integers(0, min(60, bits))), rng)
    radius = data.draw(st.integers(0, 64) | st.integers(0, bits))
    assert found(index, query, radius) == by_hand(index.codes, query, radius)


@pytest.mark.parametrize("name", ["random, 16-bit chunks", "clustered, 21-bit chunks"])
def test_the_probed_path_is_exact_where_the_scan_would_be_cheaper(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small indexes scan at wide radii; here the buckets have to answer alone."""
    monkeypatch.setattr(kernels, "SCAN_NS", 1e9)
    monkeypatch.setattr(mih, "scan", None)
    index, rng = INDEXES[name], np.random.default_rng(5)
    for radius in (0, 1, 15, 16, 31, 32, 40, 47):
        for row in range(0, ROWS, 500):
            query = flipped(index.codes[row], int(rng.integers(0, radius + 1)), rng)
            assert found(index, query, radius) == by_hand(index.codes, query, radius)


@pytest.mark.parametrize("name", [name for name in INDEXES if name != "too few for buckets"])
def test_buckets_hold_every_row_once_in_order(name: str) -> None:
    index = INDEXES[name]
    for chunk, (word, shift, width) in enumerate(index._layout.tolist()):
        keys = (index.codes[:, word] >> np.uint64(shift)) & np.uint64((1 << width) - 1)
        order = index._order[chunk * ROWS : (chunk + 1) * ROWS]
        assert np.array_equal(order, np.argsort(keys, kind="stable"))
        first = int(index._first[chunk])
        directory = index._directory[first : first + (1 << width) + 1]
        assert np.array_equal(
            np.diff(directory), np.bincount(keys.astype(int), minlength=1 << width)
        )
        assert directory[0] == 0


def test_the_plan_satisfies_the_pigeonhole_principle() -> None:
    index = INDEXES["clustered, 16-bit chunks"]
    for radius in range(64):
        for row in (0, 100, 4000):
            flips, cost = kernels.plan(
                index.codes[row],
                radius,
                len(index),
                index._layout,
                index._balls,
                index._masks,
                index._directory,
                index._first,
            )
            assert (flips + 1).sum() >= radius + 1
            assert 0 < cost < 1e300


def test_a_radius_no_plan_reaches_is_scanned() -> None:
    index = INDEXES["clustered, 21-bit chunks"]
    tables = (index._layout, index._balls, index._masks, index._directory, index._first)
    assert kernels.plan(index.codes[0], 48, len(index), *tables)[1] >= 1e300
    assert len(found(index, index.codes[0], 256)) == ROWS


def test_crowded_buckets_fall_back_to_the_scan() -> None:
    """All codes equal: every bucket holds everything, and reading them all would cost more."""
    codes = np.repeat(random_codes(1), 6000, axis=0)
    index = MultiIndex(codes, wide=False)
    assert found(index, codes[0], 31) == [(row, 0) for row in range(6000)]
    assert found(index, ~codes[0], 255) == []


def test_no_codes_and_no_radius() -> None:
    empty = MultiIndex(np.empty((0, 4), np.uint64))
    assert found(empty, random_codes(1)[0], 256) == []
    assert found(INDEXES["short codes"], random_codes(1, 1)[0], -1) == []


def test_codes_lie_on_cache_lines() -> None:
    assert INDEXES["random, 16-bit chunks"].codes.ctypes.data % 64 == 0


def test_bytes_become_codes() -> None:
    packed = bytes(range(64))
    codes = codes_of(packed)
    assert codes.shape == (2, 4)
    assert codes.tobytes() == packed
    assert codes_of(packed, bits=64).shape == (8, 1)
    with pytest.raises(ValueError, match="no whole number"):
        codes_of(bytes(33))


def test_memory_stays_within_what_the_buckets_need() -> None:
    """32 bytes of code and 4 a chunk; the directories are shared by all codes."""
    index = INDEXES["random, 16-bit chunks"]
    directories = 16 * (2**16 + 1) * 4
    assert index.nbytes - directories - index._masks.nbytes == ROWS * (32 + 16 * 4)
