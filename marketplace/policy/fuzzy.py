"""Names written with a slip: a letter more, less, other or swapped.

Aho-Corasick finds pieces of the names (of k + 1 pieces one survives k slips), rapidfuzz confirms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import ahocorasick_rs
from rapidfuzz.distance import OSA

from marketplace.policy.common_words import common_words
from marketplace.policy.matching import Hit, How, Phrase
from marketplace.policy.views import View

MIN_LETTERS = 7
TWO_SLIPS_FROM = 12
TWO_IN_A_WORD_FROM = 13
"""A shorter name may have two slips in two words, not in one: Luis Vuiton."""
MIN_PIECE = 3
ONE_WORD_FROM = 9
"""Letters from which a single word of the long lists is looked for with a slip: shorter ones are a
slip away from too many other words."""


class FuzzyIndex:
    """Pieces of all names that are long enough to be told apart from other words."""

    def __init__(self, phrases: Sequence[Phrase]) -> None:
        pieces: dict[str, list[Phrase]] = {}
        for phrase in phrases:
            for piece in _pieces(phrase):
                pieces.setdefault(piece, []).append(phrase)
        self._owners = list(pieces.values())
        self._search = ahocorasick_rs.AhoCorasick(list(pieces))

    def find(self, view: View) -> Iterator[Hit]:
        """Places where a name stands but for a slip or two, each once."""
        seen: set[tuple[int, int, int]] = set()
        for number, start, end in self._search.find_matches_as_indexes(
            view.letters, overlapping=True
        ):
            for phrase in self._owners[number]:
                for first, last in _windows(view, start, end, phrase.words):
                    key = (phrase.number, first, last)
                    if key not in seen:
                        seen.add(key)
                        yield from _confirmed(view, first, last, phrase)


def slips(length: int) -> int:
    """How many slips a name of so many letters may have."""
    if length < MIN_LETTERS:
        return 0
    return 1 if length < TWO_SLIPS_FROM else 2


def is_long(phrase: Phrase) -> bool:
    """Whether a phrase has two words, or one that few other words are like."""
    return phrase.words > 1 or len(phrase.letters) >= ONE_WORD_FROM


def _pieces(phrase: Phrase) -> list[str]:
    length = len(phrase.letters)
    parts = slips(length) + 1
    if parts == 1 or not phrase.letters.isalpha():
        return []
    cuts = [length * part // parts for part in range(parts + 1)]
    return [phrase.letters[a:b] for a, b in pairwise(cuts) if b - a >= MIN_PIECE]


def _windows(view: View, start: int, end: int, words: int) -> Iterator[tuple[int, int]]:
    """Runs of so many words around letters start..end."""
    low, high = view.word_of[start], view.word_of[end - 1]
    for first in range(max(high - words + 1, 0), low + 1):
        if first + words <= len(view.words):
            yield first, first + words - 1


def _confirmed(view: View, first: int, last: int, phrase: Phrase) -> Iterator[Hit]:
    start, end = view.words[first].start, view.words[last].end
    letters = view.letters[start:end]
    allowed = slips(len(phrase.letters))
    distance = OSA.distance(letters, phrase.letters, score_cutoff=allowed)
    if distance == 0 or distance > allowed or letters[0] != phrase.letters[0]:
        return
    if any(not view.words[word].gap.isspace() for word in range(first, last)):
        return
    if distance > 1 and len(phrase.letters) < TWO_IN_A_WORD_FROM:
        pairs = zip(view.tokens[first : last + 1], _words(phrase), strict=True)
        if any(OSA.distance(token, part) > 1 for token, part in pairs):
            return
    if any(_is_other_word(view.tokens[first + i], part) for i, part in enumerate(_words(phrase))):
        return
    yield Hit(phrase.number, start, end, first, last, How.FUZZY)


def _words(phrase: Phrase) -> list[str]:
    ends = [0, *sorted(phrase.breaks), len(phrase.letters)]
    return [phrase.letters[a:b] for a, b in pairwise(ends)]


def _is_other_word(token: str, part: str) -> bool:
    """Whether a short word differs (Katy, Kate), or only an ending: other words, not slips."""
    if token == part:
        return False
    if token in common_words().near_names or token.removesuffix("s") in common_words().near_names:
        return True
    if len(part) < 4 or len(token) < 4:
        return True
    return token in (part + "s", part + "ed", part + "ing", part + "er") or part == token + "s"
