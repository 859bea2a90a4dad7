"""Titles, descriptions and tags of bulk listings, put together from words.toml. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

MAX_TITLE = 80
_FOLDER = Path(__file__).parent
_SLOT = re.compile(r"\{(\w)\}")
_KINDS = {"s": "subjects", "p": "places", "t": "styles", "m": "moods", "l": "lights"}


def read_lists(name: str) -> dict[str, Any]:
    """A file of word lists: every text divided at its commas, or at bars where it has any."""
    return {key: _divided(value) for key, value in _read(name).items()}


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / name).read_text())


def _divided(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _divided(inner) for key, inner in value.items()}
    parts = str(value).split("|" if "|" in str(value) else ",")
    return [" ".join(part.split()) for part in parts if part.strip()]


@cache
def vocabulary() -> dict[str, Any]:
    """The lists of words.toml."""
    return read_lists("words.toml")


@dataclass(frozen=True, slots=True)
class Text:
    """The public words of one listing, and the parts that its meaning comes from."""

    title: str
    description: str
    tags: list[str]
    parts: tuple[str, ...]
    """Subject, second subject, place, style, mood, light, colour, use."""


class Writer:
    """Writes one text after the other; equal seeds write equal texts.

    A few subjects and styles are far more common than others, as in any shop.
    """

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 (made-up texts, not secrets)
        self._words = vocabulary()
        self._frames = {
            name: [_SLOT.split(frame) for frame in self._words[name]]
            for name in ("titles", "openings", "middles", "endings")
        }

    def write(self, category: str) -> Text:
        """A text for a listing of this category."""
        words, random = self._words, self._random
        slots = {letter: self._common(words[name]) for letter, name in _KINDS.items()}
        slots["x"] = self._any(words["subjects"])
        slots["c"], second = self._any(words["palettes"]), self._any(words["palettes"])
        slots["u"] = self._any(words["uses"].get(category) or words["places"])
        slots |= {"S": _capital(slots["s"]), "M": _capital(slots["m"]), "T": _capital(slots["t"])}
        slots["C"] = _capital(second)
        title = _filled(self._any(self._frames["titles"]), slots)
        slots["C"] = second
        sentences = [self._any(self._frames["openings"])]
        sentences += random.sample(self._frames["middles"], 1 + int(random.random() * 3))
        sentences.append(self._any(self._frames["endings"]))
        description = " ".join(_capital(_filled(frame, slots)) for frame in sentences)
        tags = [slots["s"], slots["t"], slots["m"], slots["c"], slots["x"]]
        return Text(
            title=_capital(title)[:MAX_TITLE].rstrip(" ,:"),
            description=description,
            tags=list(dict.fromkeys(tags))[: 3 + int(random.random() * 3)],
            parts=(*(slots[letter] for letter in "sxptmlcu"),),
        )

    def _any(self, choices: Sequence[Any]) -> Any:
        return choices[int(self._random.random() * len(choices))]

    def _common(self, choices: Sequence[Any]) -> Any:
        """The first of a list about ten times as often as the last."""
        return choices[int(len(choices) * self._random.random() ** 1.6)]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _filled(frame: Sequence[str], slots: Mapping[str, str]) -> str:
    """A split frame: words and slots' letters take turns."""
    parts = [slots[part] if place % 2 else part for place, part in enumerate(frame)]
    return "".join(parts).strip()
