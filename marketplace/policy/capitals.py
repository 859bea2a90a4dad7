"""A text’s words with their capitals, and the runs of capitals among them (see shapes)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from marketplace.policy.folding import fold
from marketplace.policy.views import view_of

_WORD = re.compile(
    r"(?<![^\W_])(?:[^\W\d_][ .\-·]){2,}[^\W\d_](?![^\W_])|[^\W\d_](?:[\w'’.]*[^\W_])?"
)
"""A word, or one spelt letter by letter: D a l i."""
_LINK = re.compile(r"\s{1,2}|-")
_INITIAL = re.compile(r"\.?\s?")


@dataclass(frozen=True, slots=True)
class Word:
    """A word as written and folded; ``linked`` where the next one follows after a mere space."""

    text: str
    folded: str
    start: int
    end: int
    linked: bool

    @property
    def capital(self) -> bool:
        """Whether it begins with a capital."""
        return self.text[0].isupper()


def words_in(text: str) -> list[Word]:
    """The words of a text in order, without a genitive’s s."""
    matches = list(_WORD.finditer(text))
    words = []
    for number, match in enumerate(matches):
        after = matches[number + 1].start() if number + 1 < len(matches) else len(text)
        word = re.sub(r"['’]s?$", "", match[0])
        plain = word.isascii() and word.isalpha()
        folded = word.lower() if plain else "".join(view_of(fold(word)).tokens)
        gap = _INITIAL if len(match[0]) == 1 else _LINK
        linked = bool(gap.fullmatch(text[match.end() : after]))
        words.append(Word(word, folded or word.lower(), match.start(), match.end(), linked))
    return words


def in_headline(words: Sequence[Word], first: int, last: int) -> bool:
    """Whether most long words around a run have a capital, so that its own say little."""
    if first == 0 and last == len(words) - 1:
        return last > 1
    long = [word for word in (*words[:first], *words[last + 1 :]) if len(word.text) > 3]
    return len(long) > 1 and sum(word.capital for word in long) > 0.6 * len(long)


def capital_runs(words: Sequence[Word], particles: Collection[str]) -> Iterator[tuple[int, int]]:
    """First and last word of each run of capitals, small particles within it included."""
    number = 0
    while number < len(words):
        if not words[number].capital:
            number += 1
            continue
        last = number
        while words[last].linked and last + 1 < len(words):
            after = last + 1
            while (
                words[after].folded in particles and words[after].linked and after + 1 < len(words)
            ):
                after += 1
            if not words[after].capital:
                break
            last = after
        yield number, last
        number = last + 1
