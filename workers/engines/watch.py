"""Watches a run from within: steps, evaluations, broken numbers, and previews of the result."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Any

import numpy as np
import torch
from PIL import Image

from workers.engines.contract import (
    EngineInterrupted,
    EngineUnavailable,
    GenerationRequest,
    Preview,
    PreviewListener,
    StepListener,
    preview_steps,
)
from workers.engines.errors import BAD_PIXELS
from workers.engines.families import Family, FloatImages
from workers.engines.scheduler_tables import X0

Prediction = Callable[[Any, tuple[Any, ...], torch.Tensor, torch.Tensor], torch.Tensor | None]
"""(scheduler after the step, what the step returned, model output, sample) → predicted x0."""


def from_returned(
    scheduler: Any, returned: tuple[Any, ...], output: torch.Tensor, sample: torch.Tensor
) -> torch.Tensor | None:
    """Schedulers that hand their prediction back beside the next sample."""
    return returned[1] if len(returned) > 1 else None


def from_solver_history(
    scheduler: Any, returned: tuple[Any, ...], output: torch.Tensor, sample: torch.Tensor
) -> torch.Tensor | None:
    """Multistep solvers in data prediction: their history is one of predicted x0."""
    last = scheduler.model_outputs[-1]
    return last if isinstance(last, torch.Tensor) else None


def from_velocity(
    scheduler: Any, returned: tuple[Any, ...], output: torch.Tensor, sample: torch.Tensor
) -> torch.Tensor | None:
    """Flow matching: x = (1 - sigma) x0 + sigma noise, and the model gives noise - x0."""
    sigma = scheduler.sigmas[scheduler.step_index - 1]
    return sample - sigma.to(sample.device) * output


PREDICTIONS: Mapping[X0 | None, Prediction] = {
    X0.RETURNED: from_returned,
    X0.SOLVER_HISTORY: from_solver_history,
    X0.VELOCITY: from_velocity,
}
"""How each kind of scheduler's prediction is read; schedulers of no kind give no previews."""


class RunWatch:
    """Use around one call of a pipeline, and pass `on_step_end` to it.

    It reads what the scheduler computes anyway: no evaluation more, and no pixel changed.
    `evaluations` is the denoiser's count per image so far. `raised` is what a listener raised,
    so that it can be told from an error of the library's.
    """

    def __init__(
        self,
        pipeline: Any,
        family: Family,
        requests: Sequence[GenerationRequest],
        on_step: StepListener | None = None,
        on_preview: PreviewListener | None = None,
        *,
        prediction: Prediction | None = None,
        step_noise: AbstractContextManager[Any] | None = None,
    ) -> None:
        self._pipeline, self._family, self._requests = pipeline, family, requests
        self._on_step, self._on_preview = on_step, on_preview
        self._prediction = prediction if on_preview is not None and family.previews else None
        self._step_noise = step_noise or nullcontext()
        self._shares = preview_steps(requests[0].steps) if self._prediction else {}
        self._x0: torch.Tensor | None = None
        self._rows = 0
        self._previewing = False
        self.raised: BaseException | None = None

    @property
    def evaluations(self) -> int:
        """Denoiser evaluations per image so far; guidance counts twice."""
        return self._rows // len(self._requests)

    def __enter__(self) -> RunWatch:
        denoiser = self._family.denoiser(self._pipeline)
        self._hooks = [denoiser.register_forward_pre_hook(self._count, with_kwargs=True)]
        decoder = getattr(getattr(self._pipeline, "vae", None), "decoder", None)
        if decoder is not None:
            self._hooks.append(decoder.register_forward_hook(self._check_decoded))
        scheduler = self._pipeline.scheduler
        plain = scheduler.step

        @functools.wraps(plain)  # pipelines look at the signature to see what a step accepts
        def step(model_output: Any, timestep: Any, sample: Any, *args: Any, **kwargs: Any) -> Any:
            with self._step_noise:
                returned = plain(model_output, timestep, sample, *args, **kwargs)
            if self._prediction is not None and isinstance(returned, tuple):
                self._x0 = self._prediction(scheduler, returned, model_output, sample)
            return returned

        self._scheduler = scheduler
        scheduler.step = step
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for hook in self._hooks:
            hook.remove()
        del self._scheduler.step
        self._x0 = None

    def on_step_end(
        self, pipeline: Any, index: int, timestep: Any, tensors: dict[str, Any]
    ) -> dict[str, Any]:
        """diffusers' callback_on_step_end: check, tell the listeners, change nothing."""
        try:
            self._after_step(pipeline, index + 1, tensors["latents"])
        except BaseException as error:
            self.raised = error
            raise
        return tensors

    def _after_step(self, pipeline: Any, call: int, latents: torch.Tensor) -> None:
        require_finite(latents)
        steps = self._requests[0].steps
        # Two-stage schedulers evaluate twice a step (once in the last), so calls are not steps.
        done = call * steps // max(pipeline.num_timesteps, 1)
        if self._on_step is not None:
            self._on_step(max(done, 1), steps)
        share = self._shares.pop(done, None)
        if share is not None and self._x0 is not None and self._on_preview is not None:
            image = self._decoded(self._x0)
            if image is not None and not self._on_preview(Preview(share, done, steps, image)):
                raise EngineInterrupted(
                    f"stopped by its preview after step {done}", evaluations=self.evaluations
                )

    def _decoded(self, x0: torch.Tensor) -> Image.Image | None:
        """None when an early guess overflows the decoder: no preview rather than a wrong one."""
        first = self._requests[0]
        self._previewing = True
        try:
            pixels = self._family.decode(self._pipeline, x0, first.width, first.height)
        finally:
            self._previewing = False
        return to_images(pixels)[0] if np.isfinite(pixels).all() else None

    def _check_decoded(self, module: Any, args: Any, output: Any) -> None:
        # Here, because pictures are clamped to 0..1 afterwards and infinity turns into white.
        if not self._previewing and torch.is_tensor(output):
            require_finite(output)

    def _count(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        given = args or tuple(kwargs.values())
        self._rows += next(int(value.shape[0]) for value in given if torch.is_tensor(value))


def require_finite(values: torch.Tensor) -> None:
    """Raises EngineUnavailable (BAD_PIXELS) for NaN or infinity."""
    if not bool(torch.isfinite(values).all()):
        raise EngineUnavailable("the model computed NaN or infinity", code=BAD_PIXELS)


def to_images(pixels: FloatImages) -> list[Image.Image]:
    """RGB images. Raises EngineUnavailable (BAD_PIXELS) for NaN."""
    if not np.isfinite(pixels).all():
        raise EngineUnavailable("the picture holds NaN", code=BAD_PIXELS)
    # As diffusers' own numpy_to_pil rounds.
    rounded = (pixels * 255).round().astype("uint8")
    return [Image.fromarray(one).convert("RGB") for one in rounded]
