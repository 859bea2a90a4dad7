"""What somebody typed, taken apart: words, "exact phrases", -unwanted ones. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

MAX_TERMS = 16
_PIECE = re.compile(r'(-?)"([^"]*)"?|(\S+)')
_SIGNS = str.maketrans("-_/.:’‘‐‑–—", "     ''    ")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_ACCENTS = re.compile("[\u0300-\u036f]")


def fold(text: str) -> str:
    """Lower case, without accents, hyphens as spaces: as search_fold does in the database."""
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", text).lower())
    return plain.translate(_SIGNS)


def tokens(text: str) -> tuple[str, ...]:
    """The words of a text, folded, signs left out."""
    return tuple(_WORD.findall(fold(text)))


@dataclass(frozen=True)
class Term:
    """Words that belong together: one word, a compound such as paper-cut, or a quoted phrase."""

    words: tuple[str, ...]
    exact: bool = False
    """Quoted: to be found just so, neither corrected nor replaced by a synonym."""

    @property
    def text(self) -> str:
        """The words with spaces between."""
        return " ".join(self.words)


@dataclass(frozen=True)
class Query:
    """The terms that must, and those that must not, be there."""

    wanted: tuple[Term, ...] = ()
    unwanted: tuple[Term, ...] = ()

    @property
    def text(self) -> str:
        """What is wanted, as a plain sentence."""
        return " ".join(term.text for term in self.wanted)

    @property
    def loose_words(self) -> tuple[str, ...]:
        """All words that may be corrected or have synonyms."""
        return tuple(word for term in self.wanted if not term.exact for word in term.words)


def parse(text: str) -> Query:
    """Take a query apart. Anything can be typed; what holds no letter or digit is left out."""
    wanted: list[Term] = []
    unwanted: list[Term] = []
    for minus, phrase, word in _PIECE.findall(text):
        negative = minus == "-" or (word.startswith("-") and len(word) > 1)
        words = tokens(word or phrase)
        if words:
            (unwanted if negative else wanted).append(Term(words, exact=not word))
    return Query(tuple(wanted[:MAX_TERMS]), tuple(unwanted[:MAX_TERMS]))
