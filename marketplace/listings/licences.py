"""The three licences of a prompt, in plain words: data in licences.json, the same for everybody."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DEFAULT_LICENCE = "commercial"
"""What listings from before there was a choice had, and what a new form starts with."""
_FILE = Path(__file__).with_name("licences.json")


@dataclass(frozen=True, slots=True)
class Licence:
    """What a buyer may do with the pictures that a prompt makes, besides the model's own terms."""

    slug: str
    name: str
    summary: str
    may: tuple[str, ...]
    may_not: tuple[str, ...]


@cache
def licences() -> tuple[Licence, ...]:
    """All of them, the narrowest first."""
    content = json.loads(_FILE.read_text(encoding="utf-8"))
    always = tuple(content["always_not"])
    return tuple(
        Licence(
            row["slug"],
            row["name"],
            row["summary"],
            tuple(row["may"]),
            (*row["may_not"], *always),
        )
        for row in content["licences"]
    )


def licence_named(slug: str) -> Licence:
    """The licence of this slug. Raises KeyError for any other."""
    return {licence.slug: licence for licence in licences()}[slug]


def licence_name(slug: str) -> str:
    """What people call the licence of this slug."""
    return licence_named(slug).name
