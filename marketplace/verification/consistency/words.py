"""Neutral words for variables that take free text, chosen by what the variable's name asks for.

Everyday words that most image models have seen, so that a plain result is the prompt's own doing.
The lists are part of the public drawing rule (plan.py): changing one is a new rule version.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from marketplace.prompts import variable_key

THINGS = ("fox", "lighthouse", "sailboat", "castle", "lone tree", "cabin", "bicycle", "teapot")

# (words that a variable's name may hold, values to draw from); the first line that fits counts.
_KINDS: tuple[tuple[frozenset[str], tuple[str, ...]], ...] = (
    (
        frozenset({"colour", "color", "palette", "tone", "tones", "hue", "shade", "accent"}),
        ("coral", "teal", "violet", "gold", "emerald", "rose", "indigo", "grey"),
    ),
    (
        frozenset({"animal", "creature", "pet", "bird", "beast"}),
        ("fox", "owl", "horse", "cat", "bear", "heron", "hare", "whale"),
    ),
    (
        frozenset({"place", "scene", "landscape", "terrain", "location", "setting", "background"}),
        ("mountains", "hills", "desert dunes", "the sea", "a canyon", "a forest", "a city street"),
    ),
    (
        frozenset({"time", "hour", "light", "lighting", "sky", "daytime"}),
        ("dawn", "noon", "sunset", "dusk", "night"),
    ),
    (frozenset({"season", "month"}), ("spring", "summer", "autumn", "winter")),
    (
        frozenset({"weather", "mood", "atmosphere", "feeling"}),
        ("calm", "stormy", "misty", "bright", "gloomy", "snowy"),
    ),
    (
        frozenset({"material", "texture", "medium", "fabric"}),
        ("paper", "wood", "glass", "clay", "metal", "wool"),
    ),
    (
        frozenset({"style", "look", "technique"}),
        ("watercolour", "poster", "paper-cut", "pencil drawing", "oil painting"),
    ),
    (frozenset({"number", "count", "amount", "quantity"}), ("one", "two", "three", "five")),
    (
        frozenset({"person", "character", "hero", "profession", "figure"}),
        ("a child", "an old man", "a woman", "a sailor", "a gardener", "a dancer"),
    ),
    (
        frozenset({"plant", "flower", "tree", "leaf"}),
        ("rose", "fern", "sunflower", "pine tree", "cactus", "tulip"),
    ),
    (
        frozenset({"food", "dish", "drink", "fruit", "meal"}),
        ("apple", "bread", "soup", "coffee", "cake", "lemon"),
    ),
    (
        frozenset({"text", "word", "title", "name", "letter", "initial", "slogan"}),
        ("Hello", "Open", "Anna", "North", "Seven"),
    ),
    (frozenset({"subject", "object", "thing", "item", "motif"}), THINGS),
)
_WORD = re.compile(r"[^\W_]+")
MIN_SAMPLE_VALUES = 3


def candidates(name: str, default: str | None, sample_values: Sequence[str]) -> tuple[str, ...]:
    """Values that a free-text variable may be given, without repetition; at least two.

    In this order of preference: the list of its name's kind (not the seller's choice); for a
    name of no known kind the values in the seller's samples, when they differ enough; everyday
    things otherwise. The default belongs to them all.
    """
    found = _of_kind(name)
    if found is None:
        own = _distinct([*sample_values, *([default] if default else [])])
        found = own if len(own) >= MIN_SAMPLE_VALUES else THINGS
    return _distinct([*([default] if default else []), *found])


def _of_kind(name: str) -> tuple[str, ...] | None:
    words = set(_WORD.findall(variable_key(name)))
    singular = words | {word.removesuffix("s") for word in words}
    return next((values for names, values in _KINDS if singular & names), None)


def _distinct(values: Sequence[str]) -> tuple[str, ...]:
    """Non-empty values, the first spelling of each."""
    by_key: dict[str, str] = {}
    for value in values:
        if value.strip():
            by_key.setdefault(variable_key(value), value)
    return tuple(by_key.values())
