"""What a listing must satisfy: checks that return problems and change nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from marketplace.core.errors import InvalidError
from marketplace.core.money import Money
from marketplace.listings.availability import closed_reason
from marketplace.listings.licences import DEFAULT_LICENCE, licences
from marketplace.listings.models import (
    MAX_PRICE_CENTS,
    MAX_SAMPLES,
    MIN_PRICE_CENTS,
    MIN_SAMPLES,
    Sample,
    TargetModel,
)
from marketplace.prompts import FillError, Template, public_variables
from marketplace.prompts.filling import resolve_values

MAX_SEED = 2**32 - 1
MAX_TITLE, MAX_SUMMARY, MAX_DESCRIPTION, MAX_GUIDE = 80, 160, 4_000, 4_000
MIN_TITLE, MIN_DESCRIPTION = 4, 20
MAX_TAGS, MAX_TAG = 8, 24


@dataclass(frozen=True, slots=True)
class DraftContents:
    """Everything a seller writes on the first page of a listing. The prompt is never shown."""

    title: str
    description: str
    category_slug: str
    tags: tuple[str, ...]
    price: Money
    prompt: str = field(repr=False)
    target_model_slug: str
    scheduler: str
    steps: int
    guidance: float
    summary: str = ""
    guide: str = field(default="", repr=False)
    licence: str = DEFAULT_LICENCE


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend before a listing can be submitted; ``sample`` counts from 1.

    ``field`` is the input that mends it, where one does.
    """

    code: str
    message: str
    sample: int | None = None
    field: str | None = None


class SubmissionError(InvalidError):
    """A draft that is not ready; ``problems`` says everything that is missing."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(" ".join(problem.message for problem in problems), problems[0].code)
        self.problems = problems


def price_problem(price: Money) -> str | None:
    """What is wrong with a price, or None."""
    if MIN_PRICE_CENTS <= price.cents <= MAX_PRICE_CENTS:
        return None
    return f"The price must be between {Money(MIN_PRICE_CENTS)} and {Money(MAX_PRICE_CENTS)}."


def settings_problems(
    model: TargetModel, scheduler: str, steps: int, guidance: float
) -> dict[str, str]:
    """Settings outside what the model is offered with, by field name.

    A model without settings takes exactly ("", 1, 0).
    """
    problems = {}
    if not model.takes_settings:
        # Whatever a form sent: the version stores nothing for it.
        return (
            {}
            if (scheduler, steps, guidance) == ("", 1, 0.0)
            else {"scheduler": f"{model.name} takes no scheduler, steps or guidance."}
        )
    if scheduler not in model.schedulers:
        problems["scheduler"] = f"{model.name} does not offer this scheduler."
    if not model.steps_min <= steps <= model.steps_max:
        problems["steps"] = f"{model.name} takes {model.steps_min} to {model.steps_max} steps."
    # Written so that NaN is refused as well.
    if not model.guidance_min <= guidance <= model.guidance_max:
        problems["guidance"] = (
            f"{model.name} takes a guidance of {model.guidance_min:g} to {model.guidance_max:g}."
        )
    return problems


def word_problems(contents: DraftContents) -> dict[str, str]:
    """Public words that are too short, too long or hold control characters, by field name."""
    problems = {}
    if not MIN_TITLE <= len(contents.title) <= MAX_TITLE:
        problems["title"] = f"Write a title of {MIN_TITLE} to {MAX_TITLE} characters."
    if not MIN_DESCRIPTION <= len(contents.description) <= MAX_DESCRIPTION:
        problems["description"] = (
            f"Describe in {MIN_DESCRIPTION} to {MAX_DESCRIPTION} characters what buyers get."
        )
    if len(contents.tags) > MAX_TAGS or any(len(tag) > MAX_TAG for tag in contents.tags):
        problems["tags"] = f"Use at most {MAX_TAGS} tags of at most {MAX_TAG} characters."
    if len(contents.summary) > MAX_SUMMARY:
        problems["summary"] = f"Sum it up in at most {MAX_SUMMARY} characters."
    if len(contents.guide) > MAX_GUIDE:
        problems["guide"] = f"Write at most {MAX_GUIDE} characters of guide."
    if contents.licence not in {licence.slug for licence in licences()}:
        problems["licence"] = "Choose one of the licences."
    for name in ("title", "summary", "description", "guide"):
        text = getattr(contents, name)
        if not all(char.isprintable() or char in "\r\n\t" for char in text):
            problems[name] = "This holds an invisible control character; type it again."
    return problems


def seed_problem(model: TargetModel, seed: int | None) -> str | None:
    """What is wrong with a sample's seed on a model, or None."""
    if not model.seedable:
        return None if seed is None else f"{model.name} takes no seed; leave it out."
    if seed is None:
        return "Give the seed that made this picture."
    if 0 <= seed <= MAX_SEED:
        return None
    return f"A seed is a whole number from 0 to {MAX_SEED}."


def value_problems(template: Template, values: dict[str, str]) -> dict[str, str]:
    """What is wrong with a sample's values, by variable name; empty when all fit."""
    try:
        resolve_values(template, values)
    except FillError as error:
        return {name: problem.message for name, problem in error.problems.items()}
    return {}


def sample_problems(
    template: Template, model: TargetModel, number: int, sample: Sample
) -> list[Problem]:
    """Everything that keeps one stored sample from being verified."""
    found = [
        Problem("sample_values", f"Sample {number}, {name}: {message}", number)
        for name, message in value_problems(template, sample.values).items()
    ]
    missing = {variable["name"] for variable in public_variables(template)} - set(sample.values)
    if missing and not found:
        names = ", ".join(sorted(missing))
        found.append(Problem("sample_values", f"Sample {number} lacks a value: {names}.", number))
    problem = seed_problem(model, sample.seed)
    if problem is not None:
        found.append(Problem("sample_seed", f"Sample {number}: {problem}", number))
    return found


def submission_problems(
    template: Template,
    samples: list[Sample],
    model: TargetModel,
    settings: tuple[str, int, float],
    price: Money,
) -> list[Problem]:
    """Everything that keeps a draft from being verified; empty when it is ready.

    Args:
        settings: (scheduler, steps, guidance) of the version.
    """
    found = []
    if len(samples) < MIN_SAMPLES:
        missing = MIN_SAMPLES - len(samples)
        found.append(
            Problem(
                "too_few_samples",
                f"Add {missing} more sample{'s' if missing > 1 else ''}: a listing shows "
                f"{MIN_SAMPLES} to {MAX_SAMPLES}.",
            )
        )
    elif len(samples) > MAX_SAMPLES:
        found.append(Problem("too_many_samples", f"Keep at most {MAX_SAMPLES} samples."))
    for number, sample in enumerate(samples, start=1):
        found.extend(sample_problems(template, model, number, sample))
    found.extend(
        Problem(f"bad_{name}", message)
        for name, message in settings_problems(model, *settings).items()
    )
    closed = closed_reason(model)
    if closed is not None:
        found.append(
            Problem(
                "bad_target_model", f"{model.name}: {closed} Choose another model for this prompt."
            )
        )
    bad_price = price_problem(price)
    if bad_price is not None:
        found.append(Problem("bad_price", bad_price))
    return found
