"""The exact copy index against faiss, side by side on one core.

    python -m bench.index [--codes 10000000] [--queries 400] [--multihash yes|no|auto]

Codes of 256 bits, radius 31: three quarters random, a quarter in families of near-duplicates, as
pictures come. Queries: half planted at distances 0-31 of a stored code, half random. Every answer
is compared, id for id, with a brute-force scan (faiss BinaryFlat; numpy for the first queries).
faiss MultiHash is given Meta's setting, 16 x 16 bits with one flip, which is exact to radius 31.
A skewed set (biased, correlated bits) is timed too. Last line: one JSON object.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from workers.search import mih
from workers.search.hamming_index import HammingIndex

RADIUS = 31
FAMILY = 32
NUMPY_CHECKS = 20
MULTIHASH_BYTES = 330
"""A code, measured at a million; with it one knows whether ten million would fit."""
Answer = dict[int, int]


@dataclass(frozen=True)
class Timing:
    """Of single queries, in milliseconds; `cpu99` without what other processes took."""

    p50: float
    p99: float
    cpu99: float


def random_codes(rng: np.random.Generator, count: int) -> mih.Codes:
    """Independent fair bits."""
    return rng.integers(0, 2**64, (count, 4), dtype=np.uint64)


def picture_codes(rng: np.random.Generator, count: int) -> mih.Codes:
    """Random codes, a quarter of them copies of one another with up to 16 bits changed."""
    codes = random_codes(rng, count)
    copies = rng.permutation(count)[: count // 4]
    originals = copies[: max(1, len(copies) // FAMILY)]
    for start in range(0, len(copies), 250_000):
        rows = copies[start : start + 250_000]
        codes[rows] = codes[rng.choice(originals, len(rows))]
        flips = rng.integers(0, 17, len(rows))
        for number in range(16):
            some = rows[flips > number]
            word, bit = rng.integers(0, 4, len(some)), rng.integers(0, 64, len(some))
            codes[some, word] ^= np.uint64(1) << bit.astype(np.uint64)
    return codes


def skewed_codes(rng: np.random.Generator, count: int) -> mih.Codes:
    """Bits of unequal odds, alike among neighbours, as hashes of similar pictures have them."""
    odds = 0.5 + 0.42 * np.sin(np.arange(256) / 9.0)
    codes = np.empty((count, 4), np.uint64)
    for start in range(0, count, 100_000):
        rows = min(100_000, count - start)
        draws = rng.random((rows, 256), np.float32)
        draws = (draws + np.roll(draws, 1, axis=1)) / 2  # neighbours share a draw
        level = 0.5 + (odds - 0.5) * 0.8
        codes[start : start + rows] = np.packbits(draws < level, axis=1).view(np.uint64)
    return codes


def queries_for(rng: np.random.Generator, codes: mih.Codes, count: int) -> mih.Codes:
    """Half planted at distance 0-31, half random, mixed."""
    queries = random_codes(rng, count)
    for number in range(0, count, 2):
        bits = np.unpackbits(codes[rng.integers(len(codes))].view(np.uint8))
        bits[rng.choice(256, (number // 2) % (RADIUS + 1), replace=False)] ^= 1
        queries[number] = np.packbits(bits).view(np.uint64)
    return queries


def timed(ask: Callable[[int], Answer], count: int) -> tuple[Timing, list[Answer]]:
    """Ask every query once, after a few to warm up."""
    for number in range(min(10, count)):
        ask(number)
    answers, took, worked = [], [], []
    for number in range(count):
        started, own = time.perf_counter(), time.thread_time()
        answers.append(ask(number))
        took.append((time.perf_counter() - started) * 1000)
        worked.append((time.thread_time() - own) * 1000)
    p50, p99 = np.percentile(took, [50, 99])
    return Timing(float(p50), float(p99), float(np.percentile(worked, 99))), answers


def ours(index: HammingIndex, queries: mih.Codes) -> Callable[[int], Answer]:
    """Ask our index."""
    return lambda number: {hit.key: hit.distance for hit in index.search(queries[number], RADIUS)}


def theirs(index: Any, queries: mih.Codes) -> Callable[[int], Answer]:
    """Ask a faiss index; its range search excludes the radius itself."""
    packed = queries.view(np.uint8)

    def ask(number: int) -> Answer:
        _, distances, ids = index.range_search(packed[number : number + 1], RADIUS + 1)
        return dict(zip(ids.tolist(), distances.astype(int).tolist(), strict=True))

    return ask


def by_hand(codes: mih.Codes, query: NDArray[np.uint64]) -> Answer:
    """Brute force in numpy: nothing of faiss or of the index in it."""
    distances = np.zeros(len(codes), np.uint16)
    for word in range(4):
        distances += np.bitwise_count(codes[:, word] ^ query[word])
    rows = np.flatnonzero(distances <= RADIUS)
    return dict(zip(rows.tolist(), distances[rows].tolist(), strict=True))


def build(codes: mih.Codes) -> tuple[HammingIndex, float]:
    """Our index over codes numbered from 0, and the seconds it took."""
    started = time.perf_counter()
    index = HammingIndex(np.arange(len(codes)), codes)
    return index, time.perf_counter() - started


def free_bytes() -> int:
    """Memory that may still be taken."""
    with open("/proc/meminfo") as lines:
        kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return kilobytes["MemAvailable"] * 1024


def measure_multihash(
    codes: mih.Codes, queries: mih.Codes, truth: list[Answer]
) -> tuple[Timing, float]:
    """Time faiss MultiHash and its recall, on the queries given."""
    index = faiss.IndexBinaryMultiHash(256, 16, 16)
    started = time.perf_counter()
    for start in range(0, len(codes), 1_000_000):
        index.add(codes[start : start + 1_000_000].view(np.uint8))
    seconds = time.perf_counter() - started
    index.nflip = 1
    timing, answers = timed(theirs(index, queries), len(queries))
    wanted = sum(len(answer) for answer in truth)
    got = sum(len(answer.keys() & right) for answer, right in zip(answers, truth, strict=True))
    recall = got / wanted if wanted else 1.0
    print(f"faiss MultiHash   {_line(timing)}   build {seconds:6.1f} s   recall {recall:.4f}")
    return timing, recall


def side_by_side(
    rng: np.random.Generator, codes: mih.Codes, count: int, multihash: bool
) -> dict[str, Any]:
    """All three on one set."""
    queries = queries_for(rng, codes, count)
    index, seconds = build(codes)
    mine, answers = timed(ours(index, queries), count)
    size = index.nbytes / len(codes)
    print(f"this index        {_line(mine)}   build {seconds:6.1f} s   {size:.1f} bytes a code")
    flat = faiss.IndexBinaryFlat(256)
    flat.add(codes.view(np.uint8))
    few = min(count, 100 if len(codes) > 2_000_000 else 400)
    flat_time, _ = timed(theirs(flat, queries), few)
    print(f"faiss BinaryFlat  {_line(flat_time)}")
    mismatches, truth = 0, []
    ask = theirs(flat, queries)
    for number in range(count):
        truth.append(ask(number))
        mismatches += answers[number] != truth[-1]
        if number < NUMPY_CHECKS:
            mismatches += answers[number] != by_hand(codes, queries[number])
    del flat, ask
    gc.collect()
    result = {
        "timing": mine,
        "build_s": seconds,
        "bytes": size,
        "mismatches": mismatches,
        "hits": sum(map(len, answers)),
        "flat": flat_time.p50 / mine.p50,
    }
    if multihash:
        theirs_time, recall = measure_multihash(codes, queries[:few], truth[:few])
        result["multihash"], result["recall"] = theirs_time.p50 / mine.p50, recall
    return result


def _line(timing: Timing) -> str:
    return f"p50 {timing.p50:8.3f} ms   p99 {timing.p99:8.3f} ms   (own {timing.cpu99:8.3f})"


def main() -> None:
    """Measure a tenth and the whole, print both and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--codes", type=int, default=10_000_000)
    parser.add_argument("--queries", type=int, default=400)
    parser.add_argument("--multihash", choices=["yes", "no", "auto"], default="auto")
    options = parser.parse_args()
    faiss.omp_set_num_threads(1)
    started = time.perf_counter()
    mih.warm_up()
    print(f"compiled or loaded in {time.perf_counter() - started:.1f} s")
    rng = np.random.default_rng(31)

    tenth = options.codes // 10
    print(f"\n{tenth:,} codes of 256 bits, radius {RADIUS}")
    small = side_by_side(rng, picture_codes(rng, tenth), options.queries, multihash=True)
    print(f"\n{tenth:,} skewed codes")
    skewed = side_by_side(rng, skewed_codes(rng, tenth), options.queries, multihash=False)
    print(f"\n{options.codes:,} codes")
    codes = picture_codes(rng, options.codes)
    fits = free_bytes() > (MULTIHASH_BYTES + 150) * options.codes
    multihash = options.multihash == "yes" or (options.multihash == "auto" and fits)
    large = side_by_side(rng, codes, options.queries, multihash)
    if not multihash:
        print(f"faiss MultiHash is left out here: its ratio is the one at {tenth:,} codes")
    multihash_at = large if multihash else small
    print(
        json.dumps(
            {
                "codes": options.codes,
                "p99_ms": round(large["timing"].p99, 3),
                "build_s": round(large["build_s"], 2),
                "bytes_per_code": round(large["bytes"], 2),
                "times_faiss_flat": round(large["flat"], 1),
                "times_faiss_multihash": round(multihash_at["multihash"], 1),
                "growth_1m_to_10m": round(large["timing"].p50 / small["timing"].p50, 2),
                "mismatches": sum(one["mismatches"] for one in (small, skewed, large)),
                "multihash_codes": options.codes if multihash else tenth,
                "multihash_recall": round(multihash_at["recall"], 4),
                "p99_cpu_ms": round(large["timing"].cpu99, 3),
                "skewed_p99_cpu_ms": round(skewed["timing"].cpu99, 3),
                "hits": large["hits"],
            }
        )
    )


if __name__ == "__main__":
    main()
