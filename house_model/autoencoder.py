"""The shipped autoencoder: its decoder learns to paint from latents, its encoder to imitate the
linear basis, so that the pipeline's AutoencoderTiny is complete in both directions."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny
from diffusers.models.autoencoders.vae import AutoencoderTinyBlock
from torch import Tensor, nn

from house_model.clockwork import Clock, average, load_checkpoint, save_checkpoint, set_rate
from house_model.dataset import RenderedSet
from house_model.latents import CHANNELS, PATCH, SIDE, PatchBasis, psnr, to_tensor

_BATCH = 16
_CROP = 6  # latent cells a side of a training crop
_PEAK_RATE = 1.2e-3
_CHECKPOINT_MINUTES = 3.0
# Makes latents like those the denoiser produces out of true ones: (latents, picks) -> latents.
Spoil = Callable[[Tensor, np.ndarray], Tensor]


def new_autoencoder(width: int = 32) -> AutoencoderTiny:
    """An untrained autoencoder of factor 16; initialised so that deep ReLU stacks do train."""
    model = AutoencoderTiny(
        encoder_block_out_channels=(32,) * 5,
        decoder_block_out_channels=(width,) * 5,
        num_encoder_blocks=(0, 0, 1, 1, 2),
        num_decoder_blocks=(4, 4, 2, 0, 0),
        latent_channels=CHANNELS,
        scaling_factor=1.0,
    )
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            gain = "relu" if module.bias is not None else "linear"
            nn.init.kaiming_normal_(module.weight, nonlinearity=gain)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    for module in model.modules():
        if isinstance(module, AutoencoderTinyBlock):  # residual branches start small
            module.conv[-1].weight.data.mul_(0.05)
    last = [m for m in model.decoder.layers if isinstance(m, nn.Conv2d)][-1]
    last.weight.data.mul_(0.3)
    last.bias.data.fill_(0.5)
    return model


def picture_loss(got: Tensor, wanted: Tensor) -> Tensor:
    """Absolute, squared, gradient and blurred differences: sharp edges without lost areas."""
    gap = got - wanted
    loss = gap.abs().mean() + 2 * (gap**2).mean()
    loss = loss + (gap[..., 1:] - gap[..., :-1]).abs().mean()
    loss = loss + (gap[..., 1:, :] - gap[..., :-1, :]).abs().mean()
    for size in (2, 4, 8):
        loss = loss + 0.5 * F.avg_pool2d(gap, size).abs().mean()
    return loss


class DecoderTraining:
    """Trains the decoder on crops of (slightly noised, or spoilt) latents; resumes."""

    def __init__(
        self, path: Path, data: RenderedSet, latents: Tensor, minutes: float, spoil: Spoil | None
    ) -> None:
        torch.manual_seed(1)
        self.path, self.data, self.latents, self.spoil = path, data, latents, spoil
        self.model = new_autoencoder().decoder.to(memory_format=torch.channels_last)
        self.averaged = copy.deepcopy(self.model).requires_grad_(False)
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), lr=_PEAK_RATE, betas=(0.9, 0.98), weight_decay=1e-4, fused=True
        )
        self.step, spent = 0, 0.0
        state = load_checkpoint(path)
        if state is not None:
            self.model.load_state_dict(state["model"])
            self.averaged.load_state_dict(state["averaged"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.step, spent = state["step"], float(state["spent"])
        self.clock = Clock(minutes, spent)
        self.numbers = np.random.default_rng(3 + self.step)

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

    def run(self) -> None:
        """Train until the clock's budget is used up."""
        saved, losses = self.clock.spent, []
        while self.clock.progress < 1:
            set_rate(self.optimiser, self.clock.rate(_PEAK_RATE, self.step, flat=0.3))
            losses.append(self.train_step())
            if self.step % 200 == 0:
                loss = sum(losses[-200:]) / len(losses[-200:])
                print(f"decoder {self.step} {self.clock.spent:.1f} min loss {loss:.4f}", flush=True)
            if self.clock.spent - saved > _CHECKPOINT_MINUTES:
                self.save()
                saved = self.clock.spent
        self.save()

    def train_step(self) -> float:
        """One optimiser step; returns the loss."""
        latents, wanted = self._crops()
        got = self.model(latents.contiguous(memory_format=torch.channels_last))
        loss = picture_loss(got, wanted)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.step += 1
        average(self.averaged, self.model, self.step, 0.995)
        return float(loss.item())

    def _crops(self) -> tuple[Tensor, Tensor]:
        picks = self.numbers.integers(0, len(self.latents), _BATCH)
        whole = self.latents[torch.from_numpy(picks)].float()
        if self.spoil is not None and self.step % 2:
            whole = self.spoil(whole, picks)
        else:
            whole = whole + torch.randn_like(whole) * 0.08 * torch.rand(_BATCH, 1, 1, 1)
        corners = self.numbers.integers(0, SIDE - _CROP + 1, (_BATCH, 2))
        latents = torch.stack(
            [w[:, y : y + _CROP, x : x + _CROP] for w, (y, x) in zip(whole, corners, strict=True)]
        )
        span = _CROP * PATCH
        pixels = np.stack(
            [self.data.pixels[i, y * PATCH : y * PATCH + span, x * PATCH : x * PATCH + span]
             for i, (y, x) in zip(picks, corners, strict=True)]
        )  # fmt: skip
        return latents, to_tensor(pixels)


@torch.no_grad()
def decoder_quality(decoder: nn.Module, basis: PatchBasis, held: RenderedSet) -> float:
    """PSNR in dB of decoded held-out pictures."""
    images = to_tensor(held.pixels[:96])
    parts = [decoder(basis.encode(images[i : i + 16])) for i in range(0, len(images), 16)]
    return psnr(torch.cat(parts), images)


def train_encoder(
    model: AutoencoderTiny, basis: PatchBasis, data: RenderedSet, minutes: float
) -> float:
    """Teach `model.encoder` the linear basis by regression; returns the last mean squared error."""
    encoder = model.encoder
    optimiser = torch.optim.AdamW(encoder.parameters(), lr=2e-3, fused=True)
    clock, numbers, step, errors = Clock(minutes), np.random.default_rng(7), 0, [1.0]
    while clock.progress < 1:
        set_rate(optimiser, clock.rate(2e-3, step, flat=0.2))
        picks = np.sort(numbers.integers(0, len(data.scenes), 8))
        y, x = numbers.integers(0, 8, 2) * PATCH
        images = to_tensor(data.pixels[picks, y : y + 128, x : x + 128])
        loss = ((encoder(images) - basis.encode(images)) ** 2).mean()
        loss.backward()
        nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        errors.append(float(loss.item()))
        step += 1
        if step % 200 == 0:
            print(f"encoder {step} {clock.spent:.1f} min error {errors[-1]:.4f}", flush=True)
    return sum(errors[-50:]) / len(errors[-50:])
