"""The latent space: a linear map of 16x16 patches to 16 channels, fitted by principal components.

A linear map is fitted in seconds, reconstructs better than a briefly trained encoder, and never
moves again, so that the denoiser can train while decoder and encoder are still learning.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor

PATCH = 16
CHANNELS = 16
SIDE = 16  # latent cells a side of a 256-pixel picture


def to_tensor(pixels: NDArray[np.uint8]) -> Tensor:
    """uint8 (n, height, width, 3) to float (n, 3, height, width) between -1 and 1."""
    return torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1


@dataclass(frozen=True)
class PatchBasis:
    """Principal components of patches.

    `basis` is (CHANNELS, 768), `mean` (768,), `spread` (CHANNELS,).

    `spread` divides each component by about the square root of its deviation, so that fine
    components stay smaller than coarse ones without vanishing beside them.
    """

    basis: Tensor
    mean: Tensor
    spread: Tensor

    def encode(self, images: Tensor) -> Tensor:
        """Images (n, 3, h, w) to latents (n, CHANNELS, h/16, w/16)."""
        weight = (self.basis / self.spread[:, None]).view(CHANNELS, 3, PATCH, PATCH)
        bias = -(self.basis @ self.mean) / self.spread
        return F.conv2d(images, weight, bias, stride=PATCH)

    def decode(self, latents: Tensor) -> Tensor:
        """Latents back to images, as far as a linear map can."""
        weight = (self.basis * self.spread[:, None]).view(CHANNELS, 3, PATCH, PATCH)
        images = F.conv_transpose2d(latents, weight, stride=PATCH)
        tile = self.mean.view(1, 3, PATCH, PATCH)
        return images + tile.repeat(1, 1, latents.shape[2], latents.shape[3])

    def save(self, path: Path) -> None:
        """Write the three tensors."""
        tensors = {"basis": self.basis, "mean": self.mean, "spread": self.spread}
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)

    @staticmethod
    def load(path: Path) -> PatchBasis:
        """Read what `save` wrote."""
        return PatchBasis(**load_file(path))


def fit_basis(pixels: NDArray[np.uint8], count: int = 2500) -> PatchBasis:
    """Fit the basis on the first `count` pictures; the largest channel gets unit deviation."""
    size = 3 * PATCH * PATCH
    total, outer, seen = torch.zeros(size), torch.zeros(size, size), 0
    for start in range(0, min(count, len(pixels)), 100):
        patches = F.unfold(to_tensor(pixels[start : start + 100]), PATCH, stride=PATCH)
        rows = patches.transpose(1, 2).reshape(-1, size)
        total += rows.sum(0)
        outer += rows.T @ rows
        seen += len(rows)
    mean = total / seen
    values, vectors = torch.linalg.eigh((outer / seen - torch.outer(mean, mean)).double())
    deviation = values.flip(0)[:CHANNELS].clamp_min(1e-8).sqrt().float()
    basis = vectors.flip(1)[:, :CHANNELS].T.float()
    spread = deviation.sqrt() * deviation[0].sqrt()
    return PatchBasis(basis.contiguous(), mean, spread)


def encode_all(basis: PatchBasis, pixels: NDArray[np.uint8]) -> Tensor:
    """Latents of a whole set, half precision (n, CHANNELS, SIDE, SIDE)."""
    parts = [
        basis.encode(to_tensor(pixels[start : start + 200])).half()
        for start in range(0, len(pixels), 200)
    ]
    return torch.cat(parts)


def psnr(got: Tensor, wanted: Tensor) -> float:
    """Mean peak signal-to-noise ratio in dB of images between -1 and 1."""
    error = ((got.clamp(-1, 1) - wanted) ** 2).mean((1, 2, 3))
    return float((10 * torch.log10(4 / error)).mean())
