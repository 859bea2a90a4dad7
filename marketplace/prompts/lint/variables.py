"""What a prompt's variables are worth: unused, repeated, doubled, fixed beside themselves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import combinations

from marketplace.prompts.lint.findings import Finding, LintContext, Severity
from marketplace.prompts.lint.rules import words
from marketplace.prompts.lint.source import SlotPlace, Source
from marketplace.prompts.template import Variable
from marketplace.prompts.values import variable_key

_OFTEN = 3
_NO_LETTER = re.compile(r"[\W\d_]+")
_SPELLINGS = {"color": "colour", "colors": "colour", "gray": "grey", "center": "centre"}


def variable_findings(
    source: Source, context: LintContext, read_until: int | None
) -> Iterator[Finding]:
    """All remarks on variables.

    Args:
        read_until: offset from which on the model reads nothing; None where it reads all.
    """
    if not source.slots:
        yield Finding(
            "no_variable",
            Severity.HINT,
            0,
            0,
            "No part of this prompt can be changed by its buyers.",
            "Put [brackets] around the part that they would change first, such as the subject.",
        )
    yield from _unused(source, context, read_until)
    yield from _repeated(source)
    yield from _alike(source)
    yield from _fixed_beside(source)


def _unused(source: Source, context: LintContext, read_until: int | None) -> Iterator[Finding]:
    for variable in source.template.variables:
        places = _places(source, variable)
        if read_until is not None and places and places[0].start >= read_until:
            yield Finding(
                "unused_variable",
                Severity.WARNING,
                places[0].start,
                places[0].end,
                f"[{variable.name}] stands where the model reads no more: changing it changes "
                "nothing.",
                "Move it to the front.",
            )
        values = [
            variable_key(value)
            for sample in context.sample_values
            for name, value in sample.items()
            if variable_key(name) == variable.key and value
        ]
        if len(values) >= _OFTEN and len(set(values)) == 1 and places:
            yield Finding(
                "never_varied",
                Severity.HINT,
                places[0].start,
                places[0].end,
                f"All samples have the same value for [{variable.name}], so nobody sees what it "
                "does.",
                "Give one of the samples another value.",
            )


def _repeated(source: Source) -> Iterator[Finding]:
    counts = Counter(slot.variable.name for slot in source.slots)
    for name, count in counts.items():
        if count > _OFTEN:
            last = [slot for slot in source.slots if slot.variable.name == name][-1]
            yield Finding(
                "repeated_variable",
                Severity.HINT,
                last.start,
                last.end,
                f"[{name}] stands {count} times; repeating words weighs them up and uses the "
                "encoder's room.",
                "Once or twice is enough for most models.",
            )
    for one, other in zip(source.slots, source.slots[1:], strict=False):
        between = source.text[one.end : other.start]
        if one.variable.name == other.variable.name and not between.strip(" ,"):
            yield Finding(
                "repeated_variable",
                Severity.WARNING,
                one.start,
                other.end,
                f"[{one.variable.name}] stands twice in a row and will say the same word twice.",
                "Take one of them out, or give the second one a name of its own.",
            )


def _alike(source: Source) -> Iterator[Finding]:
    """Two variables of nearly one name, or with the very same choices."""
    for one, other in combinations(source.template.variables, 2):
        same_name = _stem(one.name) == _stem(other.name) and _stem(one.name)
        choices = set(map(variable_key, one.choices)), set(map(variable_key, other.choices))
        same_choices = bool(choices[0]) and choices[0] == choices[1]
        places = _places(source, other)
        if (same_name or same_choices) and places:
            why = "have nearly the same name" if same_name else "offer the same choices"
            yield Finding(
                "duplicate_variable",
                Severity.HINT,
                places[0].start,
                places[0].end,
                f"[{one.name}] and [{other.name}] {why}; buyers will wonder which does what.",
                "Use one variable in both places, or name what each is for: sky colour, coat "
                "colour.",
            )


def _fixed_beside(source: Source) -> Iterator[Finding]:
    """A variable's own value standing in the text as well: changing one leaves the other."""
    for variable in source.template.variables:
        values = [value for value in (variable.default, *variable.choices) if value]
        long_enough = [value for value in values if len(value) > 2]
        for start, end in words(long_enough).spans(source.text)[:1]:
            yield Finding(
                "fixed_beside_variable",
                Severity.WARNING,
                start,
                end,
                f"“{source.text[start:end]}” stands here as plain text and is also a value of "
                f"[{variable.name}]; it stays when a buyer chooses another.",
                f"Write [{variable.name}] here as well, or use another word.",
            )


def _places(source: Source, variable: Variable) -> list[SlotPlace]:
    return [slot for slot in source.slots if slot.variable.name == variable.name]


def _stem(name: str) -> str:
    """The name without digits, plural and differences of spelling."""
    plain = [part for part in _NO_LETTER.split(variable_key(name)) if part]
    return " ".join(_SPELLINGS.get(part, part).removesuffix("s") for part in plain)
