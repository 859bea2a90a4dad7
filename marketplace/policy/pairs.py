"""Words that are offensive together and not apart: “kill all …”, praise of a massacre."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Literal

from marketplace.policy.data_files import Strict, load
from marketplace.policy.findings import Finding, Severity
from marketplace.policy.matching import Views
from marketplace.policy.passages import Passage
from marketplace.policy.phrases import words_of
from marketplace.policy.views import View

Place = tuple[int, int]
"""The first word of a phrase in a view and the one past its last."""
_GROUPS = "@groups"


class Pair(Strict):
    """Phrases of one kind before, or beside, phrases of another."""

    code: Literal["OFFENSIVE", "SEXUAL"]
    severity: Severity
    said: str
    first: tuple[str, ...]
    then: tuple[str, ...]
    apart: int
    """How many words may stand between them."""
    filler: frozenset[str] = frozenset()
    """If given, only these may."""
    mixed: bool = False
    """Whether the order does not matter."""


class Pairs(Strict):
    """The file data/pairs.json."""

    version: str
    about: str
    groups: tuple[str, ...]
    """What ``@groups`` stands for."""
    pairs: tuple[Pair, ...]


@cache
def _pairs() -> Pairs:
    return load(Pairs, "pairs.json")


@cache
def _phrases(pair: Pair, side: Literal["first", "then"]) -> dict[str, tuple[tuple[str, ...], ...]]:
    """The phrases of one side by their first word, as folded words."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for text in getattr(pair, side):
        for phrase in _pairs().groups if text == _GROUPS else (text,):
            words = words_of(phrase)
            found.setdefault(words[0], []).append(words)
    return {word: tuple(phrases) for word, phrases in found.items()}


def findings_of(passage: Passage, views: Views) -> Iterator[Finding]:
    """One finding for each pair that stands in a passage; negative prompts keep things out."""
    if passage.field == "negative_prompt":
        return
    for pair in _pairs().pairs:
        for view in (views.plain, *views.read_as_letters):
            place = _found(pair, view)
            if place is None:
                continue
            span = view.span(view.words[place[0]].start, view.words[place[1] - 1].end)
            if passage.is_news(span):
                yield Finding(
                    code=pair.code,
                    severity=pair.severity,
                    field=passage.field,
                    span=span,
                    explanation=f"These words together are {pair.said}.",
                    fix="Take it out or say it otherwise.",
                    rule="words.pair",
                )
                break


def _found(pair: Pair, view: View) -> Place | None:
    """Where the pair first stands in a view."""
    first = _places(view.tokens, _phrases(pair, "first"))
    then = _places(view.tokens, _phrases(pair, "then")) if first else []
    for one in first:
        for other in then:
            before, behind = (one, other) if one <= other else (other, one)
            between = view.tokens[before[1] : behind[0]]
            ordered = pair.mixed or before == one
            near = before[1] <= behind[0] and len(between) <= pair.apart
            if ordered and near and (not pair.filler or pair.filler >= set(between)):
                return before[0], behind[1]
    return None


def _places(tokens: Sequence[str], phrases: dict[str, tuple[tuple[str, ...], ...]]) -> list[Place]:
    return [
        (place, place + len(words))
        for place, token in enumerate(tokens)
        for words in phrases.get(token, ())
        if tuple(tokens[place : place + len(words)]) == words
    ]
