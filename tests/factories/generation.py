"""Requests to image engines, and an engine that draws instead of denoising."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from workers.engines.contract import (
    NOISE_SOURCES,
    Capability,
    EngineInterrupted,
    GenerationRequest,
    GenerationResult,
    Preview,
    PreviewListener,
    Provenance,
    StepListener,
    preview_steps,
)

FAKE_SCHEDULERS = frozenset({"dpmpp_2m", "dpmpp_2m_karras", "euler", "ddim", "unipc"})


def generation_request(**changes: Any) -> GenerationRequest:
    """A small valid request for the toy pipeline, with any field changed."""
    fields: dict[str, Any] = {
        "prompt": "a fox",
        "seed": 7,
        "steps": 3,
        "guidance_scale": 4.0,
        "scheduler": "dpmpp_2m",
        "width": 64,
        "height": 64,
    }
    return GenerationRequest(**(fields | changes))


def draw(
    prompt: str, seed: int, noise_source: str = "cpu", width: int = 256, height: int = 256
) -> Image.Image:
    """A textured picture that depends on prompt, seed, noise source and size, on nothing else."""
    salt = "" if noise_source == "cpu" else f"/{noise_source}"
    numbers = np.random.default_rng(random.Random(f"{prompt}/{seed}{salt}").randrange(2**32))
    blocks = numbers.integers(0, 255, (12, 12, 3), dtype=np.uint8)
    return Image.fromarray(blocks, "RGB").resize((width, height), Image.Resampling.BICUBIC)


class FakeGenerator:
    """An ImageGenerator at the price of a resize. It keeps every promise of the contract.

    `requests` holds what was made or begun, in order; `evaluations` adds up what was spent.
    `failures` are raised one per image before anything is made; an entry of None lets one pass.
    Previews begin as a picture of nothing and approach the final one with the share of steps.
    """

    def __init__(self, max_batch: int = 4, **capability: Any) -> None:
        self.requests: list[GenerationRequest] = []
        self.failures: list[Exception | None] = []
        self.batches: list[int] = []
        self.evaluations = 0
        self.warm = 0
        limits: dict[str, Any] = {
            "engine": "fake",
            "reproducible": True,
            "schedulers": FAKE_SCHEDULERS,
            "min_side": 64,
            "max_side": 1024,
            "size_multiple": 8,
            "max_steps": 150,
            "noise_sources": NOISE_SOURCES,
            "max_batch": max_batch,
        }
        self._capability = Capability(**(limits | capability))

    @property
    def capability(self) -> Capability:
        """See ImageGenerator."""
        return self._capability

    def get(self, key: str) -> FakeGenerator:
        """Stands in for a registry too: it is every engine."""
        return self

    def warm_up(self) -> None:
        """See ImageGenerator."""
        self.warm += 1

    def plan(self, request: GenerationRequest) -> Provenance:
        """What it would say of a picture; makes none."""
        self._capability.check(request)
        return provenance_of(request)

    def generate(
        self,
        request: GenerationRequest,
        on_step: StepListener | None = None,
        on_preview: PreviewListener | None = None,
    ) -> GenerationResult:
        """Draw at once, announcing every step and showing the previews."""
        self._capability.check(request)
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        self.requests.append(request)
        image = self.picture(request)
        shares = preview_steps(request.steps)
        per_step = 2 if request.guidance_scale > 1.0 else 1
        for step in range(1, request.steps + 1):
            self.evaluations += per_step
            if on_step is not None:
                on_step(step, request.steps)
            if on_preview is not None and step in shares:
                shown = Preview(shares[step], step, request.steps, self.preview(request, step))
                if not on_preview(shown):
                    raise EngineInterrupted("stopped", evaluations=step * per_step)
        return GenerationResult(image, provenance_of(request), evaluations=request.steps * per_step)

    def generate_batch(
        self, requests: Sequence[GenerationRequest], on_step: StepListener | None = None
    ) -> list[GenerationResult]:
        """One after the other; `batches` remembers how many came together."""
        assert len({replace(request, prompt="", seed=0) for request in requests}) <= 1
        self.batches.append(len(requests))
        return [self.generate(request, on_step) for request in requests]

    def picture(self, request: GenerationRequest) -> Image.Image:
        """The final picture; override to play a model that drifted."""
        return draw(
            request.prompt, request.seed, request.noise_source, request.width, request.height
        )

    def preview(self, request: GenerationRequest, step: int) -> Image.Image:
        """The final picture through a haze that thins with every step."""
        haze = draw("haze", 0, "cpu", request.width, request.height)
        return Image.blend(haze, self.picture(request), min(1.0, 0.4 + 0.6 * step / request.steps))


def provenance_of(request: GenerationRequest, **changes: Any) -> Provenance:
    """What the fake would say of a request, with any field changed."""
    fields: dict[str, Any] = {
        "engine": "fake",
        "model_id": "tests/fake",
        "weights_sha256": "0" * 64,
        "config_sha256": "1" * 64,
        "libraries": {"numpy": np.__version__},
        "environment": "2" * 64,
        "scheduler": request.scheduler,
        "scheduler_class": "FakeScheduler",
        "scheduler_config_sha256": "3" * 64,
        "dtype": "uint8",
        "device": "cpu",
        "seed": request.seed,
        "steps": request.steps,
        "guidance_scale": request.guidance_scale,
        "width": request.width,
        "height": request.height,
        "seconds": 0.0,
        "noise_source": request.noise_source,
    }
    return Provenance(**(fields | changes))
