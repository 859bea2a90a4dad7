"""Answers of the hosted moderation, in the API's form."""

from __future__ import annotations

from collections.abc import Mapping

from tests.fixtures.openai_api import Answer

CATEGORIES = [
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
]


def moderated(*found: Mapping[str, float]) -> Answer:
    """One result per text: the categories that apply with their scores."""
    results = [
        {
            "flagged": bool(one),
            "categories": {name: name in one for name in CATEGORIES},
            "category_scores": {name: one.get(name, 0.0) for name in CATEGORIES},
            "category_applied_input_types": {name: ["text"] for name in CATEGORIES},
        }
        for one in found
    ]
    return Answer(body={"id": "modr-1", "model": "omni-moderation-latest", "results": results})
