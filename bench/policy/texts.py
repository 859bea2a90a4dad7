"""The written texts as submissions, with what they should lead to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marketplace.policy import Submission, read_submission
from marketplace.screening.model_facts import facts_of_slug

FOLDER = Path(__file__).parent / "texts"
HALVES = ("tuned", "held_out", "blind_1", "blind_2", "blind_3", "blind_4")
STAND_INS: dict[str, Any] = {
    "title": "Quiet small scenes",
    "description": "One look for many subjects: fill in what you like and the light, the palette "
    "and the composition stay the same.",
    "tags": ["quiet", "scene", "series"],
}
"""For fields that a text does not give: unremarkable, so that they add no findings."""
_FIELDS = ("title", "summary", "description", "tags", "template", "negative_prompt")


@dataclass(frozen=True)
class Text:
    """One written text with its labels."""

    id: str
    half: str
    kind: str
    trick: str | None
    submission: Submission
    expect: frozenset[str]
    may: frozenset[str]


def read(half: str) -> list[Text]:
    """All texts of one half, in order."""
    return [_text(half, record) for record in json.loads((FOLDER / f"{half}.json").read_text())]


def _text(half: str, record: dict[str, Any]) -> Text:
    fields = STAND_INS | {name: record[name] for name in _FIELDS if name in record}
    model = facts_of_slug(record["model"]) if "model" in record else None
    return Text(
        id=record["id"],
        half=half,
        kind=record["kind"],
        trick=record.get("trick"),
        submission=read_submission(fields, model),
        expect=frozenset(record["expect"]),
        may=frozenset(record.get("may", ())),
    )
