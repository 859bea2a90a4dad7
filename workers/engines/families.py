"""What differs between kinds of text-to-image pipelines: arguments, latents and decoding."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from workers.engines.contract import EngineRefused, GenerationRequest
from workers.engines.prompt_weights import has_weights

FloatImages = npt.NDArray[np.float32]
"""Images × height × width × 3, from 0 to 1; NaN where the model computed NaN."""


@dataclass(frozen=True, slots=True)
class PromptOptions:
    """How a target model reads prompts.

    `chunks`: a prompt beyond the encoder's length is read in chunks, else its end is cut off.
    `bare_brackets`: (text) and [text] are weights too, as in A1111. `token_limit`: what models
    with a choice (T5) are given; None is the pipeline's own default.
    """

    chunks: bool = True
    bare_brackets: bool = False
    token_limit: int | None = None


class Family:
    """Any pipeline that takes a prompt and steps: no previews, and noise from the CPU only.

    `pipeline` is a diffusers text-to-image pipeline throughout; its parts are found at run time.
    """

    previews = False
    philox = False

    def denoiser(self, pipeline: Any) -> torch.nn.Module:
        """The network that is evaluated once or twice a step."""
        found = getattr(pipeline, "unet", None) or pipeline.transformer
        assert isinstance(found, torch.nn.Module)
        return found

    def arguments(
        self, pipeline: Any, requests: Sequence[GenerationRequest], options: PromptOptions
    ) -> dict[str, Any]:
        """Keyword arguments for a run, all but the noise and the call-back.

        Raises EngineRefused for a negative prompt that the pipeline would not read.
        """
        first = requests[0]
        accepted = inspect.signature(pipeline.__call__).parameters
        if first.negative_prompt and "negative_prompt" not in accepted:
            raise EngineRefused(f"{type(pipeline).__name__} reads no negative prompt")
        found = {
            "num_inference_steps": first.steps,
            "guidance_scale": first.guidance_scale,
            "width": first.width,
            "height": first.height,
            **self.prompts(pipeline, requests, options),
        }
        if options.token_limit is not None:
            found["max_sequence_length"] = options.token_limit
        return {name: value for name, value in found.items() if name in accepted}

    def prompts(
        self, pipeline: Any, requests: Sequence[GenerationRequest], options: PromptOptions
    ) -> dict[str, Any]:
        """The arguments that carry the prompts, as text or as embeddings."""
        negative = requests[0].negative_prompt
        return {
            "prompt": [request.prompt for request in requests],
            "negative_prompt": [negative] * len(requests) if negative else None,
        }

    def runs_alone(self, pipeline: Any, request: GenerationRequest, options: PromptOptions) -> bool:
        """Whether the request cannot share a batch, its embeddings having a length of their own."""
        return False

    def is_cut_off(self, pipeline: Any, prompt: str, options: PromptOptions) -> bool:
        """Whether the model reads only the beginning of the prompt."""
        tokenizer = getattr(pipeline, "tokenizer", None)
        return tokenizer is not None and is_too_long(tokenizer, prompt)

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

    previews = philox = True

    def prompts(
        self, pipeline: Any, requests: Sequence[GenerationRequest], options: PromptOptions
    ) -> dict[str, Any]:
        """See Family. Plain prompts go to the pipeline as they are, so compel changes no pixel."""
        first = requests[0]
        if not self.runs_alone(pipeline, first, options):
            return super().prompts(pipeline, requests, options)
        texts = (first.prompt, first.negative_prompt)
        return self.embeddings(pipeline, *texts, options.bare_brackets)

    def embeddings(self, pipeline: Any, prompt: str, negative: str, bare: bool) -> dict[str, Any]:
        """Both prompts as embeddings, by compel."""
        from workers.engines.conditioning import sd_embeddings  # compel takes seconds to import

        return sd_embeddings(pipeline, prompt, negative, bare)

    def runs_alone(self, pipeline: Any, request: GenerationRequest, options: PromptOptions) -> bool:
        """See Family."""
        return any(
            has_weights(text, options.bare_brackets)
            or (options.chunks and is_too_long(pipeline.tokenizer, text))
            for text in (request.prompt, request.negative_prompt)
        )

    def is_cut_off(self, pipeline: Any, prompt: str, options: PromptOptions) -> bool:
        """See Family."""
        return not options.chunks and is_too_long(pipeline.tokenizer, prompt)

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

    def embeddings(self, pipeline: Any, prompt: str, negative: str, bare: bool) -> dict[str, Any]:
        """See StableDiffusion."""
        from workers.engines.conditioning import sdxl_embeddings

        return sdxl_embeddings(pipeline, prompt, negative, bare)

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

    def arguments(
        self, pipeline: Any, requests: Sequence[GenerationRequest], options: PromptOptions
    ) -> dict[str, Any]:
        """See Family. A negative prompt would need true guidance, which these weights lack."""
        if requests[0].negative_prompt:
            raise EngineRefused("FLUX.1 reads no negative prompt")
        return super().arguments(pipeline, requests, options)

    def is_cut_off(self, pipeline: Any, prompt: str, options: PromptOptions) -> bool:
        """See Family. T5 reads the prompt; CLIP's part is a summary of its first 77 tokens."""
        limit = options.token_limit or pipeline.tokenizer_2.model_max_length
        return is_too_long(pipeline.tokenizer_2, prompt, limit)

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


def is_too_long(tokenizer: Any, prompt: str, limit: int | None = None) -> bool:
    """Whether the tokenizer's limit, or the given one, cuts off the end of the prompt."""
    return len(tokenizer(prompt).input_ids) > (limit or tokenizer.model_max_length)


def _decoded(pipeline: Any, latents: torch.Tensor) -> FloatImages:
    vae = pipeline.vae
    image = vae.decode(latents.to(vae.dtype), return_dict=False)[0]
    found: FloatImages = pipeline.image_processor.postprocess(image, output_type="np")
    return found


def _channels(values: Sequence[float], like: torch.Tensor) -> torch.Tensor:
    return torch.tensor(values, device=like.device, dtype=like.dtype).view(1, -1, 1, 1)
