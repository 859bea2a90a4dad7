"""Multi-index hashing over a fixed set of codes: exact search within any Hamming radius.

Norouzi, Punjani and Fleet, "Fast exact search in Hamming space with multi-index hashing" (2014);
the flips per chunk are chosen for each query by cost, as in Qin et al., "GPH" (ICDE 2018).
"""

from __future__ import annotations

from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint64]
"""(n, words): codes of words * 64 bits, big-endian bit order within the bytes they came from."""

WIDE_FROM = 6_400_000
"""From so many codes on, chunks of 21 and 22 bits: a fifth of the candidates of 16-bit chunks.
Below, their directories (128 MB for 256 bits) would weigh more than 20 bytes a code."""
SCAN_BELOW = 4096
"""With fewer codes a flat scan is faster than any plan."""
_LINE = 64
MAX_FLIPS = 3
"""Most bits of a chunk that a probe flips; further out the flat scan is always cheaper."""

NARROW_CHUNKS = ((0, 16), (16, 16), (32, 16), (48, 16))
WIDE_CHUNKS = ((0, 21), (21, 21), (42, 22))
"""(shift, width) of the chunks of one 64-bit word."""


def codes_of(packed: bytes | NDArray[np.uint8], bits: int = 256) -> Codes:
    """Codes from packed bytes (n * bits / 8 of them); raises ValueError for a partial code."""
    flat = np.frombuffer(packed, np.uint8) if isinstance(packed, bytes) else packed.reshape(-1)
    if flat.size % (bits // 8):
        raise ValueError(f"{flat.size} bytes are no whole number of {bits}-bit codes")
    # Which bit is which does not matter for distances, so the bytes are taken as they lie.
    return flat.copy().view(np.uint64).reshape(-1, bits // 64)


class MultiIndex:
    """Immutable. Memory: 8 * words bytes a code, 4 a chunk (12 or 16 for 256 bits), directories.

    Args:
        codes: (n, words), copied; n below 2**32.
        wide: chunks of 21 and 22 bits rather than 16; chosen by size unless given.
    """

    def __init__(self, codes: Codes, wide: bool | None = None) -> None:
        rows, words = codes.shape
        if rows >= 2**32:
            raise ValueError("row numbers are kept in 32 bits")
        self.codes = _aligned(codes)
        per_word = WIDE_CHUNKS if (rows >= WIDE_FROM if wide is None else wide) else NARROW_CHUNKS
        self._layout = np.array(
            [(word, shift, width) for word in range(words) for shift, width in per_word], np.int64
        )
        self._masks, self._balls = _probe_tables(tuple(self._layout[:, 2].tolist()))
        sizes = (1 << self._layout[:, 2]) + 1
        self._first = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
        self._directory = np.empty(int(sizes.sum()) if rows >= SCAN_BELOW else 0, np.uint32)
        self._order = np.empty(rows * len(self._layout) if rows >= SCAN_BELOW else 0, np.uint32)
        if rows >= SCAN_BELOW:
            self._fill()

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def nbytes(self) -> int:
        """Memory of codes, buckets and tables."""
        parts = (self.codes, self._directory, self._order, self._masks)
        return sum(part.nbytes for part in parts)

    def search(self, query: Codes, radius: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows within `radius` bits of one code of shape (words,), and their distances.

        Exact; in no particular order, each row once.
        """
        if radius < 0 or not len(self):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        from workers.search import kernels  # loads numba: seconds that other tasks need not spend

        if self._order.size:
            scan_cost = kernels.SCAN_NS * self.codes.size
            tables = (self._layout, self._balls, self._masks, self._directory, self._first)
            flips, cost = kernels.plan(query, radius, len(self), *tables)
            if cost < scan_cost:
                # The estimate may be wrong where codes crowd: then the scan bounds the harm.
                most = int(scan_cost / kernels.CANDIDATE_NS)
                hits, rows, distances = kernels.probe(
                    self.codes, query, radius, flips, *tables, self._order, most
                )
                if hits >= 0:
                    return rows[:hits].copy(), distances[:hits].copy()
        return scan(self.codes, query, radius)

    def _fill(self) -> None:
        """Sort the row numbers by each chunk; the words one after the other, to read in order."""
        from workers.search import kernels

        rows = len(self)
        column = np.empty(rows, np.uint64)
        pairs = np.empty(rows if self._layout[:, 2].max() > 16 else 0, np.uint64)
        for chunk, (word, shift, width) in enumerate(self._layout.tolist()):
            if shift == 0:
                column[:] = self.codes[:, word]
            begin = int(self._first[chunk])
            directory = self._directory[begin : begin + (1 << width) + 1]
            order = self._order[chunk * rows : (chunk + 1) * rows]
            if pairs.size:
                kernels.bucket_wide_chunk(column, np.uint64(shift), width, directory, order, pairs)
            else:
                mask = np.uint64((1 << width) - 1)
                kernels.bucket_chunk(column, np.uint64(shift), mask, directory, order)


def scan(codes: Codes, query: Codes, radius: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows within the radius and their distances, in order, by looking at every code."""
    if not len(codes):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    from workers.search import kernels

    room = 1024
    while True:
        found, distances = np.empty(room, np.int64), np.empty(room, np.int64)
        hits = kernels.scan(codes, query, radius, found, distances)
        if hits <= room:
            return found[:hits].copy(), distances[:hits].copy()
        room = hits


def warm_up() -> None:
    """Compile (or load) everything, so that no query waits for it; a few seconds when cold."""
    for words, wide in ((1, False), (4, True)):
        codes = np.arange(SCAN_BELOW * words, dtype=np.uint64).reshape(-1, words)
        index = MultiIndex(codes, wide)
        index.search(codes[0], 3)
        index.search(codes[0], 64 * words)


def _aligned(codes: Codes) -> Codes:
    """A copy that begins on a cache line, so that no code lies across two."""
    raw = np.empty(codes.size + _LINE // 8, np.uint64)
    skip = (-raw.ctypes.data % _LINE) // 8
    copy = raw[skip : skip + codes.size].reshape(codes.shape)
    copy[:] = codes
    return copy


@cache  # two layouts in all, and every index wants the tables of its own
def _probe_tables(widths: tuple[int, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Per chunk: bit masks by number of bits set, and how many there are up to 0, 1, … bits."""
    tables = {width: _masks_of(width) for width in set(widths)}
    longest = max(len(masks) for masks, _ in tables.values())
    masks = np.zeros((len(widths), longest), np.int64)
    balls = np.empty((len(widths), MAX_FLIPS + 1), np.int64)
    for chunk, width in enumerate(widths):
        table, counts = tables[width]
        masks[chunk, : len(table)], balls[chunk] = table, counts
    return masks, balls


def _masks_of(width: int) -> tuple[list[int], list[int]]:
    masks: list[int] = []
    counts: list[int] = []
    for flips in range(MAX_FLIPS + 1):
        masks += [sum(1 << bit for bit in bits) for bits in combinations(range(width), flips)]
        counts.append(len(masks))
    return masks, counts
