"""What every target model promises: a request, a result with its provenance, and its errors.

Pure: importing this module loads neither torch nor diffusers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from PIL import Image

from workers.engines.errors import (
    EngineError,
    EngineInterrupted,
    EngineRefused,
    EngineUnavailable,
)

__all__ = [
    "CPU_NOISE",
    "MAX_SEED",
    "NOISE_SOURCES",
    "PHILOX_NOISE",
    "PREVIEW_SHARES",
    "Capability",
    "EngineError",
    "EngineInterrupted",
    "EngineRefused",
    "EngineUnavailable",
    "GenerationRequest",
    "GenerationResult",
    "ImageGenerator",
    "Preview",
    "PreviewListener",
    "Provenance",
    "StepListener",
    "preview_steps",
]

# A seed must fit a signed 64-bit database column; torch itself takes any unsigned one.
MAX_SEED = 2**63 - 1

CPU_NOISE, PHILOX_NOISE = "cpu", "philox"
NOISE_SOURCES = frozenset({CPU_NOISE, PHILOX_NOISE})
"""Where a seed's noise comes from: torch's CPU generator, or the Philox numbers of a CUDA GPU."""

PREVIEW_SHARES = (0.3, 0.5, 0.7)
"""Shares of a run's steps after which a preview is offered."""

StepListener = Callable[[int, int], None]
"""Called after each denoising step with (step from 1, steps). May raise to stop the run."""


@dataclass(frozen=True, slots=True)
class Preview:
    """The finished picture as the model predicts it after `step` of `steps`, decoded (RGB).

    `share` is the member of PREVIEW_SHARES that it stands for.
    """

    share: float
    step: int
    steps: int
    image: Image.Image = field(repr=False)


PreviewListener = Callable[[Preview], bool]
"""Answers whether to go on; False stops the run with EngineInterrupted."""


def preview_steps(steps: int, shares: tuple[float, ...] = PREVIEW_SHARES) -> dict[int, float]:
    """Step → share for a run of `steps`: the step nearest to each share, never the last one.

    In a short run several shares may meet at one step, which then stands for the nearest of them.
    """
    found: dict[int, float] = {}
    for share in shares:
        step = max(1, int(share * steps + 0.5))
        if step >= steps:
            continue
        rival = found.get(step)
        if rival is None or abs(share - step / steps) < abs(rival - step / steps):
            found[step] = share
    return found


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One image to make. Sizes in pixels; `noise_source` is one of NOISE_SOURCES, both portable.

    The repr leaves both prompts out, so that a request may be logged.
    """

    prompt: str = field(repr=False)
    seed: int
    steps: int
    guidance_scale: float
    scheduler: str
    width: int
    height: int
    negative_prompt: str = field(default="", repr=False)
    noise_source: str = CPU_NOISE


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything that decided the pixels except the prompt: enough to make the image again.

    `environment` is a digest of `libraries` and of the processor's features; `seconds` is wall
    time from the first step's preparation to the decoded image, without loading.
    """

    engine: str
    model_id: str
    weights_sha256: str
    config_sha256: str
    libraries: Mapping[str, str]
    environment: str
    scheduler: str
    scheduler_class: str
    scheduler_config_sha256: str
    dtype: str
    device: str
    seed: int
    steps: int
    guidance_scale: float
    width: int
    height: int
    seconds: float
    noise_source: str = CPU_NOISE

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for a JSON column."""
        return asdict(self) | {"libraries": dict(self.libraries)}


@dataclass(frozen=True, slots=True)
class GenerationResult:
    """The image (RGB) and how it was made.

    `prompt_truncated` says that the model read only the beginning of the prompt; `evaluations`
    counts the denoiser's evaluations spent on this image, two a step under guidance.
    """

    image: Image.Image
    provenance: Provenance
    prompt_truncated: bool = False
    evaluations: int = 0


@dataclass(frozen=True, slots=True)
class Capability:
    """What an engine can do. `reproducible`: the same request gives the same image on one machine.

    Sides are in pixels and must be multiples of `size_multiple`. `max_batch` is the number of
    images that `generate_batch` makes at once; more are made in several goes.
    """

    engine: str
    reproducible: bool
    schedulers: frozenset[str]
    min_side: int
    max_side: int
    size_multiple: int
    max_steps: int
    max_guidance: float = 30.0
    noise_sources: frozenset[str] = frozenset({CPU_NOISE})
    max_batch: int = 1
    negative_prompt: bool = True

    def check(self, request: GenerationRequest) -> None:
        """Raise EngineRefused, naming every reason, when the request is outside the limits."""
        problems = list(self._problems(request))
        if problems:
            raise EngineRefused(f"{self.engine} cannot make this image: {'; '.join(problems)}")

    def _problems(self, request: GenerationRequest) -> list[str]:
        found = []
        if not request.prompt.strip():
            found.append("the prompt is empty")
        if request.negative_prompt and not self.negative_prompt:
            found.append("the model reads no negative prompt")
        if request.scheduler not in self.schedulers:
            found.append(f"scheduler {request.scheduler!r} is not one of {sorted(self.schedulers)}")
        if request.noise_source not in self.noise_sources:
            found.append(f"noise source must be one of {sorted(self.noise_sources)}")
        if not 0 <= request.seed <= MAX_SEED:
            found.append(f"seed must be between 0 and {MAX_SEED}")
        if not 1 <= request.steps <= self.max_steps:
            found.append(f"steps must be between 1 and {self.max_steps}")
        # Written so that a NaN fails too.
        if not 0.0 <= request.guidance_scale <= self.max_guidance:
            found.append(f"guidance scale must be between 0 and {self.max_guidance:g}")
        for name, side in (("width", request.width), ("height", request.height)):
            if not self.min_side <= side <= self.max_side or side % self.size_multiple:
                found.append(
                    f"{name} must be a multiple of {self.size_multiple} "
                    f"between {self.min_side} and {self.max_side}"
                )
        return found


class ImageGenerator(Protocol):
    """A target model that turns a request into an image."""

    @property
    def capability(self) -> Capability:
        """The limits within which `generate` accepts a request."""
        ...

    def warm_up(self) -> None:
        """Load whatever the first image needs. Raises EngineUnavailable."""

    def generate(
        self,
        request: GenerationRequest,
        on_step: StepListener | None = None,
        on_preview: PreviewListener | None = None,
    ) -> GenerationResult:
        """Make one image, telling `on_step` after each step and `on_preview` at `preview_steps`.

        A scheduler whose prediction cannot be read gives no previews. Listening changes no pixel.
        Raises EngineRefused, EngineUnavailable, EngineInterrupted when `on_preview` answers
        False, and whatever a listener raises, unchanged.
        """
        ...

    def generate_batch(
        self, requests: Sequence[GenerationRequest], on_step: StepListener | None = None
    ) -> list[GenerationResult]:
        """Make images that differ only in prompt and seed together, in the order given.

        Their perceptual hashes are those of single runs; single pixels may differ by rounding.
        Raises as `generate` does, and EngineRefused when the requests differ in more.
        """
        ...
