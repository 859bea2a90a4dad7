"""Runs any text-to-image pipeline in diffusers' format, the house model included."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from workers.engines import determinism, failures
from workers.engines.contract import (
    Capability,
    EngineError,
    EngineRefused,
    EngineUnavailable,
    GenerationRequest,
    GenerationResult,
    PreviewListener,
    Provenance,
    StepListener,
)
from workers.engines.errors import MODEL_FAILED, PROVIDER_REFUSED
from workers.engines.families import PromptOptions
from workers.engines.generators import noise_of
from workers.engines.pipeline_cache import SHARED_CACHE, LoadedPipeline, PipelineCache, PipelineSpec
from workers.engines.quiet import silence_model_libraries
from workers.engines.schedulers import build_scheduler, config_sha256, recipe_of
from workers.engines.watch import PREDICTIONS, RunWatch, to_images

PLAIN_PROMPTS = PromptOptions()


class DiffusersEngine:
    """One pipeline folder as an ImageGenerator. Loads on first use, keeps to one thread on CPU.

    `safety_checker` keeps the pipeline's own checker, whose finding refuses the image.
    `weights_sha256`, if given, is what the folder's weights must digest to. `prompts` says how
    the model reads them.
    """

    def __init__(
        self,
        capability: Capability,
        folder: Path,
        model_id: str,
        *,
        device: str = "cpu",
        safety_checker: bool = True,
        weights_sha256: str = "",
        prompts: PromptOptions = PLAIN_PROMPTS,
        cache: PipelineCache = SHARED_CACHE,
    ) -> None:
        # Half precision is slow on a CPU and moves hashes a little; weights stored in fp16 are
        # widened when they are loaded.
        dtype = torch.float16 if device.startswith("cuda") else torch.float32
        self._capability = capability
        self._model_id = model_id
        self._spec = PipelineSpec(folder, device, dtype, safety_checker, weights_sha256)
        self._prompts = prompts
        self._cache = cache

    @property
    def capability(self) -> Capability:
        """See ImageGenerator."""
        return self._capability

    def warm_up(self) -> None:
        """Load the pipeline now rather than with the first image. Raises EngineUnavailable."""
        self._cache.get(self._spec)

    def plan(self, request: GenerationRequest) -> Provenance:
        """The provenance that `generate` would state, with 0 seconds; loads, but makes no image.

        Raises EngineRefused and EngineUnavailable as `generate` does.
        """
        loaded = self._ready([request])
        scheduler = build_scheduler(request.scheduler, loaded.scheduler_config)
        return self._provenance(loaded, scheduler, request, 0.0)

    def generate(
        self,
        request: GenerationRequest,
        on_step: StepListener | None = None,
        on_preview: PreviewListener | None = None,
    ) -> GenerationResult:
        """See ImageGenerator."""
        return self._make([request], on_step, on_preview)[0]

    def generate_batch(
        self, requests: Sequence[GenerationRequest], on_step: StepListener | None = None
    ) -> list[GenerationResult]:
        """See ImageGenerator. Steps are told once for all images of a go."""
        if len({replace(request, prompt="", seed=0) for request in requests}) > 1:
            raise EngineRefused("only requests that differ in prompt and seed make a batch")
        loaded = self._ready(requests)
        results: list[GenerationResult] = []
        go: list[GenerationRequest] = []
        for request in requests:
            alone = loaded.family.runs_alone(loaded.pipeline, request, self._prompts)
            if go and (alone or len(go) == self._capability.max_batch):
                results += self._make(go, on_step, None)
                go = []
            if alone:
                results += self._make([request], on_step, None)
            else:
                go.append(request)
        return results + (self._make(go, on_step, None) if go else [])

    def _ready(self, requests: Sequence[GenerationRequest]) -> LoadedPipeline:
        for request in requests:
            self._capability.check(request)
        determinism.make_deterministic(self._spec.device)
        silence_model_libraries()
        return self._cache.get(self._spec)

    def _make(
        self,
        requests: Sequence[GenerationRequest],
        on_step: StepListener | None,
        on_preview: PreviewListener | None,
    ) -> list[GenerationResult]:
        loaded = self._ready(requests)
        pipeline, family = loaded.pipeline, loaded.family
        with loaded.lock:
            first = requests[0]
            started = time.perf_counter()
            scheduler = build_scheduler(first.scheduler, loaded.scheduler_config)
            pipeline.scheduler = scheduler
            images, evaluations = self._run(loaded, requests, on_step, on_preview)
            seconds = (time.perf_counter() - started) / len(requests)
            return [
                GenerationResult(
                    image=image,
                    provenance=self._provenance(loaded, scheduler, request, seconds),
                    prompt_truncated=family.is_cut_off(pipeline, request.prompt, self._prompts),
                    evaluations=evaluations,
                )
                for request, image in zip(requests, images, strict=True)
            ]

    def _run(
        self,
        loaded: LoadedPipeline,
        requests: Sequence[GenerationRequest],
        on_step: StepListener | None,
        on_preview: PreviewListener | None,
    ) -> tuple[list[Image.Image], int]:
        pipeline, family = loaded.pipeline, loaded.family
        watch: RunWatch | None = None
        try:
            noise = noise_of(pipeline, family, requests)
            recipe = recipe_of(requests[0].scheduler, loaded.scheduler_config)
            watch = RunWatch(
                pipeline,
                family,
                requests,
                on_step,
                on_preview,
                prediction=PREDICTIONS.get(recipe.x0),
                step_noise=noise.during_steps,
            )
            with watch:
                output = pipeline(
                    **family.arguments(pipeline, requests, self._prompts),
                    **noise.arguments,
                    callback_on_step_end=watch.on_step_end,
                    output_type="np",  # floats, in which a NaN can still be seen
                )
            images = to_images(output.images)
        except EngineError:
            raise
        except failures.MODEL_FAILURES as error:
            if watch is not None and error is watch.raised:
                raise
            code = failures.resource_code(error) or MODEL_FAILED
            raise EngineUnavailable(
                f"{self._capability.engine} failed: {failures.where(error)}", code=code
            ) from None
        if any(getattr(output, "nsfw_content_detected", None) or ()):
            raise EngineRefused(
                f"{self._capability.engine}: its safety checker held the image",
                code=PROVIDER_REFUSED,
            )
        return images, watch.evaluations

    def _provenance(
        self, loaded: LoadedPipeline, scheduler: Any, request: GenerationRequest, seconds: float
    ) -> Provenance:
        dtype = str(self._spec.dtype).removeprefix("torch.")
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
            noise_source=request.noise_source,
        )
