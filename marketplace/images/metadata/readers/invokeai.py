"""InvokeAI: `invokeai_metadata` since version 3, `sd-metadata` in version 2, `Dream` before."""

from __future__ import annotations

import re
from typing import Any

from marketplace.images.metadata.parts import Embedded
from marketplace.images.metadata.readers.common import mapping, sequence, stem
from marketplace.images.metadata.reading import Reading
from marketplace.images.metadata.settings import Confidence
from marketplace.images.metadata.work import Work

_FIELDS = {
    "positive_prompt": "prompt",
    "negative_prompt": "negative_prompt",
    "seed": "seed",
    "steps": "steps",
    "cfg_scale": "guidance",
    "guidance": "guidance",  # FLUX
    "scheduler": "sampler",
    "width": "width",
    "height": "height",
}
_OTHERS = ("app_version", "generation_mode", "cfg_rescale_multiplier", "clip_skip", "strength")
_OPTION = re.compile(r"-([A-Za-z])\s?+([^\s\"]{1,40}+)")
_OPTIONS = {
    "s": "steps",
    "S": "seed",
    "W": "width",
    "H": "height",
    "C": "guidance",
    "A": "sampler",
}


def read(file: Embedded, work: Work) -> Reading | None:
    """The newest of its three formats that is there."""
    for text in file.named("invokeai_metadata"):
        value = text.json()
        if isinstance(value, dict):
            reading = Reading("InvokeAI", f"{text.part}, {text.key}")
            _current(reading, value, work)
            return reading
    for text in file.named("sd-metadata"):
        value = text.json()
        if isinstance(value, dict):
            reading = Reading("InvokeAI", f"{text.part}, {text.key}")
            _second(reading, value)
            return reading
    for text in file.named("Dream"):
        reading = Reading("InvokeAI", f"{text.part}, {text.key}")
        _dream(reading, text.text, work)
        return reading
    return None


def _current(reading: Reading, value: dict[str, Any], work: Work) -> None:
    for key, field in _FIELDS.items():
        reading.put(field, value.get(key), key)
    model = mapping(value.get("model"))
    reading.put("model", model.get("name") or model.get("model_name"), "model.name")
    digest = model.get("hash")
    if isinstance(digest, str):
        # "blake3:…" is of the file, in another algorithm than A1111's.
        reading.put("model_hash", digest, "model.hash", Confidence.MEDIUM)
    reading.put_other("base model", model.get("base") or model.get("base_model"), "model.base")
    for entry in sequence(value.get("loras")):
        work.step()
        lora = mapping(mapping(entry).get("model")) or mapping(mapping(entry).get("lora"))
        name = lora.get("name") or lora.get("model_name")
        reading.put_lora(name, mapping(entry).get("weight"), "loras", lora.get("hash"))
    vae = mapping(value.get("vae"))
    reading.put_other("VAE", vae.get("name") or vae.get("model_name"), "vae")
    for key in _OTHERS:
        reading.put_other(key.replace("_", " "), value.get(key), key)


def _second(reading: Reading, value: dict[str, Any]) -> None:
    reading.put("model", stem(value.get("model_weights")), "model_weights")
    reading.put("model_hash", value.get("model_hash"), "model_hash", Confidence.MEDIUM)
    reading.put_other("app version", value.get("app_version"), "app_version")
    image = mapping(value.get("image"))
    prompts = image.get("prompt")
    texts = [mapping(part).get("prompt") for part in sequence(prompts)]
    joined = ", ".join(text for text in texts if isinstance(text, str))
    _bracketed(reading, joined if isinstance(prompts, list) else prompts, "image.prompt")
    for key in ("seed", "steps", "width", "height", "sampler"):
        reading.put(key, image.get(key), f"image.{key}")
    reading.put("guidance", image.get("cfg_scale"), "image.cfg_scale")


def _dream(reading: Reading, text: str, work: Work) -> None:
    """A command line: "prompt" -s 50 -S 123 -W 512 -H 512 -C 7.5 -A k_lms."""
    end = text.rfind('"')
    if text.startswith('"') and end > 0:
        prompt, options = text[1:end], text[end + 1 :]
    else:
        prompt, _, options = text.partition(" -")
        options = f"-{options}"
    _bracketed(reading, prompt, "prompt")
    for match in _OPTION.finditer(options[:5000]):
        work.step()
        name = _OPTIONS.get(match.group(1))
        if name is not None:
            reading.put(name, match.group(2), f"-{match.group(1)}")


def _bracketed(reading: Reading, prompt: Any, key: str) -> None:
    """Until version 3 what stood in square brackets was the negative prompt."""
    if not isinstance(prompt, str):
        return
    wanted, unwanted = [], []
    for index, piece in enumerate(prompt[:40_000].split("[")):
        inside, closed, after = piece.partition("]")
        if index and closed:
            unwanted.append(inside.strip(" ,"))
            wanted.append(after)
        else:
            wanted.append(piece)
    sure = Confidence.MEDIUM if unwanted else Confidence.HIGH
    reading.put("prompt", " ".join("".join(wanted).split()).strip(" ,"), key, sure)
    reading.put("negative_prompt", ", ".join(filter(None, unwanted)), key, Confidence.MEDIUM)
