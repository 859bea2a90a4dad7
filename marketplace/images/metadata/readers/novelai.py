"""NovelAI: PNG text chunks Title, Description, Software, Source and a JSON Comment.

Its second copy in the alpha channel's lowest bits is not read: the one library that does is not
safe to use, and a file that still has that copy nearly always has the chunks too.
"""

from __future__ import annotations

from typing import Any

from marketplace.images.metadata.parts import Embedded
from marketplace.images.metadata.readers.common import mapping, sequence
from marketplace.images.metadata.reading import Reading
from marketplace.images.metadata.settings import Confidence
from marketplace.images.metadata.work import Work

_FIELDS = {
    "prompt": "prompt",
    "uc": "negative_prompt",
    "seed": "seed",
    "sampler": "sampler",
    "noise_schedule": "schedule",
    "steps": "steps",
    "scale": "guidance",
    "width": "width",
    "height": "height",
}
_OTHERS = ("cfg_rescale", "sm", "sm_dyn", "strength", "noise", "request_type", "version")


def read(file: Embedded, work: Work) -> Reading | None:
    """The Comment of a file whose Software, Title or Source names NovelAI."""
    named = any(
        "novelai" in text.text[:200].lower() for text in file.named("Software", "Title", "Source")
    )
    for text in file.named("Comment", "UserComment") if named else []:
        value = text.json()
        # In WebP the whole set of chunks stands in one object, the Comment as a text within.
        if isinstance(value, dict) and "sampler" in value:
            reading = Reading("NovelAI", f"{text.part}, {text.key}")
            for key, name in _FIELDS.items():
                reading.put(name, value.get(key), key)
            _version_four(reading, value, work)
            for description in file.named("Description"):
                reading.put("prompt", description.text, "Description", Confidence.MEDIUM)
            for source in file.named("Source"):
                _source(reading, source.text)
            for key in _OTHERS:
                reading.put_other(key.replace("_", " "), value.get(key), key)
            return reading
    return None


def _version_four(reading: Reading, value: dict[str, Any], work: Work) -> None:
    """Since version 4 captions of single characters stand beside the prompt."""
    for key, name in (("v4_prompt", "prompt"), ("v4_negative_prompt", "negative_prompt")):
        caption = mapping(mapping(value.get(key)).get("caption"))
        reading.put(name, caption.get("base_caption"), f"{key}.caption.base_caption")
        for number, entry in enumerate(sequence(caption.get("char_captions")), start=1):
            work.step()
            reading.put_other(
                f"{name.replace('_', ' ')}, character {number}",
                mapping(entry).get("char_caption"),
                f"{key}.caption.char_captions",
            )


def _source(reading: Reading, text: str) -> None:
    """ "NovelAI Diffusion V4.5 4BB8B1D7": the model's name and its hash."""
    name, _, digest = text.strip()[:200].rpartition(" ")
    if len(digest) == 8 and all(letter in "0123456789ABCDEF" for letter in digest):
        reading.put("model", name, "Source")
        reading.put("model_hash", digest, "Source")
    else:
        reading.put("model", text, "Source")
