"""What a prompt says: aspects that are missing, words that clash, words that do nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from marketplace.prompts.lint.findings import Finding, LintContext, Severity
from marketplace.prompts.lint.rules import Clash, Words, rules
from marketplace.prompts.lint.source import Source

_WORD = re.compile(r"[^\W\d_]{3,}")
_GLUE = frozenset(
    {"the", "and", "with", "for", "from", "into", "onto", "over", "under", "near", "very", "this"}
    | {"that", "its", "his", "her", "their", "made", "style", "art", "artwork", "image", "picture"}
    | {
        "soft",
        "hard",
        "warm",
        "cold",
        "cool",
        "big",
        "small",
        "large",
        "tall",
        "old",
        "new",
        "pale",
    }
)
_REACH = 24  # characters before a word in which a "no" or "without" belongs to it


def missing_aspects(source: Source) -> Iterator[Finding]:
    """One finding for each aspect that neither words nor variables supply."""
    known = rules()
    everything = f"{source.text} . {source.offered()}"
    photo = known.photo.found_in(everything)
    for aspect in known.aspects:
        if (aspect.when == "photo" and not photo) or (aspect.when == "no photo" and photo):
            continue
        if source.supplies(aspect.names):
            continue
        if aspect.code == "no_subject":
            there = bool(_subject_words(everything))
        else:
            there = aspect.words.found_in(everything)
        if not there:
            yield Finding(aspect.code, Severity.HINT, 0, 0, aspect.explanation, aspect.suggestion)


def _subject_words(text: str) -> set[str]:
    """Words that belong to no other aspect and are no praise: likely what is to be seen."""
    for group in (*(aspect.words for aspect in rules().aspects), *_praise()):
        for start, end in group.spans(text):
            text = text[:start] + " " * (end - start) + text[end:]
    return {word for word in _WORD.findall(text.lower()) if word not in _GLUE}


def _praise() -> list[Words]:
    return [entry.words for entry in rules().ignored]


def clashes(source: Source) -> Iterator[Finding]:
    """One finding for each pair of groups that both have a word in the text itself."""
    for clash in rules().clashes:
        one, other = _standing(source, clash)
        if one and other:
            first, second = sorted((one[0], other[0]))
            words = [source.text[start:end] for start, end in (first, second)]
            yield Finding(
                "contradiction",
                Severity.WARNING,
                first[0],
                second[1],
                f"“{words[0]}” and “{words[1]}”: {clash.why}.",
                "Decide for one of them, or make it a variable with both as choices.",
            )


def _standing(source: Source, clash: Clash) -> tuple[list[tuple[int, int]], ...]:
    """Places of both groups that no "no" or "without" takes back, none inside another's phrase."""
    one, other = (
        [span for span in group.spans(source.text) if not _negated(source.text, span[0])]
        for group in (clash.one, clash.other)
    )
    return (
        [span for span in one if not any(_inside(span, wider) for wider in other)],
        [span for span in other if not any(_inside(span, wider) for wider in one)],
    )


def _inside(span: tuple[int, int], wider: tuple[int, int]) -> bool:
    return wider[0] <= span[0] and span[1] <= wider[1] and span != wider


def _negated(text: str, start: int) -> bool:
    before = text[max(0, start - _REACH) : start]
    for sign in ",.;\n":
        before = before.rpartition(sign)[2]
    return rules().negations.found_in(before)


def ignored_words(source: Source, context: LintContext) -> Iterator[Finding]:
    """One finding for each such word, in the text or offered by a variable."""
    for entry in rules().ignored:
        if entry.families and context.family not in entry.families:
            continue
        for start, end in entry.words.spans(source.text):
            yield Finding(
                "ignored_word",
                Severity.HINT,
                start,
                end,
                f"“{source.text[start:end]}”: {entry.why}.",
                entry.suggestion,
            )
