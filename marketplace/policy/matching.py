"""Finding listed phrases in a view by Aho-Corasick, and judging how they are written there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import accumulate, pairwise

import ahocorasick_rs

from marketplace.policy.folding import fold
from marketplace.policy.views import LEET, LEET_L, View, Word, collapsed, squeeze, view_of

_LIGHT = re.compile(r"[\s\-_.:&\u00b7\u2022/~+\"*]{1,3}")
"""What may stand inside a name without making two things of it; a comma does."""
_MIN_SPLIT = 8
_MIN_GLUED = 10
_MIN_SPACED = 3
_GLUED = re.compile(r"[a-z]{3}(?=[A-Z][a-z])")
_SIMPLE = re.compile(r"[A-Za-z]+(?: [A-Za-z]+)*")
_DOUBLE = re.compile(r"(.)\1")
_PLURAL = re.compile(r"(?:e?s)?")


class How(IntEnum):
    """How a phrase is written; the lower the plainer."""

    PLAIN = 0
    JOINED = 1
    """Its words without the gaps: HomerSimpson."""
    TRICK = 2
    """Signs for letters, letters set apart, stretched or masked."""
    SPLIT = 3
    """Cut where no word ends; two innocent words may look like this."""
    FUZZY = 4
    """A letter or two differ."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A listed phrase: its letters without gaps, the places where its words end, its number."""

    letters: str
    breaks: frozenset[int]
    number: int

    @property
    def words(self) -> int:
        """How many words it has."""
        return len(self.breaks) + 1


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase found in a view: letters start..end, words first..last (inclusive)."""

    number: int
    start: int
    end: int
    first: int
    last: int
    how: How


def phrase_of(text: str, number: int) -> Phrase:
    """A phrase as it is searched for."""
    if _SIMPLE.fullmatch(text):
        # Most of twenty thousand names: what folding them letter by letter would give.
        words = text.lower().split(" ")
        return Phrase("".join(words), frozenset(accumulate(map(len, words[:-1]))), number)
    view = view_of(fold(text))
    return Phrase(view.letters, frozenset(word.end for word in view.words[:-1]), number)


class Matcher:
    """Finds all of a list's phrases in a text at once, in every way of writing them."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        unique: dict[tuple[str, int], Phrase] = {}
        for phrase in phrases:
            unique.setdefault((phrase.letters, phrase.number), phrase)
        self.phrases = list(unique.values())
        self._plain = _Automaton(self.phrases)
        with_u = [_with_u(phrase) for phrase in self.phrases]
        # A name without a u cannot be what a v was written for.
        self._uv = _Automaton([phrase for phrase in with_u if "u" in phrase.letters])
        self._squeezed = _Automaton([_squeezed(phrase) for phrase in self.phrases])

    def find(self, text: Views) -> Iterator[tuple[View, Hit]]:
        """Every hit with the view it was found in; the same place may come more than once."""
        yield from self._plain.find(text.plain)
        for view in text.read_as_letters:
            yield from self._plain.find(view, only_changed=True)
        if text.with_u is not None:
            yield from self._uv.find(text.with_u, only_changed=True)
        if text.squeezed is not None:
            yield from self._squeezed.find(text.squeezed, only_changed=True)
        if text.unglued is not None:
            for view, hit in self._plain.find(text.unglued):
                yield view, replace(hit, how=max(hit.how, How.JOINED))


class Views:
    """The views of one text that are searched; the rarer ones only where they can say more."""

    def __init__(self, text: str, origin: Sequence[tuple[int, int]] | None = None) -> None:
        folded = fold(text, origin)
        self.folded = folded
        self.unglued = _unglued(text, origin)
        self.plain = view_of(folded)
        signs = any(char in LEET for char in folded.text)
        both = any(char in "1!|" for char in folded.text)
        self.read_as_letters = [
            view_of(folded, table) for table in ([LEET, LEET_L] if both else [LEET]) if signs
        ]
        self.with_u = view_of(folded, LEET, uv=True) if "v" in folded.text else None
        self.squeezed = (
            collapsed(self.plain) if re.search(r"([a-z])\1\1", self.plain.letters) else None
        )


def _unglued(text: str, origin: Sequence[tuple[int, int]] | None) -> View | None:
    """The text with a gap before each capital within a word (LegoBatman), or None without one."""
    places = [match.end() for match in _GLUED.finditer(text)]
    if not places:
        return None
    spans = list(origin or ((place, place + 1) for place in range(len(text))))
    for place in reversed(places):
        text = f"{text[:place]} {text[place:]}"
        spans.insert(place, spans[place])
    return view_of(fold(text, spans))


