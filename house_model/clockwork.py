"""Training by the clock: how far a stage has come, its learning rate, averaged weights."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn


class Clock:
    """Minutes of training spent, across restarts, and the schedule that follows from them."""

    def __init__(self, minutes: float, spent: float = 0.0) -> None:
        self.minutes = minutes
        self._before = spent
        self._started = time.monotonic()

    @property
    def spent(self) -> float:
        """Minutes trained so far, earlier runs included."""
        return self._before + (time.monotonic() - self._started) / 60

    @property
    def progress(self) -> float:
        """0 at the start, 1 when the budget is used up."""
        return min(self.spent / self.minutes, 1.0)

    def rate(self, peak: float, step: int, *, warm_up: int = 100, flat: float = 0.5) -> float:
        """Learning rate: a short warm-up, flat for a share of the time, then a cosine to zero."""
        fall = max(self.progress - flat, 0.0) / (1 - flat)
        return peak * min(1.0, (step + 1) / warm_up) * (0.5 + 0.5 * math.cos(math.pi * fall)) + 1e-6


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Give every parameter group the learning rate."""
    for group in optimiser.param_groups:
        group["lr"] = rate


@torch.no_grad()
def average(averaged: nn.Module, model: nn.Module, step: int, longest: float) -> None:
    """Move the averaged weights towards the model's, faster while training is young."""
    keep = min(longest, step / (step + 15))
    torch._foreach_lerp_(list(averaged.parameters()), list(model.parameters()), 1 - keep)


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint so that a kill at any moment leaves the old one or the new one."""
    partial = path.with_suffix(".part")
    torch.save(state, partial)
    os.replace(partial, path)


def load_checkpoint(path: Path) -> dict[str, Any] | None:
    """The last checkpoint, or None before the first."""
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state
