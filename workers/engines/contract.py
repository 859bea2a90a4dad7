"""What every target model promises: a request, a result with its provenance, and three errors.

Pure: importing this module loads neither torch nor diffusers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from PIL import Image

# A seed must fit a signed 64-bit database column; torch itself takes any unsigned one.
MAX_SEED = 2**63 - 1

StepListener = Callable[[int, int], None]
"""Called after each denoising step with (step from 1, steps). May raise to stop the run."""


class EngineError(Exception):
    """Base of what an engine may raise. Its message never holds a prompt's text."""


class EngineUnavailable(EngineError):
    """The model cannot run here or now (weights missing, memory short); another try may work."""


class EngineRefused(EngineError):
    """This engine will never make this request (size, scheduler, limits); do not try again."""


class EngineInterrupted(EngineError):
    """The run was stopped between two steps; raised by a step listener that wants that."""


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One image to make. Sizes in pixels; the seed is drawn on the CPU, so it is portable.

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

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for a JSON column."""
        return asdict(self) | {"libraries": dict(self.libraries)}


@dataclass(frozen=True, slots=True)
class GenerationResult:
    """The image (RGB) and how it was made.

    `prompt_truncated` says that the model read only the beginning of the prompt.
    """

    image: Image.Image
    provenance: Provenance
    prompt_truncated: bool = False


@dataclass(frozen=True, slots=True)
class Capability:
    """What an engine can do. `reproducible`: the same request gives the same image on one machine.

    Sides are in pixels and must be multiples of `size_multiple`.
    """

    engine: str
    reproducible: bool
    schedulers: frozenset[str]
    min_side: int
    max_side: int
    size_multiple: int
    max_steps: int
    max_guidance: float = 30.0

    def check(self, request: GenerationRequest) -> None:
        """Raise EngineRefused, naming every reason, when the request is outside the limits."""
        problems = list(self._problems(request))
        if problems:
            raise EngineRefused(f"{self.engine} cannot make this image: {'; '.join(problems)}")

    def _problems(self, request: GenerationRequest) -> list[str]:
        found = []
        if not request.prompt.strip():
            found.append("the prompt is empty")
        if request.scheduler not in self.schedulers:
            found.append(f"scheduler {request.scheduler!r} is not one of {sorted(self.schedulers)}")
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
        self, request: GenerationRequest, on_step: StepListener | None = None
    ) -> GenerationResult:
        """Make one image, telling `on_step` after each step.

        Raises EngineRefused, EngineUnavailable, and whatever `on_step` raises, unchanged.
        """
        ...
