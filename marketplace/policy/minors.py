"""Minors and sexual words in one prompt, its variables included: labels only, nothing is quoted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from marketplace.policy.findings import Finding, Severity, Span
from marketplace.policy.matching import How, Matcher, Views, phrase_of
from marketplace.policy.passages import Passage
from marketplace.policy.phrases import is_innocent
from marketplace.policy.words import Spotted, word_list

_SEXUAL = frozenset({"explicit", "suggestive"})
_FIX = "This is never sold. If the words were misread, say so in an appeal."
_AGE_NOUNS = r"(?:years?[\s-]*old|yrs?[\s-]*old|y\s?/?\s?o)\b"


@cache
def _people() -> Matcher:
    return Matcher(phrase_of(word, number) for number, word in enumerate(word_list().minor.people))


@cache
def _ages() -> re.Pattern[str]:
    words = "|".join(word_list().minor.years)
    person = r"(?:[\s-]+(?:girls?|boys?|child|kid|student|pupil|in|with|wearing|posing|,))?"
    return re.compile(rf"\b(?:1[0-7]|[1-9]|{words})[\s-]*{_AGE_NOUNS}{person}")


def minors_in(passage: Passage, views: Views) -> list[Span]:
    """Where a text speaks of minors: words for them, and ages below eighteen."""
    unless = word_list().minor.unless
    found = [
        view.span(hit.start, hit.end)
        for view, hit in _people().find(views)
        if hit.how <= How.TRICK and not is_innocent(view, hit, unless)
    ]
    folded = views.folded
    for match in _ages().finditer(folded.text):
        found.append((folded.origin[match.start()][0], folded.origin[match.end() - 1][1]))
    return found


def findings_of(
    field: str, minors: Sequence[Span], spotted: Iterable[Spotted]
) -> Iterator[Finding]:
    """One finding where a field speaks of minors and sexually at once."""
    sexual = [one.span for one in spotted if one.word.kind in _SEXUAL and one.field == field]
    if not minors or not sexual or field == "negative_prompt":
        return
    places = [*minors, *sexual]
    yield Finding(
        code="MINOR_SAFETY",
        severity=Severity.HARD,
        field=field,
        span=(min(place[0] for place in places), max(place[1] for place in places)),
        explanation="Words for minors and sexual words stand in one text.",
        fix=_FIX,
        rule="minors.together",
    )


def across(minors: Iterable[str], sexual: Iterable[str]) -> Iterator[Finding]:
    """One finding where one field speaks of minors and another one sexually."""
    minor_fields, sexual_fields = set(minors), set(sexual)
    if minor_fields and sexual_fields and not minor_fields & sexual_fields:
        yield Finding(
            code="MINOR_SAFETY",
            severity=Severity.SOFT,
            field=min(minor_fields),
            span=None,
            explanation="One text of the listing speaks of minors, another one is sexual.",
            fix=_FIX,
            rule="minors.across",
        )