def _with_u(phrase: Phrase) -> Phrase:
    return Phrase(phrase.letters.replace("v", "u"), phrase.breaks, phrase.number)


def _squeezed(phrase: Phrase) -> Phrase:
    """Runs within words cut; runs across words stay, as the view keeps word borders."""
    if not _DOUBLE.search(phrase.letters):
        return phrase
    ends = [0, *sorted(phrase.breaks), len(phrase.letters)]
    parts = [squeeze(phrase.letters[a:b]) for a, b in pairwise(ends)]
    places, length = [], 0
    for part in parts[:-1]:
        length += len(part)
        places.append(length)
    return Phrase("".join(parts), frozenset(places), phrase.number)


class _Automaton:
    """One Aho-Corasick automaton over the letters of phrases."""

    def __init__(self, phrases: Sequence[Phrase]) -> None:
        self._phrases = list(phrases)
        self._search = ahocorasick_rs.AhoCorasick([phrase.letters for phrase in phrases])

    def find(self, view: View, only_changed: bool = False) -> Iterator[tuple[View, Hit]]:
        for number, start, end in self._search.find_matches_as_indexes(
            view.letters, overlapping=True
        ):
            phrase = self._phrases[number]
            if only_changed and not _is_changed(view, start, end):
                continue
            how = written(view, start, end, phrase)
            if how is None:
                continue
            if only_changed:
                how = max(how, How.TRICK)
            first, last = view.word_of[start], view.word_of[end - 1]
            yield view, Hit(phrase.number, start, end, first, last, how)


def _is_changed(view: View, start: int, end: int) -> bool:
    """Whether a sign stands for a letter here, within a word that has letters of its own."""
    if not any(view.changed[start:end]):
        return False
    spaced = all(word.end - word.start == 1 for word in _words(view, start, end))
    return spaced or not any(
        all(view.changed[word.start : word.end]) for word in _words(view, start, end)
    )


def _words(view: View, start: int, end: int) -> Sequence[Word]:
    return view.words[view.word_of[start] : view.word_of[end - 1] + 1]


def written(view: View, start: int, end: int, phrase: Phrase) -> How | None:
    """How letters start..end spell the phrase, or None where they only happen to stand so.

    A phrase begins where a word begins and ends where one ends (a plural's s may follow), unless
    it is a long one of several words, which may stand within one: taylorswiftfan.
    """
    first, last = view.word_of[start], view.word_of[end - 1]
    if first == last and phrase.breaks and end - start >= _MIN_GLUED:
        whole = (view.words[first].start, view.words[first].end) == (start, end)
        return How.JOINED if whole else How.SPLIT
    if view.words[first].start != start:
        return None
    if not _PLURAL.fullmatch(view.letters[end : view.words[last].end]):
        return None
    breaks = {view.words[word].end - start for word in range(first, last)}
    if any(not _LIGHT.fullmatch(view.words[word].gap) for word in range(first, last)):
        return None
    if breaks == phrase.breaks:
        return How.PLAIN
    if breaks < phrase.breaks:
        return How.JOINED if len(phrase.letters) > 4 else None
    pieces = len(breaks) + 1
    length = end - start
    if length >= _MIN_SPACED and pieces >= 3 and length / pieces <= 1.34:
        return How.TRICK
    extra = breaks - phrase.breaks
    if phrase.breaks <= breaks and _is_spelt_out(extra, phrase):
        return How.TRICK
    if length >= _MIN_SPLIT and len(extra) <= 2 and _pieces_are_long(breaks, length):
        return How.SPLIT
    return None


def _is_spelt_out(extra: set[int], phrase: Phrase) -> bool:
    """Whether each of a phrase's words is whole or letter by letter: Salvador D a l i."""
    ends = [0, *sorted(phrase.breaks), len(phrase.letters)]
    for start, end in pairwise(ends):
        inner = extra & set(range(start + 1, end))
        if inner and (len(inner) < end - start - 1 or len(inner) + 1 < _MIN_SPACED):
            return False
    return True


def _pieces_are_long(breaks: set[int], length: int) -> bool:
    ends = [0, *sorted(breaks), length]
    return all(b - a >= 2 for a, b in pairwise(ends))
