"""Which of the house model's attributes a text names. Pure."""

from __future__ import annotations

import re
from functools import cache

from house_model.grammar import VOCABULARY

_WORD = re.compile(r"[a-z0-9]+")
_ARTICLES = frozenset({"a", "an", "the"})
Phrase = tuple[str, ...]


def attributes_said(text: str) -> dict[str, frozenset[str]]:
    """Attribute → the values that the text names for it; attributes left unsaid are absent.

    Words are read from left to right and the longest known phrase wins ("golden hour" is a time,
    not a colour). A place counts only where a subject is named, for it is the subject's.
    """
    words = tuple(_WORD.findall(text.lower()))
    phrases, longest = _phrases()
    said: dict[str, set[str]] = {}
    at = 0
    while at < len(words):
        for length in range(min(longest, len(words) - at), 0, -1):
            found = phrases.get(words[at : at + length])
            if found is not None:
                attribute, value = found
                said.setdefault(attribute, set()).add(value)
                at += length
                break
        else:
            at += 1
    if "subject" not in said:
        said.pop("place", None)
    return {attribute: frozenset(values) for attribute, values in said.items()}


@cache
def _phrases() -> tuple[dict[Phrase, tuple[str, str]], int]:
    """Every phrase without its article → (attribute, value), and the longest's word count."""
    table: dict[Phrase, tuple[str, str]] = {}
    for attribute, values in VOCABULARY.items():
        for value, said in values.items():
            for phrase in said:
                words = tuple(_WORD.findall(phrase.lower()))
                while words and words[0] in _ARTICLES:
                    words = words[1:]
                table.setdefault(words, (attribute, value))
    return table, max(len(words) for words in table)
