"""The rules as data, with their words ready to be looked for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

RULES = Path(__file__).with_name("rules.json")
_GAP = re.compile(r"[\s\-]+")


@dataclass(frozen=True, slots=True)
class Words:
    """A group of words and phrases; case does not count, nor hyphen against space."""

    pattern: re.Pattern[str] | None

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where they stand in the text, longest phrases first, without overlaps."""
        return [match.span() for match in self.pattern.finditer(text)] if self.pattern else []

    def found_in(self, text: str) -> bool:
        """Whether any of them stands in the text."""
        return self.pattern is not None and self.pattern.search(text) is not None


@dataclass(frozen=True, slots=True)
class Aspect:
    """One thing that a prompt should say."""

    code: str
    label: str
    when: str
    names: frozenset[str]
    words: Words
    explanation: str
    suggestion: str


@dataclass(frozen=True, slots=True)
class Clash:
    """Two groups that exclude each other."""

    one: Words
    other: Words
    why: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """Words that do little for these families; for all of them where none is named."""

    families: frozenset[str]
    words: Words
    why: str
    suggestion: str


@dataclass(frozen=True, slots=True)
class Encoder:
    """How a family reads text."""

    name: str
    chunked: bool
    weights: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything in rules.json."""

    version: int
    photo: Words
    aspects: tuple[Aspect, ...]
    clashes: tuple[Clash, ...]
    ignored: tuple[Ignored, ...]
    encoders: dict[str, Encoder]
    negations: Words


@cache
def rules() -> Rules:
    """The rules, read once."""
    content: dict[str, Any] = json.loads(RULES.read_text(encoding="utf-8"))
    return Rules(
        version=content["version"],
        photo=words(content["photo"]),
        aspects=tuple(
            Aspect(
                entry["code"],
                entry["label"],
                entry.get("when", ""),
                frozenset(entry["names"]),
                words(entry["words"]),
                entry["explanation"],
                entry["suggestion"],
            )
            for entry in content["aspects"]
        ),
        clashes=tuple(
            Clash(words(entry["one"]), words(entry["other"]), entry["why"])
            for entry in content["clashes"]
        ),
        ignored=tuple(
            Ignored(
                frozenset(entry["families"]),
                words(entry["words"]),
                entry["why"],
                entry["suggestion"],
            )
            for entry in content["ignored"]
        ),
        encoders={name: Encoder(**entry) for name, entry in content["encoders"].items()},
        negations=words(content["negations"]),
    )


def words(phrases: Iterable[str]) -> Words:
    """The phrases as one pattern, whole words only."""
    ordered = sorted(phrases, key=len, reverse=True)
    if not ordered:
        return Words(None)
    forms = (r"[\s\-]+".join(map(re.escape, _GAP.split(phrase))) for phrase in ordered)
    return Words(re.compile(rf"(?<![\w]){'(?:' + '|'.join(forms) + ')'}(?![\w])", re.IGNORECASE))
