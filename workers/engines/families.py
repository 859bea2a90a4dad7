"""What differs between kinds of text-to-image pipelines: arguments, latents and decoding."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from workers.engines.contract import EngineRefused, GenerationRequest

FloatImages = npt.NDArray[np.float32]
"""Images × height × width × 3, from 0 to 1; NaN where the model computed NaN."""


class Family:
    """Any pipeline that takes a prompt and steps: no previews, and noise from the CPU only.

    `pipeline` is a diffusers text-to-image pipeline throughout; its parts are found at run time.
    """

    previews = False
    philox = False
    chunked_prompts = False
    """Whether prompts may be given as embeddings of several chunks."""

    def denoiser(self, pipeline: Any) -> torch.nn.Module:
        """The network that is evaluated once or twice a step."""
        found = getattr(pipeline, "unet", None) or pipeline.transformer
        assert isinstance(found, torch.nn.Module)
        return found

    def arguments(self, pipeline: Any, requests: Sequence[GenerationRequest]) -> dict[str, Any]:
        """Keyword arguments for a run, all but the noise and the call-back."""
        first = requests[0]
        accepted = inspect.signature(pipeline.__call__).parameters
        negative = first.negative_prompt
        if negative and "negative_prompt" not in accepted:
            raise EngineRefused(f"{type(pipeline).__name__} reads no negative prompt")
        found: dict[str, Any] = {
            "prompt": [request.prompt for request in requests],
            "negative_prompt": [negative] * len(requests) if negative else None,
            "num_inference_steps": first.steps,
            "guidance_scale": first.guidance_scale,
            "width": first.width,
            "height": first.height,
        }
        return {name: value for name, value in found.items() if name in accepted}

    def latent_shape(self, pipeline: Any, request: GenerationRequest) -> tuple[int, int, int]:
        """Channels, height and width of one image's latents, before any packing."""
        raise NotImplementedError

    def pack(self, latents: torch.Tensor) -> torch.Tensor:
        """Latents (images × channels × height × width) as the pipeline takes them."""
        return latents

    def decode(self, pipeline: Any, latents: torch.Tensor, width: int, height: int) -> FloatImages:
        """Latents as the pipeline holds them → images; leaves the pipeline as it was."""
        raise NotImplementedError


class StableDiffusion(Family):
    """Stable Diffusion 1 and 2, their descendants, and the house model."""

    previews = philox = chunked_prompts = True

    def latent_shape(self, pipeline: Any, request: GenerationRequest) -> tuple[int, int, int]:
        """See Family."""
        scale = pipeline.vae_scale_factor
        channels = int(pipeline.unet.config.in_channels)
        return channels, request.height // scale, request.width // scale

    def decode(self, pipeline: Any, latents: torch.Tensor, width: int, height: int) -> FloatImages:
        """See Family."""
        return _decoded(pipeline, latents / pipeline.vae.config.scaling_factor)


class StableDiffusionXL(StableDiffusion):
    """Two text encoders, latents that some VAEs normalise, and a VAE that overflows in fp16."""

    def decode(self, pipeline: Any, latents: torch.Tensor, width: int, height: int) -> FloatImages:
        """See Family."""
        vae = pipeline.vae
        upcast = vae.dtype == torch.float16 and bool(getattr(vae.config, "force_upcast", False))
        if upcast:
            vae.to(torch.float32)
        try:
            scaled = latents.to(vae.dtype) / vae.config.scaling_factor
            mean = getattr(vae.config, "latents_mean", None)
            spread = getattr(vae.config, "latents_std", None)
            if mean is not None and spread is not None:
                scaled = scaled * _channels(spread, scaled) + _channels(mean, scaled)
            return _decoded(pipeline, scaled)
        finally:
            if upcast:
                vae.to(torch.float16)


class Flux(Family):
    """FLUX.1: packed latents, guidance as an input of the network (or none), one evaluation."""

    previews = philox = True

    def arguments(self, pipeline: Any, requests: Sequence[GenerationRequest]) -> dict[str, Any]:
        """See Family. A negative prompt would need true guidance, which these weights lack."""
        if requests[0].negative_prompt:
            raise EngineRefused("FLUX.1 reads no negative prompt")
        return super().arguments(pipeline, requests)

    def latent_shape(self, pipeline: Any, request: GenerationRequest) -> tuple[int, int, int]:
        """See Family."""
        scale = pipeline.vae_scale_factor * 2  # packing takes two by two
        channels = int(pipeline.transformer.config.in_channels) // 4
        return channels, 2 * (request.height // scale), 2 * (request.width // scale)

    def pack(self, latents: torch.Tensor) -> torch.Tensor:
        """Two by two latent pixels become one token: images × tokens × (4 × channels)."""
        count, channels, height, width = latents.shape
        tiles = latents.view(count, channels, height // 2, 2, width // 2, 2)
        return tiles.permute(0, 2, 4, 1, 3, 5).reshape(count, -1, channels * 4)

    def decode(self, pipeline: Any, latents: torch.Tensor, width: int, height: int) -> FloatImages:
        """See Family."""
        config = pipeline.vae.config
        plain = pipeline._unpack_latents(latents, height, width, pipeline.vae_scale_factor)
        return _decoded(pipeline, plain / config.scaling_factor + config.shift_factor)


def family_of(pipeline: Any) -> Family:
    """The family by the parts that the pipeline has, so that subclasses are recognised too."""
    name = type(pipeline).__name__
    if name.startswith("Flux"):
        return Flux()
    if name.startswith("StableDiffusionXL"):
        return StableDiffusionXL()
    if name.startswith("StableDiffusion") and getattr(pipeline, "unet", None) is not None:
        return StableDiffusion()
    return Family()


def _decoded(pipeline: Any, latents: torch.Tensor) -> FloatImages:
    vae = pipeline.vae
    image = vae.decode(latents.to(vae.dtype), return_dict=False)[0]
    found: FloatImages = pipeline.image_processor.postprocess(image, output_type="np")
    return found


def _channels(values: Sequence[float], like: torch.Tensor) -> torch.Tensor:
    return torch.tensor(values, device=like.device, dtype=like.dtype).view(1, -1, 1, 1)
