"""SwarmUI: JSON with "sui_image_params", in PNG's `parameters` or in EXIF."""

from __future__ import annotations

from typing import Any

from marketplace.images.metadata.parts import Embedded
from marketplace.images.metadata.readers.common import json_comments, mapping, sequence, stem
from marketplace.images.metadata.reading import Reading
from marketplace.images.metadata.work import Work

_FIELDS = {
    "prompt": "prompt",
    "negativeprompt": "negative_prompt",
    "seed": "seed",
    "steps": "steps",
    "cfgscale": "guidance",
    "width": "width",
    "height": "height",
    "sampler": "sampler",
    "comfyuisampler": "sampler",  # until 2024
    "scheduler": "schedule",
    "comfyuischeduler": "schedule",
}
_USED = {*_FIELDS, "model", "loras", "loraweights"}


def read(file: Embedded, work: Work) -> Reading | None:
    """The first such object in the file."""
    for text, value in json_comments(file):
        settings = mapping(value.get("sui_image_params"))
        if settings:
            reading = Reading("SwarmUI", f"{text.part}, {text.key}")
            _fields(reading, settings, work)
            _models(reading, value, settings, work)
            return reading
    return None


def _fields(reading: Reading, settings: dict[str, Any], work: Work) -> None:
    for key, name in _FIELDS.items():
        reading.put(name, settings.get(key), f"sui_image_params.{key}")
    reading.put("model", stem(settings.get("model")), "sui_image_params.model")
    for key, value in settings.items():
        work.step()
        if key not in _USED:
            reading.put_other(key, value, f"sui_image_params.{key}")
    if "original_prompt" in settings:
        reading.note(
            "SwarmUI filled wildcards into this prompt; the prompt as it was typed stands "
            "among the other settings."
        )


def _models(reading: Reading, value: dict[str, Any], settings: dict[str, Any], work: Work) -> None:
    hashes: dict[Any, Any] = {}
    for model in sequence(value.get("sui_models")):
        work.step()
        entry = mapping(model)
        digest = entry.get("hash")
        digest = digest.removeprefix("0x") if isinstance(digest, str) else None
        if entry.get("param") == "model":
            reading.put("model_hash", digest, "sui_models.model")
        elif isinstance(entry.get("name"), str):
            hashes[stem(entry["name"])] = digest
    weights = sequence(settings.get("loraweights"))
    for index, name in enumerate(sequence(settings.get("loras"))):
        work.step()
        weight = weights[index] if index < len(weights) else None
        short = stem(name)
        digest = hashes.get(short) if isinstance(short, str) else None
        reading.put_lora(short, weight, "sui_image_params.loras", digest)
