"""Names the other way round: “Swift, Taylor”, “Messi Lionel”, or letter by letter: “namtaB”."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from marketplace.policy.known_words import is_known
from marketplace.policy.matching import Hit, How, Phrase
from marketplace.policy.views import View

_GAP = re.compile(r",?\s{1,2}")
_MIN_LETTERS = 8
"""Shorter names turned round are too often two other words."""
_MIN_BACKWARDS = 6
"""Shorter words are too often another word from behind: “flow”."""


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


class BackwardIndex:
    """Names by their letters from the last to the first."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self._numbers: dict[str, int] = {}
        for phrase in phrases:
            if len(phrase.letters) >= _MIN_BACKWARDS:
                self._numbers.setdefault(phrase.letters[::-1], phrase.number)

    def find(self, view: View) -> Iterator[Hit]:
        """One or two words that nobody knows and that are a name from behind; likely, hence SPLIT.

        The words of a name stand in the other order too: “esiurC moT”.
        """
        for first in range(len(view.words)):
            for last in (first, first + 1):
                tokens = view.tokens[first : last + 1]
                number = self._numbers.get("".join(tokens))
                if number is not None and not all(map(is_known, tokens)):
                    yield Hit(
                        number,
                        view.words[first].start,
                        view.words[last].end,
                        first,
                        last,
                        How.SPLIT,
                    )
