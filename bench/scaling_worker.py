"""A worker like any other, but for its model: it draws, and takes as long as it is told.

    celery -A bench.scaling_worker worker -Q QUEUE --pool solo

BENCH_STEP_SECONDS is slept for each step, as a process does that waits for its GPU. Everything
else (claims, leases, evidence, fingerprints, records, closing) is the real thing.
"""

from __future__ import annotations

import os
import time

from bench.scaling_shop import SIDE, draw
from workers.app import app
from workers.engines.contract import (
    Capability,
    GenerationRequest,
    GenerationResult,
    PreviewListener,
    Provenance,
    StepListener,
)
from workers.tasks import verification

__all__ = ["TimedEngine", "app"]


class TimedEngine:
    """Takes BENCH_STEP_SECONDS a step and draws. It foresees nothing, so nothing is cached."""

    capability = Capability("timed", False, frozenset({"dpmpp_2m"}), SIDE, SIDE, 8, 100)

    def get(self, key: str) -> TimedEngine:
        """The registry and its only engine in one."""
        return self

    def warm_up(self) -> None:
        """Nothing to load."""

    def generate(
        self,
        request: GenerationRequest,
        on_step: StepListener | None = None,
        on_preview: PreviewListener | None = None,
    ) -> GenerationResult:
        """See ImageGenerator."""
        started = time.monotonic()
        for step in range(1, request.steps + 1):
            time.sleep(float(os.environ["BENCH_STEP_SECONDS"]))
            if on_step is not None:
                on_step(step, request.steps)
        image = draw(request.prompt, request.seed)
        provenance = Provenance(
            engine="timed",
            model_id="bench/timed",
            weights_sha256="0" * 64,
            config_sha256="0" * 64,
            libraries={},
            environment="0" * 64,
            scheduler=request.scheduler,
            scheduler_class="",
            scheduler_config_sha256="0" * 64,
            dtype="uint8",
            device=f"worker {os.environ['BENCH_WORKER']}",
            seed=request.seed,
            steps=request.steps,
            guidance_scale=request.guidance_scale,
            width=SIDE,
            height=SIDE,
            seconds=time.monotonic() - started,
        )
        return GenerationResult(image, provenance, evaluations=2 * request.steps)


_ENGINE = TimedEngine()
verification.engines = lambda: _ENGINE  # type: ignore[assignment, return-value]
