"""Trains the denoiser: a small conditional UNet that predicts velocity in the latent space."""

from __future__ import annotations

import copy
import os
import random
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import torch
from diffusers import DDPMScheduler, UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from house_model.clockwork import (
    Clock,
    average,
    load_checkpoint,
    save_checkpoint,
    set_rate,
)
from house_model.grammar import Scene, caption, with_filler
from house_model.latents import CHANNELS, SIDE
from house_model.text_encoder import WIDTH, tokenise

NOISE_SCHEDULE = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "v_prediction",
    "rescale_betas_zero_snr": True,
}
_BATCH = 16
_PEAK_RATE = 1e-3
_TOWARDS_NOISE = 0.7
_WORDLESS, _FILLER = 0.10, 0.15
_CHECKPOINT_MINUTES = 6.0


def new_unet(channels: tuple[int, int, int] = (48, 96, 192)) -> UNet2DConditionModel:
    """An untrained UNet; `addition_embed_type="text"` lets every block see the caption."""
    return UNet2DConditionModel(
        sample_size=SIDE,
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        block_out_channels=channels,
        layers_per_block=1,
        down_block_types=("DownBlock2D", "DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
        cross_attention_dim=WIDTH,
        attention_head_dim=(2, channels[1] // 32, channels[2] // 32),
        norm_num_groups=16,
        addition_embed_type="text",
        addition_embed_type_num_heads=4,
        resnet_time_scale_shift="scale_shift",
    )


@dataclass(frozen=True)
class Material:
    """What the denoiser learns from: latents of unit deviation, their scenes, frozen text parts."""

    latents: Tensor
    scenes: list[Scene]
    tokenizer: CLIPTokenizer
    text_encoder: CLIPTextModel


class DenoiserTraining:
    """The training loop's state: model, average, optimiser, clock; resumes from a checkpoint.

    Several single-threaded processes may train the same weights in shared memory without locks
    ("Hogwild"): on a busy machine that uses spare cores better than threads, which wait for the
    slowest of them at every layer.
    """

    def __init__(self, folder: Path, material: Material, minutes: float) -> None:
        torch.manual_seed(0)
        self.path = folder / "denoiser.pt"
        self.material = material
        self.model = new_unet().to(memory_format=torch.channels_last)
        self.averaged = copy.deepcopy(self.model).requires_grad_(False)
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), lr=_PEAK_RATE, betas=(0.9, 0.99), weight_decay=1e-3, fused=True
        )
        self.step = 0
        spent = self._resume()
        self.clock = Clock(minutes, spent)
        self.rng = random.Random(9 + self.step)
        self.numbers = np.random.default_rng(1 + self.step)
        self.alphas = DDPMScheduler(**NOISE_SCHEDULE).alphas_cumprod
        self.leads = True  # the leading process alone averages, reports and saves

    def _resume(self) -> float:
        state = load_checkpoint(self.path)
        if state is None:
            return 0.0
        self.model.load_state_dict(state["model"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = state["step"]
        return float(state["spent"])

    def save(self) -> None:
        """Write the checkpoint."""
        state = {
            "model": self.model.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "spent": self.clock.spent,
        }
        save_checkpoint(self.path, state)

    def run(self, workers: int = 1) -> None:
        """Train until the clock's budget is used up, with `workers` processes in all."""
        helpers = [self._start_helper(k) for k in range(1, workers)]
        self._loop()
        for helper in helpers:
            helper.join()
        self.save()

    def _share(self) -> None:
        """Put weights and optimiser moments where forked processes see each other's changes."""
        self.model.share_memory()
        for parameter in self.model.parameters():
            state = self.optimiser.state[parameter]
            state.setdefault("step", torch.tensor(0.0))
            for moment in ("exp_avg", "exp_avg_sq"):
                state.setdefault(moment, torch.zeros_like(parameter)).share_memory_()

    def _start_helper(self, number: int) -> BaseProcess:
        self._share()
        helper = get_context("fork").Process(target=self._help, args=(number,), daemon=True)
        helper.start()
        return helper

    def _help(self, number: int) -> None:
        """The life of a helping process: other random numbers, no reports, ends with its parent."""
        self.leads = False
        torch.manual_seed(1000 * number + self.step)
        self.rng = random.Random(100 * number + self.step)
        self.numbers = np.random.default_rng(100 * number + self.step)
        parent = os.getppid()
        while self.clock.progress < 1 and os.getppid() == parent:
            set_rate(self.optimiser, self.clock.rate(_PEAK_RATE, self.step))
            self.train_step()

    def _loop(self) -> None:
        saved, losses = self.clock.spent, []
        while self.clock.progress < 1:
            set_rate(self.optimiser, self.clock.rate(_PEAK_RATE, self.step))
            losses.append(self.train_step())
            if self.step % 100 == 0:
                loss = sum(losses[-100:]) / len(losses[-100:])
                print(f"unet {self.step} {self.clock.spent:.1f} min loss {loss:.4f}", flush=True)
            if self.clock.spent - saved > _CHECKPOINT_MINUTES:
                self.save()
                saved = self.clock.spent

    def train_step(self) -> float:
        """One optimiser step; returns the loss."""
        clean, states = self._batch()
        count = len(clean)
        # One timestep from each of `count` slices: less noise in the gradient. The power leans
        # towards much noise, where the picture's content is decided.
        spot = ((torch.arange(count) + torch.rand(count)) / count) ** _TOWARDS_NOISE
        times = (spot * 1000).long().clamp(0, 999)
        alpha = self.alphas[times].view(-1, 1, 1, 1)
        noise = torch.randn_like(clean)
        noisy = alpha.sqrt() * clean + (1 - alpha).sqrt() * noise
        velocity = alpha.sqrt() * noise - (1 - alpha).sqrt() * clean
        loss = ((self.model(noisy, times, states).sample - velocity) ** 2).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.step += 1
        if self.leads:
            average(self.averaged, self.model, self.step, 0.998)
        return float(loss.item())

    def _batch(self) -> tuple[Tensor, Tensor]:
        picks = self.numbers.integers(0, len(self.material.scenes), _BATCH)
        captions = [self._caption(self.material.scenes[i]) for i in picks]
        with torch.no_grad():
            ids = tokenise(self.material.tokenizer, captions)
            states = self.material.text_encoder(ids)[0]
        clean = self.material.latents[torch.from_numpy(picks)].float()
        return clean.contiguous(memory_format=torch.channels_last), states

    def _caption(self, scene: Scene) -> str:
        if self.rng.random() < _WORDLESS:
            return ""
        text = caption(self.rng, scene)
        return with_filler(self.rng, text) if self.rng.random() < _FILLER else text
