"""Dynamic prompts' `{a|b|c}`: its options, and a name for the variable that they become."""

from __future__ import annotations

import re

from marketplace.prompts.colours import COLOUR_WORDS
from marketplace.prompts.values import normalise_value, value_problem, variable_key

MAX_OPTIONS = 24
_WEIGHT = re.compile(r"\s*\d{0,6}(?:\.\d{1,6})?::")
_WORD = re.compile(r"[^\W\d_]+")
# (a name, words of which every option holds one)
_NAMES: tuple[tuple[str, frozenset[str]], ...] = (
    ("colour", COLOUR_WORDS),
    ("season", frozenset({"spring", "summer", "autumn", "fall", "winter"})),
    (
        "time of day",
        frozenset(
            {"dawn", "sunrise", "morning", "noon", "day", "dusk", "sunset", "evening", "night"}
        ),
    ),
    (
        "weather",
        frozenset({"sunny", "rain", "rainy", "snow", "snowy", "storm", "stormy", "fog", "foggy"}),
    ),
    (
        "animal",
        frozenset(
            {"fox", "owl", "cat", "dog", "horse", "bear", "wolf", "rabbit", "hare", "bird", "deer"}
        ),
    ),
)


def options(body: str) -> tuple[tuple[str, ...], bool] | None:
    """(distinct options, whether weights were dropped) of what stands between the braces.

    None where our choices cannot say the same: several picked at once, an empty option, options
    within options that make more than 24, wildcards, brackets, or overlong ones.
    """
    if "$$" in body or "__" in body or "[" in body:
        return None
    expanded = _expand(body)
    if expanded is None:
        return None
    weighted = any(_WEIGHT.match(option) for option in expanded)
    found: dict[str, str] = {}
    for option in expanded:
        value = normalise_value(" ".join(_WEIGHT.sub("", option, count=1).split()))
        if not value or value_problem(value) is not None:
            return None
        found.setdefault(variable_key(value), value)
    return (tuple(found.values()), weighted) if len(found) > 1 else None


def suggested_name(choices: tuple[str, ...]) -> str:
    """What all options are, where a word of each tells; else "choice"."""
    for name, words in _NAMES:
        if all(words & set(_WORD.findall(choice.lower())) for choice in choices):
            return name
    return "choice"


def _expand(body: str) -> list[str] | None:
    """The options with those of inner braces multiplied out; None beyond MAX_OPTIONS."""
    expanded: list[str] = []
    for option in _split(body):
        several = [option]
        while several and "{" in several[0]:
            several = [text for one in several for text in _innermost(one)]
            if len(several) + len(expanded) > MAX_OPTIONS:
                return None
        expanded.extend(several)
        if len(expanded) > MAX_OPTIONS:
            return None
    return expanded


def _split(body: str) -> list[str]:
    """At the | signs outside of inner braces."""
    parts, depth, begun = [], 0, 0
    for at, char in enumerate(body):
        depth += (char == "{") - (char == "}")
        if char == "|" and depth == 0:
            parts.append(body[begun:at])
            begun = at + 1
    return [*parts, body[begun:]]


def _innermost(text: str) -> list[str]:
    """The text once for each option of its last-opened braces; without braces, if unpaired."""
    start = text.rfind("{")
    end = text.find("}", start)
    if end < 0:
        return [text.replace("{", "").replace("}", "")]
    return [
        text[:start] + _WEIGHT.sub("", option, count=1) + text[end + 1 :]
        for option in text[start + 1 : end].split("|")
    ]
