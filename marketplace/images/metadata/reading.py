"""What one reader has found in one file, checked field by field, and how readings are joined."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from marketplace.images.metadata.decoding import as_integer, as_number, as_text, has_invisible
from marketplace.images.metadata.settings import (
    FIELDS,
    Confidence,
    Found,
    GenerationSettings,
    Lora,
    Origin,
)
from marketplace.images.metadata.work import Work

MAX_PROMPT = 20_000
MAX_NAME = 200
MAX_OTHER = 500
MAX_LORAS = 32
MAX_OTHERS = 40
MAX_SEED = 2**64 - 1
_INVISIBLE_NOTE = "Invisible control characters in the file's text were left out."
_PROMPTS = ("prompt", "negative_prompt")
_WHOLE = {"seed": (0, MAX_SEED), "steps": (1, 10_000), "width": (1, 100_000)}
_WHOLE["height"] = _WHOLE["width"]


class Reading:
    """One reader's finds. `put` takes any value of any type and keeps what is acceptable."""

    def __init__(self, tool: str, part: str) -> None:
        self.tool = tool
        self.part = part
        self.found: dict[str, Found[Any]] = {}
        self.loras: list[Found[Lora]] = []
        self.others: dict[str, Found[str]] = {}
        self.notes: dict[str, None] = {}

    def put(
        self, name: str, value: Any, key: str, confidence: Confidence = Confidence.HIGH
    ) -> bool:
        """Keep a value for a field of FIELDS unless it is unusable or the field has one.

        Returns:
            True when it was kept.
        """
        if name in self.found:
            return False
        checked = self._checked(name, value)
        if checked is None:
            return False
        self.found[name] = Found(checked, self._origin(key), confidence)
        return True

    def put_size(self, text: Any, key: str) -> None:
        """Width and height out of "512x768", "(512, 768)" or "512 × 768"."""
        if not isinstance(text, str):
            return
        pair = text[:40].strip("() ").replace("×", "x").replace(",", "x").split("x")
        if len(pair) == 2:
            self.put("width", pair[0].strip(), key)
            self.put("height", pair[1].strip(), key)

    def put_lora(
        self,
        name: Any,
        weight: Any,
        key: str,
        hash_: Any = None,
        confidence: Confidence = Confidence.HIGH,
    ) -> None:
        """Keep a LoRA, each name once, 32 at most."""
        text = as_text(name, MAX_NAME)
        if text is None or text == "None" or len(self.loras) >= MAX_LORAS:
            return
        if any(lora.value.name == text for lora in self.loras):
            return
        lora = Lora(text, as_number(weight, -100, 100), as_text(hash_, 64))
        self.loras.append(Found(lora, self._origin(key), confidence))

    def put_other(self, label: str, value: Any, key: str | None = None) -> None:
        """Keep something that has no field of its own, 40 at most."""
        text = as_text(value, MAX_OTHER)
        label = as_text(label, 60) or ""
        if text and label and label not in self.others and len(self.others) < MAX_OTHERS:
            self.others[label] = Found(text, self._origin(key or label), Confidence.HIGH)

    def note(self, sentence: str) -> None:
        """A sentence for the seller, each once."""
        self.notes[sentence] = None

    def _origin(self, key: str) -> Origin:
        return Origin(self.tool, self.part, as_text(key, 120) or "?")

    def _checked(self, name: str, value: Any) -> str | int | float | None:
        if name in _WHOLE:
            return as_integer(value, *_WHOLE[name])
        if name == "guidance":
            return as_number(value, 0, 1000)
        if isinstance(value, str) and has_invisible(value[: 2 * MAX_PROMPT]):
            self.note(_INVISIBLE_NOTE)
        if name not in _PROMPTS:
            return as_text(value, MAX_NAME)
        if isinstance(value, str) and len(value) > MAX_PROMPT:
            self.note(f"A prompt in this file was cut after {MAX_PROMPT} characters.")
        return as_text(value, MAX_PROMPT, lines=True)


def join(readings: Iterable[Reading], work: Work) -> GenerationSettings:
    """One answer: the reading with most fields first, gaps filled from the others.

    What two readings say differently is noted, by field and origin, never by value.
    """
    ordered = sorted(readings, key=lambda reading: -len(reading.found))
    if not ordered:
        return GenerationSettings(work=work)
    first, *rest = ordered
    found: dict[str, Any] = dict(first.found)
    notes = dict(first.notes)
    for reading in rest:
        for name, other in reading.found.items():
            if name not in found:
                found[name] = Found(other.value, other.origin, Confidence.MEDIUM)
            elif name not in _PROMPTS and str(found[name].value) != str(other.value):
                notes[
                    f"{FIELDS[name]}: {reading.tool} ({reading.part}) says something else than "
                    f"{first.tool} ({first.part}); the latter is shown."
                ] = None
        notes |= reading.notes
    loras = next((reading.loras for reading in ordered if reading.loras), [])
    return GenerationSettings(
        tool=first.tool,
        **found,
        loras=tuple(loras),
        others=tuple(first.others.items()),
        notes=tuple(notes),
        work=work,
    )
