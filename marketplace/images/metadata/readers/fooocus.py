"""Fooocus' own scheme: JSON under `parameters` (PNG) or UserComment (JPEG, WebP).

Its other scheme is A1111's text, which that reader takes.
"""

from __future__ import annotations

from typing import Any

from marketplace.images.metadata.decoding import read_json
from marketplace.images.metadata.parts import Embedded
from marketplace.images.metadata.readers.common import json_comments, sequence, stem
from marketplace.images.metadata.reading import Reading
from marketplace.images.metadata.work import Work

_FIELDS = {
    "prompt": "prompt",
    "negative_prompt": "negative_prompt",
    "base_model_hash": "model_hash",
    "seed": "seed",
    "sampler": "sampler",
    "scheduler": "schedule",
    "steps": "steps",
    "guidance_scale": "guidance",
}
_OTHERS = (
    "version",
    "performance",
    "styles",
    "sharpness",
    "adm_guidance",
    "refiner_model",
    "refiner_switch",
    "clip_skip",
    "vae",
    "freeu",
)


def read(file: Embedded, work: Work) -> Reading | None:
    """The first such object in the file."""
    for text, value in json_comments(file):
        if "base_model" not in value or "guidance_scale" not in value:
            continue
        reading = Reading("Fooocus", f"{text.part}, {text.key}")
        for key, name in _FIELDS.items():
            reading.put(name, value.get(key), key)
        reading.put("model", stem(value.get("base_model")), "base_model")
        reading.put_size(value.get("resolution"), "resolution")
        for key in _OTHERS:
            reading.put_other(key.replace("_", " "), value.get(key), key)
        _loras(reading, value, work)
        if _styles(value):
            reading.note(
                "Fooocus added the words of its styles to this prompt; without them other tools "
                "make another picture."
            )
        return reading
    return None


def _styles(value: dict[str, Any]) -> list[Any]:
    styles = value.get("styles")
    if isinstance(styles, str):
        styles = read_json(styles[:5000].replace("'", '"'))
    return sequence(styles)


def _loras(reading: Reading, value: dict[str, Any], work: Work) -> None:
    """Newer files hold [[name, weight, hash], …]; older ones lora_combined_1: "name : weight"."""
    for entry in sequence(value.get("loras")):
        work.step()
        name, weight, digest = [*sequence(entry), None, None, None][:3]
        reading.put_lora(stem(name), weight, "loras", digest)
    for number in range(1, 11):
        key = f"lora_combined_{number}"
        text = value.get(key)
        if isinstance(text, str):
            name, _, weight = text.rpartition(":")
            reading.put_lora(stem(name.strip()), weight.strip(), key)
