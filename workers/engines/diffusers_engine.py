"""Runs any text-to-image pipeline folder in diffusers' format, the house model included."""

from __future__ import annotations

import time
import traceback
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from workers.engines import determinism
from workers.engines.contract import (
    Capability,
    EngineRefused,
    EngineUnavailable,
    GenerationRequest,
    GenerationResult,
    Provenance,
    StepListener,
)
from workers.engines.pipeline_cache import SHARED_CACHE, LoadedPipeline, PipelineCache, PipelineSpec
from workers.engines.quiet import silence_model_libraries
from workers.engines.schedulers import build_scheduler, config_sha256

# What torch and diffusers raise when a run fails. Listed rather than `Exception`, so that a
# worker's own signals (a soft time limit, say) pass through untouched.
_RUN_FAILURES = (
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    MemoryError,
    OSError,
)


class DiffusersEngine:
    """One pipeline folder as an ImageGenerator. Loads on first use, keeps to one thread on CPU.

    `safety_checker` keeps the pipeline's own checker, whose finding refuses the image.
    """

    def __init__(
        self,
        capability: Capability,
        folder: Path,
        model_id: str,
        *,
        device: str = "cpu",
        safety_checker: bool = True,
        cache: PipelineCache = SHARED_CACHE,
    ) -> None:
        # Half precision is slow on a CPU and moves hashes a little; weights stored in fp16 are
        # widened when they are loaded.
        dtype = torch.float16 if device.startswith("cuda") else torch.float32
        self._capability = capability
        self._model_id = model_id
        self._spec = PipelineSpec(folder, device, dtype, safety_checker)
        self._cache = cache

    @property
    def capability(self) -> Capability:
        """See ImageGenerator."""
        return self._capability

    def warm_up(self) -> None:
        """Load the pipeline now rather than with the first image. Raises EngineUnavailable."""
        self._cache.get(self._spec)

    def generate(
        self, request: GenerationRequest, on_step: StepListener | None = None
    ) -> GenerationResult:
        """See ImageGenerator."""
        self._capability.check(request)
        determinism.make_deterministic(self._spec.device)
        loaded = self._cache.get(self._spec)
        with loaded.lock:
            silence_model_libraries()
            loaded.pipeline.scheduler = build_scheduler(request.scheduler, loaded.scheduler_config)
            started = time.perf_counter()
            image = self._run(loaded, request, _StepRelay(request.steps, on_step))
            seconds = time.perf_counter() - started
            return GenerationResult(
                image=image,
                provenance=self._provenance(loaded, request, seconds),
                prompt_truncated=_is_truncated(loaded, request.prompt),
            )

    def _run(
        self, loaded: LoadedPipeline, request: GenerationRequest, relay: _StepRelay
    ) -> Image.Image:
        try:
            output = loaded.pipeline(
                prompt=request.prompt,
                negative_prompt=request.negative_prompt or None,
                num_inference_steps=request.steps,
                guidance_scale=request.guidance_scale,
                width=request.width,
                height=request.height,
                generator=determinism.fresh_generator(request.seed),
                callback_on_step_end=relay,
            )
        except _RUN_FAILURES as error:
            if error is relay.raised:
                raise
            # The library's own message may quote the prompt: name the error and its place only.
            where = traceback.extract_tb(error.__traceback__)[-1]
            failure = f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno}"
            raise EngineUnavailable(f"{self._capability.engine} failed: {failure}") from None
        if any(getattr(output, "nsfw_content_detected", None) or ()):
            raise EngineRefused(f"{self._capability.engine}: its safety checker held the image")
        return output.images[0].convert("RGB")

    def _provenance(
        self, loaded: LoadedPipeline, request: GenerationRequest, seconds: float
    ) -> Provenance:
        dtype = str(self._spec.dtype).removeprefix("torch.")
        scheduler = loaded.pipeline.scheduler
        return Provenance(
            engine=self._capability.engine,
            model_id=self._model_id,
            weights_sha256=loaded.weights_sha256,
            config_sha256=loaded.config_sha256,
            libraries=determinism.library_versions(),
            environment=determinism.environment_fingerprint(self._spec.device, dtype),
            scheduler=request.scheduler,
            scheduler_class=type(scheduler).__name__,
            scheduler_config_sha256=config_sha256(scheduler),
            dtype=dtype,
            device=self._spec.device,
            seed=request.seed,
            steps=request.steps,
            guidance_scale=request.guidance_scale,
            width=request.width,
            height=request.height,
            seconds=seconds,
        )


class _StepRelay:
    """Passes diffusers' step callback on, and remembers what the listener raised."""

    def __init__(self, steps: int, listener: StepListener | None) -> None:
        self._steps = steps
        self._listener = listener
        self.raised: BaseException | None = None

    def __call__(
        self, pipeline: Any, index: int, timestep: Any, tensors: dict[str, Any]
    ) -> dict[str, Any]:
        if self._listener is not None:
            try:
                self._listener(index + 1, self._steps)
            except BaseException as error:
                self.raised = error
                raise
        return tensors


def _is_truncated(loaded: LoadedPipeline, prompt: str) -> bool:
    tokenizer = getattr(loaded.pipeline, "tokenizer", None)
    if tokenizer is None:
        return False
    return len(tokenizer(prompt).input_ids) > tokenizer.model_max_length
