"""Feeds a run its noise: torch's CPU generators, or Philox streams that stand in for a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from workers.engines.contract import PHILOX_NOISE, GenerationRequest
from workers.engines.determinism import fresh_generator
from workers.engines.families import Family
from workers.engines.noise import PhiloxNoise


@dataclass(frozen=True, slots=True)
class RunNoise:
    """Noise of one run: `arguments` for the pipeline, and a context for the scheduler's step."""

    arguments: dict[str, Any]
    during_steps: AbstractContextManager[Any] | None


def noise_of(pipeline: Any, family: Family, requests: Sequence[GenerationRequest]) -> RunNoise:
    """One stream per request, first its latents, then each step's noise from the same stream.

    From the CPU the pipeline draws for itself. Philox latents are drawn here and given to it; an
    ancestral scheduler's own draws are answered from the streams while it steps.
    """
    generators = [fresh_generator(request.seed) for request in requests]
    if requests[0].noise_source != PHILOX_NOISE:
        return RunNoise({"generator": generators}, None)
    streams = [PhiloxNoise(request.seed) for request in requests]
    shape = family.latent_shape(pipeline, requests[0])
    latents = torch.cat([_tensor(stream, (1, *shape)) for stream in streams])
    return RunNoise(
        {"generator": generators, "latents": family.pack(latents)},
        PhiloxDraws(generators, streams),
    )


class PhiloxDraws(TorchFunctionMode):
    """While entered, torch.randn with one of `generators` draws from the stream in its place."""

    def __init__(
        self, generators: Sequence[torch.Generator], streams: Sequence[PhiloxNoise]
    ) -> None:
        super().__init__()
        self._streams = {
            id(generator): stream for generator, stream in zip(generators, streams, strict=True)
        }
        self._generators = tuple(generators)  # kept alive, or an id could be another's

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Answers torch.randn, passes everything else on."""
        kwargs = kwargs or {}
        stream = self._streams.get(id(kwargs.get("generator")))
        if func is not torch.randn or stream is None:
            return func(*args, **kwargs)
        shape = tuple(args[0] if len(args) == 1 and not isinstance(args[0], int) else args)
        return _tensor(stream, shape).to(device=kwargs.get("device"), dtype=kwargs.get("dtype"))


def _tensor(stream: PhiloxNoise, shape: Sequence[int]) -> torch.Tensor:
    return torch.from_numpy(stream.normal(shape))
