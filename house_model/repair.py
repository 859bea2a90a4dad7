"""Makes latents look as the denoiser leaves them, so that the decoder learns to paint over that."""

from __future__ import annotations

import random

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from house_model.grammar import Scene, caption
from house_model.text_encoder import tokenise


class Spoiler:
    """Adds noise to true latents and lets the trained denoiser guess them back in one step.

    The guess keeps the picture's layout (the noise is moderate) but carries the denoiser's own
    softness and slips. `alphas` is the schedule's cumulative product, (1000,).
    """

    def __init__(
        self,
        unet: UNet2DConditionModel,
        text_encoder: CLIPTextModel,
        tokenizer: CLIPTokenizer,
        scenes: list[Scene],
        alphas: Tensor,
        scaling_factor: float,
    ) -> None:
        self.unet, self.text_encoder, self.tokenizer = unet, text_encoder, tokenizer
        self.scenes, self.alphas, self.scaling_factor = scenes, alphas, scaling_factor
        self.rng = random.Random(21)

    @torch.no_grad()
    def __call__(self, latents: Tensor, picks: np.ndarray) -> Tensor:
        """Latents (n, channels, side, side) of the scenes `picks`, spoilt."""
        texts = [caption(self.rng, self.scenes[i]) for i in picks]
        states = self.text_encoder(tokenise(self.tokenizer, texts))[0]
        times = torch.randint(60, 420, (len(latents),))
        alpha = self.alphas[times].view(-1, 1, 1, 1)
        clean = latents * self.scaling_factor
        noisy = alpha.sqrt() * clean + (1 - alpha).sqrt() * torch.randn_like(clean)
        velocity = self.unet(noisy, times, states).sample
        return (alpha.sqrt() * noisy - (1 - alpha).sqrt() * velocity) / self.scaling_factor
