"""Synonyms as data: synonyms.toml says which words may stand for one another. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from marketplace.search.words import Term, tokens

FILE = Path(__file__).with_name("synonyms.toml")
Phrase = tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """One thing that must be found, and every way in which it may be written."""

    phrases: tuple[Phrase, ...]
    """What was typed comes first."""
    exact: bool = False


@cache
def groups() -> Mapping[Phrase, tuple[Phrase, ...]]:
    """Every phrase of the file with the whole group that it belongs to."""
    found: dict[Phrase, tuple[Phrase, ...]] = {}
    for section in tomllib.loads(FILE.read_text()).values():
        for words in section:
            group = tuple(dict.fromkeys(tokens(word) for word in words))
            for phrase in group:
                found[phrase] = group
    return found


@cache
def _longest() -> int:
    return max(len(phrase) for phrase in groups())


def choices(terms: Sequence[Term], corrections: Mapping[str, Sequence[str]]) -> list[Choice]:
    """What must be found, in the order typed.

    A run of loose words that the file knows, the longest first, becomes one choice. Quoted terms
    stay as they are.

    Args:
        corrections: for a mistyped word, what may have been meant, the likeliest first.
    """
    found: list[Choice] = []
    loose: list[Term] = []
    for term in terms:
        if term.exact:
            found += _of_loose(loose, corrections)
            found.append(Choice((term.words,), exact=True))
            loose = []
        else:
            loose.append(term)
    return found + _of_loose(loose, corrections)


def corrected(terms: Sequence[Term], corrections: Mapping[str, Sequence[str]]) -> str:
    """The query as it was probably meant."""
    words = []
    for term in terms:
        words += [
            word if term.exact else next(iter(corrections.get(word, ())), word)
            for word in term.words
        ]
    return " ".join(words)


def _of_loose(terms: Sequence[Term], corrections: Mapping[str, Sequence[str]]) -> list[Choice]:
    """Choices of words in a row; a compound that has no synonym stays together."""
    typed = [(word, number) for number, term in enumerate(terms) for word in term.words]
    meant = [next(iter(corrections.get(word, ())), word) for word, _ in typed]
    found: list[Choice] = []
    at = 0
    while at < len(typed):
        length, group = _group_at(meant, at)
        if not group:
            number = typed[at][1]
            length = sum(1 for _, other in typed[at:] if other == number)
        own = tuple(word for word, _ in typed[at : at + length])
        phrases = [own, tuple(meant[at : at + length]), *group]
        if length == 1:
            phrases += [(word,) for word in corrections.get(own[0], ())]
        found.append(Choice(tuple(dict.fromkeys(phrases))))
        at += length
    return found


def _group_at(words: Sequence[str], at: int) -> tuple[int, tuple[Phrase, ...]]:
    """The longest known phrase that begins there, and its group."""
    for length in range(min(_longest(), len(words) - at), 0, -1):
        group = groups().get(tuple(words[at : at + length]))
        if group:
            return length, group
    return 0, ()
