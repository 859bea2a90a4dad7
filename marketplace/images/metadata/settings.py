"""What a picture's file says about its making: each value with its origin and how sure it is.

Nothing here is believed: a file says what its last writer wanted. It saves typing, no more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from marketplace.images.metadata.work import Work

if TYPE_CHECKING:
    from marketplace.images.metadata.credentials import Credentials

T = TypeVar("T")


class Confidence(StrEnum):
    """How sure it is that a value means what its field says; not whether it is true."""

    HIGH = "high"
    """The tool wrote it under its own name for it."""
    MEDIUM = "medium"
    """Followed through a graph, or read in a second place."""
    LOW = "low"
    """Several readings were possible; this is the likelier one."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value stood: the tool that wrote it, the part of the file, the key within."""

    tool: str
    part: str
    key: str

    def __str__(self) -> str:
        return f"{self.tool}, {self.part}, {self.key}"


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """One value. Kept out of `repr`: a prompt is a secret."""

    value: T = field(repr=False)
    origin: Origin
    confidence: Confidence = Confidence.HIGH


@dataclass(frozen=True, slots=True)
class Lora:
    """A LoRA by its file's name, with the weight it was applied with where that is said."""

    name: str
    weight: float | None = None
    hash: str | None = None

    def __str__(self) -> str:
        return self.name if self.weight is None else f"{self.name} ({self.weight:g})"


FIELDS = {
    "prompt": "Prompt",
    "negative_prompt": "Negative prompt",
    "model": "Model",
    "model_hash": "Model hash",
    "seed": "Seed",
    "sampler": "Sampler",
    "schedule": "Schedule",
    "steps": "Steps",
    "guidance": "Guidance",
    "width": "Width",
    "height": "Height",
}
"""Attributes of GenerationSettings in the order they are shown, with their names for people."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table that a seller sees; `name` is a key of FIELDS, "lora" or "other"."""

    name: str
    label: str
    value: str = field(repr=False)
    origin: Origin
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class GenerationSettings:
    """Everything that was read out of one file; empty when it says nothing.

    `notes` are sentences for the seller: what was left out and why. `work` is what reading cost.
    """

    tool: str | None = None
    prompt: Found[str] | None = None
    negative_prompt: Found[str] | None = None
    model: Found[str] | None = None
    model_hash: Found[str] | None = None
    seed: Found[int] | None = None
    sampler: Found[str] | None = None
    schedule: Found[str] | None = None
    steps: Found[int] | None = None
    guidance: Found[float] | None = None
    width: Found[int] | None = None
    height: Found[int] | None = None
    loras: tuple[Found[Lora], ...] = ()
    others: tuple[tuple[str, Found[str]], ...] = ()
    credentials: Credentials | None = None
    notes: tuple[str, ...] = ()
    work: Work = field(default_factory=Work, compare=False)

    @property
    def is_empty(self) -> bool:
        """True when no setting was found; there may still be notes and credentials."""
        return not (self.loras or self.others or any(getattr(self, name) for name in FIELDS))

    def rows(self) -> list[Row]:
        """The table "field, value, where from", in the order of FIELDS, LoRAs and others last."""
        rows = []
        for name, label in FIELDS.items():
            found = getattr(self, name)
            if found is not None:
                text = f"{found.value:g}" if isinstance(found.value, float) else str(found.value)
                rows.append(Row(name, label, text, found.origin, found.confidence))
        for lora in self.loras:
            rows.append(Row("lora", "LoRA", str(lora.value), lora.origin, lora.confidence))
        for label, other in self.others:
            rows.append(Row("other", label, other.value, other.origin, other.confidence))
        return rows

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON: fields, LoRAs, others, credentials, notes and the work done."""
        return {
            "tool": self.tool,
            "fields": {name: _found(getattr(self, name)) for name in FIELDS if getattr(self, name)},
            "loras": [
                _found(lora)
                | {
                    "value": lora.value.name,
                    "weight": lora.value.weight,
                    "hash": lora.value.hash,
                }
                for lora in self.loras
            ],
            "others": {label: _found(other) for label, other in self.others},
            "credentials": self.credentials.as_json() if self.credentials else None,
            "notes": list(self.notes),
            "work": self.work.as_json(),
        }


def _found(found: Found[Any]) -> dict[str, Any]:
    origin = found.origin
    return {
        "value": found.value,
        "tool": origin.tool,
        "part": origin.part,
        "key": origin.key,
        "confidence": found.confidence.value,
    }
