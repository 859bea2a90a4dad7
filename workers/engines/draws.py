"""Models without a seed: several pictures from one prompt, to be compared as a set. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from PIL import Image


@dataclass(frozen=True, slots=True)
class DrawRequest:
    """So many pictures from one prompt. The repr leaves the prompt out.

    `options` are the engine's own, as in the target model's entry.
    """

    prompt: str = field(repr=False)
    count: int
    width: int
    height: int
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DrawProvenance:
    """What is known about how the pictures were made; all of it may be public.

    `prompt_rewritten`: the provider said that it changed the prompt (its text is not kept); None
    where it does not tell. `usage` is in tokens, `booked_microdollars` the most it can have cost,
    `seconds` wall time of the call.
    """

    engine: str
    model: str
    libraries: Mapping[str, str]
    created: int
    request_id: str
    size: str
    options: Mapping[str, Any]
    usage: Mapping[str, int]
    prompt_rewritten: bool | None
    booked_microdollars: int
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for a JSON column."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class DrawResult:
    """The pictures (RGB), in the order they came, and how they were made."""

    images: tuple[Image.Image, ...] = field(repr=False)
    provenance: DrawProvenance


@dataclass(frozen=True, slots=True)
class ProvenanceSignal:
    """One answer of a provider about a picture: "c2pa" or "synthid", found or not.

    Not found says nothing: metadata is stripped by most programs. `trusted` is the state of a
    C2PA signature, None for other kinds. `model` and `generated_at` (RFC 3339) where recorded.
    """

    kind: str
    detected: bool
    trusted: bool | None = None
    model: str | None = None
    generated_at: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for a JSON column."""
        return asdict(self)


class Purse(Protocol):
    """Where an engine gets its money from; see workers.spending."""

    def book(self, images: int, microdollars: int) -> str:
        """Set the money aside, durably, before the call; returns the booking's id."""
        ...

    def close(self, booking_id: str, charged: bool) -> None:
        """Say whether the call may have cost something."""
        ...


class SetGenerator(Protocol):
    """A target model that takes no seed."""

    max_count: int

    def draw(self, request: DrawRequest, purse: Purse) -> DrawResult:
        """Make the pictures in one call. Raises EngineRefused and EngineUnavailable."""
        ...

    def provenance_of(self, picture: bytes) -> list[ProvenanceSignal]:
        """What the provider knows about an image file (PNG, JPEG or WebP). Raises as draw."""
        ...
