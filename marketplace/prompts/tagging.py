"""Tags suggested from words that are public anyway: title, description, variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from marketplace.prompts.lint.rules import rules

MAX_TAGS, MAX_TAG = 8, 24
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
# Words that are no subject; and what listings are full of.
_STOP = frozenset(
    {"a", "an", "the", "and", "or", "of", "in", "on", "at", "to", "for", "with", "without", "by"}
    | {"from", "as", "is", "are", "be", "it", "its", "any", "every", "your", "you", "my", "our"}
    | {"that", "this", "these", "into", "over", "under", "up", "down", "one", "two", "more", "most"}
    | {
        "prompt",
        "prompts",
        "generator",
        "image",
        "images",
        "picture",
        "pictures",
        "style",
        "styles",
    }
    | {"art", "set", "pack", "maker", "creator", "ultimate", "best", "new", "free", "premium"}
)


def suggest_tags(
    title: str, variables: Iterable[Mapping[str, Any]], description: str = ""
) -> list[str]:
    """Up to 8 tags of at most 24 characters, in small letters, the likeliest first.

    Styles, materials and kinds of light that the public words name come first, then the title's
    own words, then what variables are called.

    Args:
        variables: as public_variables gives them; the prompt itself is not looked at.
    """
    shown = list(variables)
    offered = " . ".join(
        str(value)
        for variable in shown
        for value in (variable.get("default") or "", *variable.get("choices", ()))
    )
    found: dict[str, None] = {}
    for text in (title, description, offered):
        for aspect in rules().aspects:
            if aspect.code in ("no_style", "no_material", "no_light"):
                for start, end in aspect.words.spans(text):
                    found.setdefault(_tag(text[start:end]))
    for source in (title, " . ".join(str(variable["name"]) for variable in shown)):
        for word in _WORD.findall(source.lower()):
            praise = any(entry.words.found_in(word) for entry in rules().ignored)
            if len(word) > 2 and word not in _STOP and not praise:
                found.setdefault(_tag(word))
    covered = {part for tag in found if " " in tag for part in tag.split()}
    kept = [tag for tag in found if tag and len(tag) <= MAX_TAG and tag not in covered]
    return kept[:MAX_TAGS]


def _tag(text: str) -> str:
    return " ".join(text.lower().split())
