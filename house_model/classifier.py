"""The judge: a small convolutional classifier of attributes, trained on rendered pictures only."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from house_model.clockwork import Clock, set_rate
from house_model.dataset import RenderedSet
from house_model.grammar import ATTRIBUTES, VALUES
from house_model.latents import to_tensor

JUDGE = Path(__file__).with_name("judge.safetensors")
_SIDE = 64  # pictures are judged at this size
_WEIGHTS = {"terrain": 3.0}  # hills and dunes differ the least, so they count the most


class Judge(nn.Module):
    """Logits for each attribute from pictures (n, 3, 256, 256) between -1 and 1."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 32, 64, 96, 128)
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise(widths):
            layers += [
                nn.Conv2d(before, after, 3, padding=1, stride=2),
                nn.GroupNorm(8, after),
                nn.SiLU(),
                nn.Conv2d(after, after, 3, padding=1, groups=1 if after < 96 else 8),
                nn.GroupNorm(8, after),
                nn.SiLU(),
            ]
        self.layers = nn.Sequential(*layers)
        features = widths[-1] * 9
        self.heads = nn.ModuleDict(
            {name: nn.Linear(features, len(VALUES[name])) for name in ATTRIBUTES}
        )

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Attribute -> logits (n, values)."""
        small = F.interpolate(images, size=(_SIDE, _SIDE), mode="area")
        features = F.adaptive_avg_pool2d(self.layers(small), 3).flatten(1)
        return {name: head(features) for name, head in self.heads.items()}

    @torch.no_grad()
    def judge(self, pixels: NDArray[np.uint8]) -> dict[str, list[str]]:
        """Attribute -> the most likely value for each picture, uint8 (n, 256, 256, 3)."""
        parts = [self(to_tensor(pixels[i : i + 64])) for i in range(0, len(pixels), 64)]
        return {
            name: [VALUES[name][int(k)] for part in parts for k in part[name].argmax(1)]
            for name in ATTRIBUTES
        }


def load_judge(path: Path = JUDGE) -> Judge:
    """The trained judge."""
    judge = Judge()
    judge.load_state_dict({name: tensor.float() for name, tensor in load_file(path).items()})
    return judge.eval()


def train_classifier(
    seen: RenderedSet, held: RenderedSet, minutes: float, path: Path = JUDGE
) -> dict[str, float]:
    """Train the judge, save it, and return its agreement with held-out rendered pictures.

    A judge that is there already is trained further.
    """
    torch.manual_seed(4)
    judge = load_judge(path).train() if path.exists() else Judge()
    judge = judge.to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(judge.parameters(), lr=2e-3, weight_decay=1e-2, fused=True)
    labels = _labels(seen)
    small = _shrunk(seen.pixels)
    clock, numbers, step = Clock(minutes), np.random.default_rng(6), 0
    while clock.progress < 1:
        set_rate(optimiser, clock.rate(2e-3, step, warm_up=50, flat=0.2))
        picks = torch.from_numpy(numbers.integers(0, len(seen.scenes), 32))
        images = small[picks].float() / 127.5 - 1
        images = images + torch.randn_like(images) * 0.04 * float(numbers.uniform())
        logits = judge(_softened(images, int(numbers.integers(0, 3))))
        targets = labels[picks]
        losses = [
            _WEIGHTS.get(name, 1.0) * F.cross_entropy(logits[name], targets[:, k])
            for k, name in enumerate(ATTRIBUTES)
        ]
        loss = torch.stack(losses).sum()
        loss.backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        step += 1
        if step % 100 == 0:
            print(f"judge {step} {clock.spent:.1f} min loss {loss.item():.3f}", flush=True)
    judge.eval()
    scores = agreement_with(judge, held)
    print("judge on held-out rendered pictures", scores, flush=True)
    save_file({k: v.half().contiguous() for k, v in judge.state_dict().items()}, path)
    return scores


def agreement_with(judge: Judge, pictures: RenderedSet) -> dict[str, float]:
    """The share of rendered pictures on which the judge names the value that was drawn.

    The place counts only where there is a subject to have one.
    """
    named = judge.judge(pictures.pixels)
    scores = {}
    for name in ATTRIBUTES:
        pairs = [
            (getattr(scene, name), value)
            for scene, value in zip(pictures.scenes, named[name], strict=True)
            if name != "place" or scene.subject != "none"
        ]
        scores[name] = round(sum(a == b for a, b in pairs) / len(pairs), 4)
    return scores


def _labels(pictures: RenderedSet) -> Tensor:
    rows = [
        [-100 if a == "place" and s.subject == "none" else VALUES[a].index(getattr(s, a))
         for a in ATTRIBUTES]
        for s in pictures.scenes
    ]  # fmt: skip
    return torch.tensor(rows)  # -100 is cross_entropy's "no label"


def _shrunk(pixels: NDArray[np.uint8]) -> Tensor:
    """All pictures at the judge's size, uint8 (n, 3, _SIDE, _SIDE), small enough for memory."""
    factor = pixels.shape[1] // _SIDE
    small = np.stack([np.asarray(Image.fromarray(picture).reduce(factor)) for picture in pixels])
    return torch.from_numpy(small).permute(0, 3, 1, 2).contiguous()


def _softened(images: Tensor, factor: int) -> Tensor:
    """Sometimes halve the resolution, so that softness alone never decides a label."""
    if factor < 2:
        return images
    small = F.interpolate(images, scale_factor=1 / factor, mode="area")
    return F.interpolate(small, size=images.shape[-2:], mode="bilinear")
