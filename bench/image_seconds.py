"""Seconds an image of the house model takes on one core, and what our engine adds to diffusers.

    python -m bench.image_seconds [--images 7] [--steps 20] [--model house_model/weights]

Ratios travel between machines, seconds do not; on a busy machine read the processor seconds, which
leave waiting out. Last line: one JSON object.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch

from workers.engines.contract import GenerationRequest
from workers.engines.determinism import fresh_generator
from workers.engines.diffusers_engine import DiffusersEngine
from workers.engines.pipeline_cache import SHARED_CACHE, PipelineSpec
from workers.engines.registry import HOUSE, build_registry

PROMPT = "a lighthouse by the sea at sunset, paper-cut, coral palette"
SIDE = 256


def main() -> None:
    """Measure and print; engine and bare diffusers take turns, so that load hits both alike."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=7)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--model", type=Path, default=Path("house_model/weights"))
    options = parser.parse_args()

    engine = build_registry(options.model).get(HOUSE)
    assert isinstance(engine, DiffusersEngine)
    load_seconds = _timed(engine.warm_up)
    request = GenerationRequest(PROMPT, 1, options.steps, 4.0, "dpmpp_2m", SIDE, SIDE)
    pipeline = SHARED_CACHE.get(
        PipelineSpec(options.model, "cpu", torch.float32, safety_checker=False)
    ).pipeline
    engine.generate(request)  # the first image also pays for the libraries' lazy set-up

    def bare() -> None:
        pipeline(
            prompt=PROMPT,
            num_inference_steps=options.steps,
            guidance_scale=4.0,
            width=SIDE,
            height=SIDE,
            generator=fresh_generator(1),
        )

    ours, theirs, ruler, processor = [], [], [], []
    for _ in range(options.images):
        started = time.process_time()
        ours.append(_timed(lambda: engine.generate(request)))
        processor.append(time.process_time() - started)
        theirs.append(_timed(bare))
        ruler.append(_timed(_one_gigaflop_times_hundred))
    result = {
        "images": options.images,
        "steps": options.steps,
        "seconds_per_image": round(median(ours), 3),
        "processor_seconds_per_image": round(median(processor), 3),
        "fastest": round(min(ours), 3),
        "slowest": round(max(ours), 3),
        "ratio_to_bare_diffusers": round(median(ours) / median(theirs), 3),
        "ratio_to_100_gflop_of_matmul": round(median(ours) / median(ruler), 3),
        "load_seconds": round(load_seconds, 2),
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "threads": torch.get_num_threads(),
    }
    for name, value in result.items():
        print(f"{name:30} {value}")
    print(json.dumps(result))


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _one_gigaflop_times_hundred() -> None:
    """100 GFLOP of fp32 matrix products: 800 x 800 x 800 multiply-adds are 1.024 GFLOP."""
    a = torch.ones(800, 800)
    for _ in range(98):
        a @ a


if __name__ == "__main__":
    main()
