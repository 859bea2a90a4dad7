"""Phrases that make a listed word innocent, compared word by word in a view."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache

from marketplace.policy.data_files import FOLDER, Strict, load
from marketplace.policy.folding import fold
from marketplace.policy.matching import Hit
from marketplace.policy.views import View, view_of


class InnocentPhrase(Strict):
    """A phrase and why it is innocent."""

    phrase: str
    why: str


class InnocentPhrases(Strict):
    """The allow-list."""

    version: str
    about: str
    phrases: tuple[InnocentPhrase, ...]


@cache
def words_of(phrase: str) -> tuple[str, ...]:
    """The folded words of a phrase."""
    return view_of(fold(phrase)).tokens


@cache
def _allowed() -> tuple[tuple[str, ...], ...]:
    listed = load(InnocentPhrases, "innocent.json").phrases
    return tuple(words_of(item.phrase) for item in listed)


def is_innocent(view: View, hit: Hit, phrases: Iterable[str] = ()) -> bool:
    """Whether a hit overlaps an allowed phrase, or one of those given for its own word."""
    listed = (words_of(phrase) for phrase in phrases)
    return any(_covers(view, hit, words) for words in (*_allowed(), *listed))


def _covers(view: View, hit: Hit, words: tuple[str, ...]) -> bool:
    """Whether a phrase stands somewhere over the hit's words."""
    tokens, length = view.tokens, len(words)
    for place in range(max(hit.first - length + 1, 0), hit.last + 1):
        if place + length <= len(tokens) and all(
            _same(tokens[place + i], word) for i, word in enumerate(words)
        ):
            return True
    return False


def _same(token: str, word: str) -> bool:
    # One of the views reads every v as a u.
    return token in (word, word + "s", word.replace("v", "u"))


def without_innocent(view: View) -> str:
    """The view's words without those of allowed phrases and of innocent uses of listed words."""
    left = list(view.tokens)
    for place, token in enumerate(view.tokens):
        for words in _by_first().get(token, ()):
            if view.tokens[place : place + len(words)] == words:
                left[place : place + len(words)] = [""] * len(words)
    return " ".join(word for word in left if word)


@cache
def _by_first() -> dict[str, list[tuple[str, ...]]]:
    listed = json.loads((FOLDER / "words.json").read_bytes())["words"]
    uses = [words_of(phrase) for word in listed for phrase in word.get("unless", ())]
    found: dict[str, list[tuple[str, ...]]] = {}
    for words in (*_allowed(), *uses):
        found.setdefault(words[0], []).append(words)
    return found
