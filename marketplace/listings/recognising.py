"""From settings read out of a picture to what this shop can take over: model, scheduler, numbers.

Suggestions only. Whoever takes one over still saves it through the form, which checks everything.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from marketplace.images.metadata import GenerationSettings
from marketplace.listings.availability import closed_reason
from marketplace.listings.catalogue import scheduler_name
from marketplace.listings.checks import MAX_SEED
from marketplace.listings.models import TargetModel
from marketplace.listings.sampler_names import sampler_match

KNOWN_MODELS = Path(__file__).with_name("known_models.json")
_HASH_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A value that a field of a form could take, and its words as `shown`.

    Without a value there is nothing to take over, and `note` says why.
    """

    form_field: str
    value: str | None = field(repr=False)
    shown: str = field(default="", repr=False)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Recognised:
    """Suggestions by the name of the setting they come from (see metadata.FIELDS), and notes."""

    model: TargetModel | None
    suggestions: dict[str, Suggestion]
    notes: tuple[str, ...]


def recognise(settings: GenerationSettings, models: Sequence[TargetModel]) -> Recognised:
    """What of a picture's settings means something here.

    Args:
        models: the registry's models, offered or not.
    """
    notes: list[str] = []
    found: dict[str, Suggestion] = {}
    model = _model(settings, models, found, notes)
    if settings.prompt:
        found["prompt"] = Suggestion("prompt", settings.prompt.value, settings.prompt.value)
    if settings.seed:
        found["seed"] = _seed(settings.seed.value)
    if model is not None:
        _scheduler(settings, model, found)
        _numbers(settings, model, found)
        _size(settings, model, notes)
    if settings.loras:
        notes.append(
            "LoRAs were used. Bracket runs models without them, so these pictures cannot be made "
            "again here."
        )
    return Recognised(model, found, tuple(notes))


def recognised_model(
    name: str | None, digest: str | None, models: Sequence[TargetModel]
) -> TargetModel | None:
    """The registry's model for a checkpoint's hash or, failing that, its name."""
    by_slug = {model.slug: model for model in models}
    for slug, entry in _known()["models"].items():
        if digest and digest.lower()[:_HASH_DIGITS] in entry["hashes"]:
            return by_slug.get(slug)
    key = _key(name or "")
    if not key:
        return None
    for slug, entry in _known()["models"].items():
        if key in map(_key, entry["names"]) and slug in by_slug:
            return by_slug[slug]
    for model in models:
        if key in (_key(model.name), _key(model.slug), _key(model.source.rpartition("/")[2])):
            return model
    return None


def _model(
    settings: GenerationSettings,
    models: Sequence[TargetModel],
    found: dict[str, Suggestion],
    notes: list[str],
) -> TargetModel | None:
    name = settings.model.value if settings.model else None
    digest = settings.model_hash.value if settings.model_hash else None
    if name is None and digest is None:
        return None
    row = "model" if name is not None else "model_hash"
    model = recognised_model(name, digest, models)
    if model is None:
        found[row] = Suggestion("target_model", None, note=_other(name))
        return None
    closed = closed_reason(model)
    value = None if closed else model.slug
    found[row] = Suggestion("target_model", value, model.name, closed or "")
    if name and digest and recognised_model(name, None, models) not in (None, model):
        notes.append("The file's hash and the model's name disagree; the hash was followed.")
    return model


def _other(name: str | None) -> str:
    for entry in _known()["others"]:
        if _key(name or "") in map(_key, entry["names"]):
            return str(entry["sentence"])
    return "None of the models in our registry goes by this name or hash."


def _seed(seed: int) -> Suggestion:
    if seed > MAX_SEED:
        return Suggestion("seed", None, note=f"Seeds here go up to {MAX_SEED}.")
    return Suggestion("seed", str(seed), str(seed))


def _scheduler(
    settings: GenerationSettings, model: TargetModel, found: dict[str, Suggestion]
) -> None:
    if settings.sampler is None:
        return
    if not model.takes_settings:
        found["sampler"] = Suggestion("scheduler", None, note=f"{model.name} takes no scheduler.")
        return
    schedule = settings.schedule.value if settings.schedule else None
    match = sampler_match(settings.sampler.value, schedule)
    name = match.name
    if name is not None and name not in model.schedulers and len(model.schedulers) == 1:
        # Flow models have one way of spacing, whatever the other tool calls it.
        only = model.schedulers[0]
        name = only if name.startswith(f"{only}_") else name
    if name in model.schedulers:
        found["sampler"] = Suggestion("scheduler", name, scheduler_name(str(name)), match.note)
    elif name in model.determinism:
        note = "It draws new noise at every step, so its pictures could not be proved; not offered."
        found["sampler"] = Suggestion("scheduler", None, scheduler_name(str(name)), note)
    else:
        reason = match.note if match.name is None else f"{model.name} does not offer it"
        found["sampler"] = Suggestion("scheduler", None, note=f"No equal here: {reason}.")


def _numbers(
    settings: GenerationSettings, model: TargetModel, found: dict[str, Suggestion]
) -> None:
    limits = {
        "steps": (settings.steps, model.steps_min, model.steps_max),
        "guidance": (settings.guidance, model.guidance_min, model.guidance_max),
    }
    for name, (given, low, high) in limits.items():
        if given is None:
            continue
        if not model.takes_settings:
            found[name] = Suggestion(name, None, note=f"{model.name} takes no {name}.")
        elif low <= given.value <= high:
            text = f"{round(given.value, 2):g}"
            found[name] = Suggestion(name, text, text)
        else:
            found[name] = Suggestion(name, None, note=f"{model.name} takes {low:g} to {high:g}.")


def _size(settings: GenerationSettings, model: TargetModel, notes: list[str]) -> None:
    if not (settings.width and settings.height) or model.engine == "none":
        return
    if (settings.width.value, settings.height.value) != (model.width, model.height):
        notes.append(
            f"We run {model.name} at {model.width} × {model.height} pixels; pictures of another "
            "size come out differently. Make the samples anew at that size."
        )


@cache
def _known() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(KNOWN_MODELS.read_text(encoding="utf-8"))
    return content


def _key(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
