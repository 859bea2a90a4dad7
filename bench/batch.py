"""What making images together saves over one at a time, and whether it moves any hash.

    python -m bench.batch [--images 8] [--sizes 2,4,8] [--steps 10] [--model house_model/weights]

Same captions and seeds singly and in batches, taking turns, so that load hits both alike; ratios of
processor seconds. Last line: one JSON object, `times_singles` above 1 where a batch is faster.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from workers.engines.contract import GenerationRequest, GenerationResult
from workers.engines.diffusers_engine import DiffusersEngine
from workers.engines.registry import HOUSE_CAPABILITY
from workers.fingerprints.hashes import fingerprint

CAPTIONS = (
    "a lighthouse by the sea at sunset, paper-cut, coral palette",
    "a cabin by a lake under the moon, watercolour, teal palette",
    "pine trees on a hill at noon, poster, amber palette",
    "a mountain above a river at dawn, paper-cut, indigo palette",
)
SIDE = 256


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=8)
    parser.add_argument("--sizes", default="2,4,8")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--model", type=Path, default=Path("house_model/weights"))
    options = parser.parse_args()
    requests = [
        GenerationRequest(
            CAPTIONS[n % len(CAPTIONS)], n, options.steps, 4.0, "dpmpp_2m", SIDE, SIDE
        )
        for n in range(options.images)
    ]
    sizes = [int(size) for size in options.sizes.split(",")]
    found = measure(options.model, requests, sizes)
    for name, value in found.items():
        print(f"{name:24} {value}")
    print(json.dumps(found))


def measure(
    folder: Path, requests: Sequence[GenerationRequest], sizes: Sequence[int]
) -> dict[str, object]:
    """Per batch size: processor seconds of singles over those of batches, and what moved."""
    engines = {
        size: DiffusersEngine(
            replace(HOUSE_CAPABILITY, max_batch=size), folder, "bench", safety_checker=False
        )
        for size in sizes
    }
    single = engines[sizes[0]]
    single.generate(requests[0])  # pays for loading and the libraries' lazy set-up
    ratios: dict[int, list[float]] = {size: [] for size in sizes}
    moved_bits = moved_levels = 0
    for start in range(0, len(requests), max(sizes)):
        part = requests[start : start + max(sizes)]
        began = time.process_time()
        alone = [single.generate(request) for request in part]
        plain = time.process_time() - began
        for size in sizes:
            began = time.process_time()
            together = engines[size].generate_batch(part)
            ratios[size].append(plain / (time.process_time() - began))
            for one, other in zip(alone, together, strict=True):
                moved_bits = max(moved_bits, _bits(one, other))
                moved_levels = max(moved_levels, _levels(one, other))
    return {
        "images": len(requests),
        "steps": requests[0].steps,
        "times_singles": {str(size): round(median(ratios[size]), 3) for size in sizes},
        "largest_pdq_distance": moved_bits,
        "largest_pixel_difference": moved_levels,
    }


def _bits(one: GenerationResult, other: GenerationResult) -> int:
    a, b = fingerprint(one.image).pdq, fingerprint(other.image).pdq
    return (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).bit_count()


def _levels(one: GenerationResult, other: GenerationResult) -> int:
    gap = np.asarray(one.image, int) - np.asarray(other.image, int)
    return int(np.abs(gap).max())


if __name__ == "__main__":
    main()
