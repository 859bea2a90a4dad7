"""Too specific, too simple: how many useful fills a prompt has and how much of it is its own."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from marketplace.policy.common_words import common_words
from marketplace.policy.entities import Named
from marketplace.policy.findings import Finding, Severity, Span
from marketplace.policy.folding import fold
from marketplace.policy.passages import pieces
from marketplace.policy.submission import Submission
from marketplace.policy.views import view_of
from marketplace.prompts import Variable, parse

FREE_TEXT_BITS = 6.0
"""A free variable counts as 64 fills: what a careful buyer would try, not what could be typed."""
LEAST_BITS = 1.0
NAME_SHARE = 0.3
"""From here on a prompt is about its names."""
HARD_NAME_SHARE = 0.15
LEAST_WORDS = 2
_ALIKE = 92
"""Choices as alike as this (rapidfuzz ratio) are one: "glossy" and "very glossy" are not."""
_CAPITALISED = re.compile(r"(?<![.!?:;\n\]]\s)(?<!^)\b[A-Z][a-z]+(?:\s+[A-Z][a-z]+)+")


@dataclass(frozen=True, slots=True)
class Breadth:
    """What was counted of one prompt."""

    bits: float
    """Logarithm to base 2 of the number of useful fills."""
    idle: int
    """Variables that change nothing."""
    words: int
    """Fixed words that say something about the picture."""
    named: int
    """Fixed words that are parts of names."""

    @property
    def fills(self) -> int:
        """The number of useful fills, rounded."""
        return round(2.0 ** min(self.bits, 40))

    @property
    def name_share(self) -> float:
        """The share of the fixed words that are parts of names."""
        return self.named / self.words if self.words else 0.0


def measure(submission: Submission, names: Sequence[Named]) -> Breadth:
    """Count the fills, the words and the names of a submission's template."""
    template = parse(submission.template)
    bits, idle = 0.0, 0
    for variable in template.variables:
        if variable.key in submission.idle_variables:
            idle += 1
        else:
            bits += _bits(variable)
    fixed = [
        (piece.start, word)
        for piece in pieces(submission.template)
        if piece.name is None
        for word in _words(piece.text)
    ]
    telling = [word for _, word in fixed if word not in common_words().say_nothing]
    literal = [(p.start, p.end) for p in pieces(submission.template) if p.name is None]
    spans = [
        named.span
        for named in names
        if named.field == "template" and any(_within(named.span, part) for part in literal)
    ]
    spans += _capitalised(submission.template)
    named = sum(_named_words(submission.template, span) for span in _merged(spans))
    return Breadth(bits, idle, len(set(telling)), min(named, len(telling)))


def findings_of(submission: Submission, names: Sequence[Named]) -> Iterator[Finding]:
    """TOO_SPECIFIC and TOO_SIMPLE, with the numbers they rest on."""
    breadth = measure(submission, names)
    reasons = []
    if breadth.bits < LEAST_BITS:
        reasons.append(
            f"the variables allow {breadth.fills} useful fill{'s' if breadth.fills != 1 else ''} "
            f"({breadth.bits:.1f} bits)"
        )
    if breadth.idle:
        plural = "s" if breadth.idle != 1 else ""
        reasons.append(f"{breadth.idle} variable{plural} changed nothing in our pictures")
    if breadth.name_share >= NAME_SHARE:
        reasons.append(
            f"{breadth.named} of the {breadth.words} words that say something are names that "
            "stay as they are"
        )
    narrow = breadth.bits < LEAST_BITS
    if narrow or breadth.name_share >= NAME_SHARE:
        hard = narrow and breadth.name_share >= HARD_NAME_SHARE
        yield Finding(
            code="TOO_SPECIFIC",
            severity=Severity.HARD if hard else Severity.SOFT,
            field="template",
            span=None,
            explanation=f"One picture rather than a family: {'; '.join(reasons)}.",
            fix="Turn what a buyer would want to change into [variables].",
            rule="breadth.specific",
        )
    if breadth.words < LEAST_WORDS:
        say = "words that say" if breadth.words != 1 else "word that says"
        yield Finding(
            code="TOO_SIMPLE",
            severity=Severity.SOFT,
            field="template",
            span=None,
            explanation=f"Beside its variables the prompt has {breadth.words} {say} something "
            "about the picture.",
            fix="Write down what makes the look: material, composition, light, palette.",
            rule="breadth.simple",
        )


def _within(span: Span, part: Span) -> bool:
    return part[0] <= span[0] and span[1] <= part[1]


def _bits(variable: Variable) -> float:
    if not variable.choices:
        return FREE_TEXT_BITS
    different: list[str] = []
    for choice in variable.choices:
        folded = fold(choice).text.strip()
        if not any(fuzz.ratio(folded, other) >= _ALIKE for other in different):
            different.append(folded)
    return math.log2(len(different))


def _words(text: str) -> Sequence[str]:
    return view_of(fold(text)).tokens


def _named_words(source: str, span: Span) -> int:
    return sum(word not in common_words().say_nothing for word in _words(source[span[0] : span[1]]))


def _capitalised(source: str) -> list[Span]:
    """Runs of capitalised words within a sentence: names that no list knows."""
    return [
        (piece.start + match.start(), piece.start + match.end())
        for piece in pieces(source)
        if piece.name is None
        for match in _CAPITALISED.finditer(piece.text)
    ]


def _merged(spans: Sequence[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span[0] < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], span[1]))
        else:
            merged.append(span)
    return merged
