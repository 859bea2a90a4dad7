"""Whether somebody's text gives a prompt away: a long piece of it, or most of its words.

Compared are letters and digits alone, so that spaces, signs, accents and capitals hide nothing.
Words that the listing shows to everybody do not count. A picture of the text, a translation or a
cipher is not found: moderators can hide those.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from marketplace.prompts.template import Slot, Template
from marketplace.prompts.words import split_words

PIECE = 28
"""Letters and digits in a row, about five words, that nobody writes by accident."""
SHORTEST = 12
"""Prompts with fewer letters than this are ordinary language; nothing can be told of them."""
GAP = 80
"""Letters that may stand where a variable was filled in."""
DISTINCT = 8
"""A run of literal text this long is needed where pieces are put together across variables."""
MANY_WORDS, MOST = 8, 0.7
"""Of at least so many different longer words, this share gives the prompt away in any order."""
LONGER = 4


def discloses(text: str, template: Template, public: str = "") -> bool:
    """True when a text holds what only owners of the prompt may read.

    Args:
        public: words that everybody may see beside the prompt, such as its title.
    """
    letters, known = _letters(text), _letters(public)
    runs = [run for run in _runs(template) if run]
    total = sum(map(len, runs))
    if total < SHORTEST:
        return False
    needed = min(PIECE, total)
    if any(_holds(said, runs, known, needed) for said in (letters, letters[::-1])):
        return True
    return _tells_most_words(text, template, public)


def _letters(text: str) -> str:
    """Letters and digits alone, without accents, in lower case."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(char for char in folded if char.isalnum())


def _runs(template: Template) -> list[str]:
    """The literal text between variables, as letters; neighbours are parted by a variable."""
    return [_letters(node.value) for node in template.nodes if not isinstance(node, Slot)]


def _holds(said: str, runs: Sequence[str], known: str, needed: int) -> bool:
    spoken = _pieces(said, needed)
    for run in runs:
        if any(piece in spoken and piece not in known for piece in _pieces(run, needed)):
            return True
    return any(
        _follow(said, window)
        for window in _windows(runs, needed)
        if not all(run in known for run in window)
    )


def _pieces(text: str, size: int) -> set[str]:
    return {text[start : start + size] for start in range(len(text) - size + 1)}


def _windows(runs: Sequence[str], needed: int) -> Iterable[Sequence[str]]:
    """The fewest neighbouring runs, from each on, that are long enough together."""
    for start in range(len(runs)):
        length = 0
        for end in range(start, len(runs)):
            length += len(runs[end])
            if length >= needed:
                window = runs[start : end + 1]
                whole = len(window) == len(runs)
                if len(window) > 1 and (whole or max(map(len, window)) >= DISTINCT):
                    yield window
                break


def _follow(said: str, window: Sequence[str]) -> bool:
    """Whether the runs come one after the other with only a filled-in value between them."""
    ends = [start + len(window[0]) for start in _starts(said, window[0])]
    for run in window[1:]:
        ends = [start + len(run) for start in _starts(said, run) if _is_near(start, ends)]
        if not ends:
            return False
    return bool(ends)


def _is_near(start: int, ends: Sequence[int]) -> bool:
    """Whether one of the ends, in rising order, lies before a start and not far from it."""
    before = bisect_right(ends, start)
    return before > 0 and start - ends[before - 1] <= GAP


def _starts(said: str, run: str) -> list[int]:
    found, at = [], said.find(run)
    while at >= 0:
        found.append(at)
        at = said.find(run, at + 1)
    return found


def _tells_most_words(text: str, template: Template, public: str) -> bool:
    literal = " ".join(node.value for node in template.nodes if not isinstance(node, Slot))
    secret = _longer_words(literal) - _longer_words(public)
    if len(secret) < MANY_WORDS:
        return False
    return len(secret & _longer_words(text)) >= MOST * len(secret)


def _longer_words(text: str) -> set[str]:
    return {word for piece in split_words(text) if len(word := _letters(piece)) >= LONGER}
