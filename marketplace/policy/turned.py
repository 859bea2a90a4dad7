"""Names with the surname first: “Swift, Taylor”, “Messi Lionel”."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from marketplace.policy.matching import Hit, How, Phrase
from marketplace.policy.views import View

_GAP = re.compile(r",?\s{1,2}")
_MIN_LETTERS = 8
"""Shorter names turned round are too often two other words."""


class TurnedIndex:
    """Names of two words by their words in the other order."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self._numbers: dict[str, int] = {}
        for phrase in phrases:
            if len(phrase.breaks) == 1 and len(phrase.letters) >= _MIN_LETTERS:
                (cut,) = phrase.breaks
                turned = f"{phrase.letters[cut:]} {phrase.letters[:cut]}"
                self._numbers.setdefault(turned, phrase.number)

    def find(self, view: View) -> Iterator[Hit]:
        """Places where such a name stands turned round; never more than likely, hence SPLIT."""
        for first, word in enumerate(view.words[:-1]):
            if not _GAP.fullmatch(word.gap):
                continue
            number = self._numbers.get(f"{view.tokens[first]} {view.tokens[first + 1]}")
            if number is not None:
                end = view.words[first + 1].end
                yield Hit(number, word.start, end, first, first + 1, How.SPLIT)
