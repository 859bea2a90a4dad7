"""The eight steps, as data: each with its address, its words and the inputs that belong to it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One page of the wizard; ``fields`` are names of WizardForm's inputs."""

    slug: str
    name: str
    fields: tuple[str, ...] = ()
    has_samples: bool = False
    """Its form also holds the samples' values and seeds."""


STEPS = (
    Step("start", "Pictures or prompt", ("prompt",)),
    Step("model", "Model and settings", ("target_model", "scheduler", "steps", "guidance")),
    Step("prompt", "Template and variables", ("prompt",)),
    Step("describe", "Describe", ("title", "summary", "category", "tags", "description", "guide")),
    Step("samples", "Samples", has_samples=True),
    Step("price", "Price and licence", ("price", "licence")),
    Step("check", "Check"),
    Step("submitted", "Submitted"),
)
BY_SLUG = {step.slug: step for step in STEPS}
WRITTEN = STEPS[:6]
"""The steps where something is typed."""
HOMES = {"prompt": "prompt"} | {
    name: step.slug for step in STEPS for name in step.fields if name != "prompt"
}
"""Input to the step where it is mended."""


def after(step: Step) -> Step:
    """The next step; the last one's is itself."""
    return STEPS[min(STEPS.index(step) + 1, len(STEPS) - 1)]


def home_of(name: str) -> Step:
    """The step that holds an input; samples' inputs begin with ``sample.``"""
    return BY_SLUG[HOMES.get(name, "samples")]
