"""A folded text as words without the gaps, so that spacing and punctuation tricks fall away.

A view keeps which word each letter belongs to and what stood between the words: a match is judged
by them afterwards (see matching).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from marketplace.policy.findings import Span
from marketplace.policy.folding import Folded

LEET = {
    "0": "o", "1": "i", "2": "z", "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b",
    "9": "g", "@": "a", "$": "s", "!": "i", "|": "i", "\u20ac": "e", "\u00a3": "l", "\u00a1": "i",
    "+": "t",
}  # fmt: skip
LEET_L = LEET | {"1": "l", "!": "l", "|": "l"}
_INNER_ONLY = frozenset("!|+")
"""Signs that are letters only with a letter behind them: at a word's end they are punctuation."""
_RUN = re.compile(r"(.)\1+")


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a view: its letters' places, and what stands between it and the next word."""

    start: int
    end: int
    gap: str


@dataclass(frozen=True)
class View:
    """The letters of a text in a row.

    ``origin[i]`` is letter i's span in the original, ``word_of[i]`` the number of its word,
    ``changed[i]`` whether it was written as another sign.
    """

    letters: str
    origin: tuple[Span, ...]
    word_of: tuple[int, ...]
    changed: tuple[bool, ...]
    words: tuple[Word, ...]

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        """The words' letters."""
        return tuple(self.letters[word.start : word.end] for word in self.words)

    def span(self, start: int, end: int) -> Span:
        """The span of the original that letters start..end (exclusive) came from."""
        parts = self.origin[start:end]
        return min(part[0] for part in parts), max(part[1] for part in parts)


def view_of(folded: Folded, signs: Mapping[str, str] | None = None, uv: bool = False) -> View:
    """A view of a folded text.

    Args:
        signs: figures and signs to read as letters (LEET), or None to take them as they are.
        uv: read every v as a u; then patterns must be written so too.
    """
    letters: list[str] = []
    origin: list[Span] = []
    word_of: list[int] = []
    changed: list[bool] = []
    words: list[Word] = []
    gap: list[str] = []
    start = 0
    text = folded.text
    for place, char in enumerate(text):
        letter = _letter(text, place, signs)
        if letter is None:
            if char != "'":
                gap.append(char)
            continue
        if gap and len(letters) > start:
            words.append(Word(start, len(letters), "".join(gap)))
            start = len(letters)
        gap = []
        other = "u" if uv and letter == "v" else letter
        letters.append(other)
        origin.append(folded.origin[place])
        word_of.append(len(words))
        changed.append(other != char)
    if len(letters) > start:
        words.append(Word(start, len(letters), "".join(gap)))
    return View("".join(letters), tuple(origin), tuple(word_of), tuple(changed), tuple(words))


def _letter(text: str, place: int, signs: Mapping[str, str] | None) -> str | None:
    """The letter at a place, or None where a gap is."""
    char = text[place]
    if signs is not None and char in signs:
        if char in _INNER_ONLY and not text[place + 1 : place + 2].isalnum():
            return None
        if char in _INNER_ONLY and not text[max(place - 1, 0) : place].isalnum():
            return None
        return signs[char]
    return char if char.isalnum() else None


def collapsed(view: View) -> View:
    """The view with every run of one letter cut to a single one; word borders stay."""
    kept = [
        place
        for place in range(len(view.letters))
        if place == 0
        or view.letters[place] != view.letters[place - 1]
        or view.word_of[place] != view.word_of[place - 1]
    ]
    new_place = {old: new for new, old in enumerate(kept)}
    # A run's single letter stands for all of its span.
    ends = [*kept[1:], len(view.letters)]
    words = []
    for word in view.words:
        inside = [new_place[place] for place in range(word.start, word.end) if place in new_place]
        words.append(Word(inside[0], inside[-1] + 1, word.gap))
    return View(
        "".join(view.letters[place] for place in kept),
        tuple(
            (view.origin[place][0], view.origin[end - 1][1])
            for place, end in zip(kept, ends, strict=True)
        ),
        tuple(view.word_of[place] for place in kept),
        tuple(end - place > 2 for place, end in zip(kept, ends, strict=True)),
        tuple(words),
    )


def squeeze(text: str) -> str:
    """A pattern's letters, cut as ``collapsed`` cuts them."""
    return _RUN.sub(r"\1", text)
