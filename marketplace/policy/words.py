"""Offensive and sexual words, and the safety of minors. The list is data/words.json."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from pydantic import Field

from marketplace.policy.data_files import Strict, load
from marketplace.policy.findings import Finding, Severity, Span
from marketplace.policy.matching import Hit, How, Matcher, Phrase, Views, phrase_of
from marketplace.policy.passages import Passage
from marketplace.policy.phrases import is_innocent
from marketplace.policy.views import View

WordKind = Literal["slur", "hate", "profanity", "violence", "explicit", "suggestive", "minor"]
_SAID = {
    "slur": "a slur",
    "hate": "a sign or slogan of hate",
    "profanity": "profanity",
    "violence": "a word for cruelty or gore",
    "explicit": "a sexual word",
    "suggestive": "a word that often leads to sexual pictures",
    "minor": "a word for sexual pictures of minors",
}
_KEPT_OUT = frozenset({"violence", "explicit", "suggestive", "minor"})
"""Kinds that negative prompts name in order to keep them out of the picture."""
# Possessive: a text of any length is read once.
_MASK = re.compile(r"(?<![a-z])[a-z]++(?:[*#%_?]++[a-z]++)+")
_MASK_SIGNS = re.compile(r"[*#%_?]")


class ListedWord(Strict):
    """A word or short phrase with the endings it takes."""

    term: str = Field(min_length=2)
    code: Literal["OFFENSIVE", "SEXUAL", "MINOR_SAFETY"]
    severity: Severity
    kind: WordKind
    endings: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    """Phrases in which it is innocent."""
    people: bool = False
    """Of people and of things ("naked rock"): hard only where the text speaks of people."""


class MinorWords(Strict):
    """Words for minors; flagged only together with sexual words."""

    people: tuple[str, ...]
    years: tuple[str, ...]
    unless: tuple[str, ...]


class WordList(Strict):
    """The file."""

    version: str
    about: str
    words: tuple[ListedWord, ...]
    people: frozenset[str]
    """Words that speak of people."""
    anywhere: tuple[str, ...]
    """Stems that count within longer words as well."""
    innocent_words: tuple[str, ...]
    """Words that hold such a stem and mean something else."""
    minor: MinorWords
    undressing: tuple[str, ...]
    """In a negative prompt these ask for people without clothes."""


@dataclass(frozen=True, slots=True)
class Spotted:
    """A listed word in a text."""

    word: ListedWord
    field: str
    span: Span
    how: How


@dataclass(frozen=True)
class _Index:
    matcher: Matcher
    spelt: tuple[ListedWord, ...]
    """By phrase number."""
    masked: dict[int, tuple[tuple[str, ListedWord], ...]]
    """Single words by length, for c*nt."""
    anywhere: int
    """Number of the word that stems within longer words are reported as."""


@cache
def word_list() -> WordList:
    """The list as it is in the file."""
    return load(WordList, "words.json")


@cache
def _index() -> _Index:
    phrases: list[Phrase] = []
    spelt: list[ListedWord] = []
    masked: dict[int, list[tuple[str, ListedWord]]] = {}
    for word in word_list().words:
        for ending in ("", *word.endings):
            phrase = phrase_of(word.term + ending, len(spelt))
            phrases.append(phrase)
            spelt.append(word)
            if not phrase.breaks and len(phrase.letters) >= 4:
                masked.setdefault(len(phrase.letters), []).append((phrase.letters, word))
    by_length = {length: tuple(words) for length, words in masked.items()}
    first_stem = word_list().anywhere[0]
    terms = [word.term for word in word_list().words]
    return _Index(Matcher(phrases), tuple(spelt), by_length, terms.index(first_stem))


@cache
def _stems() -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, word_list().anywhere)))


def words_in(passage: Passage, views: Views) -> list[Spotted]:
    """The listed words in one passage, each place once, the longest there."""
    index = _index()
    of_people = not word_list().people.isdisjoint(views.plain.tokens)
    found = [
        Spotted(word, passage.field, view.span(hit.start, hit.end), hit.how)
        for view, hit in index.matcher.find(views)
        for word in [_weighed(index.spelt[hit.number], of_people)]
        if hit.how < How.SPLIT and not is_innocent(view, hit, word.unless)
    ]
    found += _masked(passage, views, index)
    found += _stemmed(passage, views)
    return _longest(spotted for spotted in found if passage.is_news(spotted.span))


def _weighed(word: ListedWord, of_people: bool) -> ListedWord:
    if word.people and not of_people:
        return word.model_copy(update={"severity": Severity.SOFT})
    return word


def _masked(passage: Passage, views: Views, index: _Index) -> Iterator[Spotted]:
    """Words with a sign in place of a letter."""
    folded = views.folded
    for match in _MASK.finditer(folded.text):
        pattern = re.compile(_MASK_SIGNS.sub("[a-z]", re.escape(match[0].replace("*", "_"))))
        for letters, word in index.masked.get(len(match[0]), ()):
            if pattern.fullmatch(letters) and word.severity is Severity.HARD:
                span = (folded.origin[match.start()][0], folded.origin[match.end() - 1][1])
                yield Spotted(word, passage.field, span, How.TRICK)
                break


def _stemmed(passage: Passage, views: Views) -> Iterator[Spotted]:
    """Stems that count within longer words."""
    fallback = word_list().words[_index().anywhere]
    for view in (views.plain, *views.read_as_letters):
        for number, word in enumerate(view.words):
            token = view.tokens[number]
            if _stems().search(token) and token not in word_list().innocent_words:
                span = view.span(word.start, word.end)
                yield Spotted(fallback, passage.field, span, How.PLAIN)


def _longest(found: Iterable[Spotted]) -> list[Spotted]:
    kept: list[Spotted] = []
    order = {Severity.HARD: 0, Severity.SOFT: 1, Severity.NOTE: 2}
    for spotted in sorted(
        found,
        key=lambda s: (s.span[0] - s.span[1], order[s.word.severity], s.how, s.span, s.word.term),
    ):
        if not any(
            spotted.span[0] < other.span[1] and other.span[0] < spotted.span[1] for other in kept
        ):
            kept.append(spotted)
    return sorted(kept, key=lambda spotted: spotted.span)


def findings_of(spotted: Iterable[Spotted]) -> Iterator[Finding]:
    """What is said of words that were found."""
    for one in spotted:
        if one.field == "negative_prompt" and one.word.kind in _KEPT_OUT:
            continue
        how = ", spelt with other signs" if one.how is How.TRICK else ""
        yield Finding(
            code=one.word.code,
            severity=one.word.severity,
            field=one.field,
            span=one.span,
            explanation=f"“{one.word.term}” is {_SAID[one.word.kind]}{how}.",
            fix="Take it out or say it otherwise.",
            rule=f"words.{one.word.kind}",
        )


@cache
def _undressing() -> Matcher:
    return Matcher(phrase_of(word, number) for number, word in enumerate(word_list().undressing))


def undressing_findings(passage: Passage, views: Views) -> Iterator[Finding]:
    """A negative prompt that keeps clothes out of the picture."""
    if passage.field != "negative_prompt":
        return
    for view, hit in _undressing().find(views):
        if hit.how <= How.TRICK and not _worn_badly(view, hit):
            yield Finding(
                code="SEXUAL",
                severity=Severity.HARD,
                field=passage.field,
                span=view.span(hit.start, hit.end),
                explanation="Keeping clothes out of the picture asks for people without any.",
                fix="Take this word out of the negative prompt.",
                rule="words.undressing",
            )


def _worn_badly(view: View, hit: Hit) -> bool:
    """Whether a word before says which clothes are meant: "torn clothes" asks for whole ones."""
    if hit.first == 0 or view.words[hit.first - 1].gap.strip():
        return False
    return view.tokens[hit.first - 1] not in {"no", "any", "all", "with", "wearing", "the"}
