"""The copy index's inner loops, compiled: bucketing, planning a query, probing, verifying.

Codes are (n, words) uint64 arrays. A code is cut into chunks, none across a word; chunk c is
`width[c]` bits of `word[c]`, starting at bit `shift[c]`. Chunk c's buckets are the slice of
`order` from c * n; bucket `key` lies between `directory[first[c] + key]` and the entry after it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

from workers.search.mih import MAX_FLIPS

PROBE_NS = 25.0
"""What looking into one bucket costs: two reads of main memory that overlap with others."""
CANDIDATE_NS = 12.0
"""What fetching one candidate's code costs on top; measured at ten million codes."""
SCAN_NS = 1.2
"""What one word of the flat scan costs."""
LOW_BITS = 11
"""Of a wide chunk's bits, those sorted within the cache."""

_FAR = 1e300


def compiled(function: Callable[..., Any]) -> Any:
    """Compile at first call without holding the interpreter's lock.

    The machine code is kept beside the sources (or in the user's cache where that is read-only);
    where neither can be written, every process compiles for itself.
    """
    try:
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:
        return njit(nogil=True)(function)


@intrinsic
def _popcount(_context: Any, _value: Any) -> Any:
    """Number of bits set in a uint64, by the processor's own instruction."""

    def generate(_target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


_bits: Any = _popcount


@compiled
def distance_at(codes, query, row):  # type: ignore[no-untyped-def]
    """Differing bits between one stored code and the query."""
    if codes.shape[1] == 4:  # unrolled: all four lie in one cache line, so no early way out
        return np.int64(
            _bits(codes[row, 0] ^ query[0])
            + _bits(codes[row, 1] ^ query[1])
            + _bits(codes[row, 2] ^ query[2])
            + _bits(codes[row, 3] ^ query[3])
        )
    total = np.uint64(0)
    for word in range(codes.shape[1]):
        total += _bits(codes[row, word] ^ query[word])
    return np.int64(total)


@compiled
def bucket_chunk(column, shift, mask, directory, order):  # type: ignore[no-untyped-def]
    """Sort row numbers by one chunk's value (counting sort, stable).

    `column` holds the chunk's word of every code; `directory` has one entry more than there are
    values; `order` receives the row numbers. Both outputs are overwritten.
    """
    directory[:] = 0
    for row in range(column.size):
        directory[np.int64((column[row] >> shift) & mask)] += np.uint32(1)
    before = np.uint32(0)
    for key in range(directory.size):
        count = directory[key]
        directory[key] = before
        before += count
    for row in range(column.size):
        value = np.int64((column[row] >> shift) & mask)
        order[directory[value]] = np.uint32(row)
        directory[value] += np.uint32(1)
    # Each entry now holds its bucket's end, which is where the next one begins.
    for key in range(directory.size - 1, 0, -1):
        directory[key] = directory[key - 1]
    directory[0] = np.uint32(0)


@compiled
def bucket_wide_chunk(column, shift, width, directory, order, pairs):  # type: ignore[no-untyped-def]
    """As bucket_chunk, for so many buckets that a single pass would miss the cache at every step.

    First into parts by the upper bits, then each part, small enough for the cache, by the lower
    ones. `pairs` is room for (n,) uint64.
    """
    low_mask = (np.uint64(1) << np.uint64(LOW_BITS)) - np.uint64(1)
    high_mask = (np.uint64(1) << np.uint64(width - LOW_BITS)) - np.uint64(1)
    parts = np.int64(high_mask) + 1
    high_shift = shift + np.uint64(LOW_BITS)
    ends = np.zeros(parts + 1, np.int64)
    for row in range(column.size):
        ends[np.int64((column[row] >> high_shift) & high_mask) + 1] += 1
    for part in range(parts):
        ends[part + 1] += ends[part]
    for row in range(column.size):
        word = column[row]
        upper = np.int64((word >> high_shift) & high_mask)
        pairs[ends[upper]] = (((word >> shift) & low_mask) << np.uint64(32)) | np.uint64(row)
        ends[upper] += 1  # from a part's beginning to its end
    places = np.empty(np.int64(low_mask) + 1, np.int64)
    begin = 0
    for part in range(parts):
        places[:] = 0
        for slot in range(begin, ends[part]):
            places[np.int64(pairs[slot] >> np.uint64(32))] += 1
        place = begin
        for low in range(places.size):
            count = places[low]
            directory[part * places.size + low] = np.uint32(place)
            places[low] = place
            place += count
        for slot in range(begin, ends[part]):
            lower = np.int64(pairs[slot] >> np.uint64(32))
            order[places[lower]] = np.uint32(pairs[slot] & np.uint64(0xFFFFFFFF))
            places[lower] += 1
        begin = ends[part]
    directory[directory.size - 1] = np.uint32(column.size)


@compiled
def _estimates(chunk, key, width, balls, masks, directory, first, rows):  # type: ignore[no-untyped-def]
    """Cost in ns of searching one chunk to 0, 1, … flips, its near buckets counted exactly."""
    costs = np.empty(MAX_FLIPS + 1)
    base = first[chunk]
    found = np.float64(directory[base + key + 1] - directory[base + key])
    costs[0] = PROBE_NS + CANDIDATE_NS * found
    ring = 0.0
    for number in range(1, balls[chunk, 1]):
        place = base + (key ^ masks[chunk, number])
        ring += np.float64(directory[place + 1] - directory[place])
    found += ring
    costs[1] = PROBE_NS * balls[chunk, 1] + CANDIDATE_NS * found
    # Further out nobody has looked yet: at least as crowded as the average, or as the ring.
    density = max(ring / width, rows / np.float64(np.int64(1) << width))
    for flips in range(2, MAX_FLIPS + 1):
        found += density * (balls[chunk, flips] - balls[chunk, flips - 1])
        costs[flips] = PROBE_NS * balls[chunk, flips] + CANDIDATE_NS * found
    return costs


@compiled
def plan(query, radius, rows, layout, balls, masks, directory, first):  # type: ignore[no-untyped-def]
    """Flips per chunk (-1: leave the chunk out) of least cost that miss nothing, and that cost.

    Pigeonhole: were every chunk c further off than flips[c], the code would differ in at least
    the sum of (flips[c] + 1) bits; so any choice whose sum exceeds the radius is exact. The
    cheapest one is found by dynamic programming over chunks and the sum still needed.
    """
    chunks = layout.shape[0]
    needed = radius + 1
    flips = np.full(chunks, -1, np.int64)
    if needed > chunks * (MAX_FLIPS + 1):
        return flips, _FAR
    best = np.full((chunks + 1, needed + 1), _FAR)
    best[chunks, 0] = 0.0
    choice = np.full((chunks, needed + 1), -1, np.int64)
    for chunk in range(chunks - 1, -1, -1):
        key = _key(query, layout, chunk)
        costs = _estimates(chunk, key, layout[chunk, 2], balls, masks, directory, first, rows)
        for sum_needed in range(needed + 1):
            best[chunk, sum_needed] = best[chunk + 1, sum_needed]
            for flip in range(MAX_FLIPS + 1):
                cost = costs[flip] + best[chunk + 1, max(0, sum_needed - flip - 1)]
                if cost < best[chunk, sum_needed]:
                    best[chunk, sum_needed] = cost
                    choice[chunk, sum_needed] = flip
    left = needed
    for chunk in range(chunks):
        flips[chunk] = choice[chunk, left]
        left = max(0, left - flips[chunk] - 1)
    return flips, best[0, needed]


@compiled
def _key(query, layout, chunk):  # type: ignore[no-untyped-def]
    """The query's value in one chunk."""
    word, shift, width = layout[chunk, 0], np.uint64(layout[chunk, 1]), layout[chunk, 2]
    mask = (np.uint64(1) << np.uint64(width)) - np.uint64(1)
    return np.int64((query[word] >> shift) & mask)


@compiled
def _found_before(codes, query, row, chunk, flips, layout):  # type: ignore[no-untyped-def]
    """True when an earlier chunk's probes led to this code: each hit is reported once."""
    for earlier in range(chunk):
        if flips[earlier] < 0:
            continue
        word, shift, width = layout[earlier, 0], layout[earlier, 1], layout[earlier, 2]
        mask = (np.uint64(1) << np.uint64(width)) - np.uint64(1)
        differing = ((codes[row, word] ^ query[word]) >> np.uint64(shift)) & mask
        if np.int64(_bits(differing)) <= flips[earlier]:
            return True
    return False


@compiled
def probe(codes, query, radius, flips, layout, balls, masks, directory, first, order, most):  # type: ignore[no-untyped-def]
    """Rows within the radius and their distances, found through the planned buckets.

    Three passes, each of many independent reads that the processor overlaps: bucket borders,
    row numbers, codes. Returns the number of hits, then rows and distances (with room to spare
    behind the hits); -1 hits when more than `most` candidates would have to be read.
    """
    chunks, rows = layout.shape[0], codes.shape[0]
    probes = 0
    for chunk in range(chunks):
        if flips[chunk] >= 0:
            probes += balls[chunk, flips[chunk]]
    begins, ends = np.empty(probes, np.int64), np.empty(probes, np.int64)
    borders = np.zeros(chunks + 1, np.int64)
    used, candidates = 0, np.int64(0)
    for chunk in range(chunks):
        if flips[chunk] >= 0:
            key = _key(query, layout, chunk)
            for number in range(balls[chunk, flips[chunk]]):
                place = first[chunk] + (key ^ masks[chunk, number])
                begin, end = np.int64(directory[place]), np.int64(directory[place + 1])
                begins[used], ends[used] = chunk * rows + begin, chunk * rows + end
                used += 1
                candidates += end - begin
        borders[chunk + 1] = candidates
    if candidates > most:
        return -1, begins, ends
    queue = np.empty(candidates, np.uint32)
    filled = 0
    for number in range(used):
        for slot in range(begins[number], ends[number]):
            queue[filled] = order[slot]
            filled += 1
    found, distances = np.empty(candidates, np.int64), np.empty(candidates, np.int64)
    hits = 0
    for chunk in range(chunks):
        for number in range(borders[chunk], borders[chunk + 1]):
            candidate = np.int64(queue[number])
            distance = distance_at(codes, query, candidate)
            if distance > radius or _found_before(codes, query, candidate, chunk, flips, layout):
                continue
            found[hits], distances[hits] = candidate, distance
            hits += 1
    return hits, found, distances


@compiled
def scan(codes, query, radius, found, distances):  # type: ignore[no-untyped-def]
    """Every code in order: writes rows within the radius and their distances, as many as fit.

    Returns how many there are, which may be more than there was room for.
    """
    hits = 0
    for row in range(codes.shape[0]):
        distance = distance_at(codes, query, row)
        if distance <= radius:
            if hits < found.size:
                found[hits], distances[hits] = row, distance
            hits += 1
    return hits
