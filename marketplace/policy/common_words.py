"""Everyday words that some checks pass over: data/common_words.json."""

from __future__ import annotations

from functools import cache

from marketplace.policy.data_files import Strict, load


class CommonWords(Strict):
    """The file."""

    version: str
    say_nothing: frozenset[str]
    """In a prompt these add nothing of its own: grammar, praise, resolutions."""
    glue: frozenset[str]
    """In a description these are no subject."""
    tied_to_names: frozenset[str]
    """Words that a hyphen may tie to a name that is still meant: Pixar-style."""
    near_names: frozenset[str]
    """Words of their own that differ in a letter from a listed name: never a slip."""


@cache
def common_words() -> CommonWords:
    """The lists as they are in the file."""
    return load(CommonWords, "common_words.json")
