"""Draws batches with the bare pipeline: fast, and with every numerics variant a seller may have."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionImg2ImgPipeline
from diffusers.models.attention_processor import AttnProcessor
from PIL import Image

from bench.verify.plan import CPU, PHILOX, Settings
from workers.engines.contract import preview_steps
from workers.engines.determinism import make_deterministic
from workers.engines.noise import PhiloxNoise
from workers.engines.pipeline_cache import SHARED_CACHE, PipelineSpec
from workers.engines.schedulers import build_scheduler

SIDE = 256
Previews = dict[float, list[Image.Image]]


class Painter:
    """One loaded pipeline. Not for several threads."""

    def __init__(self, folder: Path) -> None:
        make_deterministic("cpu")
        loaded = SHARED_CACHE.get(PipelineSpec(folder, "cpu", torch.float32, safety_checker=False))
        self.weights_sha256 = loaded.weights_sha256
        self._pipeline = loaded.pipeline
        self._config = loaded.scheduler_config
        self._latent = (
            self._pipeline.unet.config.in_channels,
            SIDE // self._pipeline.vae_scale_factor,
            SIDE // self._pipeline.vae_scale_factor,
        )

    def draw(
        self,
        captions: Sequence[str],
        seeds: Sequence[int],
        settings: Settings,
        noise: str = CPU,
        previews: bool = False,
    ) -> tuple[list[Image.Image], Previews]:
        """One picture for each caption and seed, and their x0-previews when wanted."""
        pipeline = self._pipeline
        pipeline.scheduler = build_scheduler(settings.scheduler, self._config)
        found: Previews = {}
        shares = preview_steps(settings.steps) if previews else {}
        with _predictions(pipeline.scheduler) as predicted:

            def on_step_end(pipe: Any, index: int, timestep: Any, tensors: Any) -> Any:
                share = shares.get(index + 1)
                if share is not None:
                    found[share] = self._decoded(predicted[-1])
                return tensors

            images = pipeline(
                prompt=list(captions),
                num_inference_steps=settings.steps,
                guidance_scale=settings.guidance,
                width=SIDE,
                height=SIDE,
                latents=self._noise(seeds, noise),
                callback_on_step_end=on_step_end,
            ).images
        return [image.convert("RGB") for image in images], found

    def redraw(
        self,
        images: Sequence[Image.Image],
        captions: Sequence[str],
        seeds: Sequence[int],
        settings: Settings,
        strength: float,
    ) -> list[Image.Image]:
        """Image-to-image: the pictures, noised by `strength` and denoised to other captions."""
        self._pipeline.scheduler = build_scheduler(settings.scheduler, self._config)
        editor = StableDiffusionImg2ImgPipeline(
            **self._pipeline.components, requires_safety_checker=False
        )
        editor.set_progress_bar_config(disable=True)
        edited = editor(
            prompt=list(captions),
            image=list(images),
            strength=strength,
            num_inference_steps=settings.steps,
            guidance_scale=settings.guidance,
            generator=[torch.Generator("cpu").manual_seed(seed) for seed in seeds],
        ).images
        return [image.convert("RGB") for image in edited]

    @contextmanager
    def numerics(self, name: str) -> Iterator[int]:
        """The pipeline as another machine might run it; yields the greatest batch to draw at."""
        pipeline, batch = self._pipeline, 64
        kept = pipeline.unet, pipeline.vae, pipeline.text_encoder
        try:
            if name == "batch of 1":
                batch = 1
            elif name == "2 threads":
                torch.set_num_threads(2)
            elif name in ("bfloat16", "float16"):
                dtype = getattr(torch, name)
                for part in ("unet", "vae", "text_encoder"):
                    setattr(pipeline, part, copy.deepcopy(getattr(pipeline, part)).to(dtype))
            elif name == "channels_last":
                pipeline.unet = copy.deepcopy(pipeline.unet).to(memory_format=torch.channels_last)
            elif name == "plain attention":
                pipeline.unet = copy.deepcopy(pipeline.unet)
                pipeline.unet.set_attn_processor(AttnProcessor())
            else:
                raise ValueError(f"no numerics {name!r}")
            yield batch
        finally:
            pipeline.unet, pipeline.vae, pipeline.text_encoder = kept
            torch.set_num_threads(1)

    def _noise(self, seeds: Sequence[int], source: str) -> torch.Tensor:
        if source == PHILOX:
            rows = [torch.from_numpy(PhiloxNoise(seed).normal(self._latent)) for seed in seeds]
        else:
            rows = [
                torch.randn(self._latent, generator=torch.Generator("cpu").manual_seed(seed))
                for seed in seeds
            ]
        return torch.stack(rows).to(self._pipeline.unet.dtype)

    def _decoded(self, x0: torch.Tensor) -> list[Image.Image]:
        vae = self._pipeline.vae
        pixels = vae.decode(x0 / vae.config.scaling_factor, return_dict=False)[0]
        return list(self._pipeline.image_processor.postprocess(pixels, output_type="pil"))


@contextmanager
def _predictions(scheduler: Any) -> Iterator[list[torch.Tensor]]:
    """Collects the scheduler's x0-prediction of every step, as the engine reads it."""
    plain, found = scheduler.step, []

    def step(*args: Any, **kwargs: Any) -> Any:
        returned = plain(*args, **kwargs)
        history = getattr(scheduler, "model_outputs", None)
        prediction = history[-1] if history else returned[1]
        found[:] = [prediction]
        return returned

    scheduler.step = step
    # Pipelines look at the signature to see what a step accepts.
    step.__wrapped__ = plain  # type: ignore[attr-defined]
    try:
        yield found
    finally:
        del scheduler.step
