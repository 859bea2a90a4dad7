"""The public skeleton of a prompt: variables visible, every other word a bar.

What a stranger may learn: the order of words and variables, each word's length class, and each
variable's name, default and choices (sellers are told). Nothing else enters the output: it is
built from these facts alone, not by blotting out the text.

A bar covers a word together with the punctuation that touches it; punctuation that stands alone
and line breaks leave no trace. The four length classes are wide so that each covers thousands of
words of the language; in particular the shortest takes in four-letter words, for otherwise "a",
"of" and "the" could be told by their width and would give the sentence's build away.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from marketplace.prompts.kinds import Kind, Limits, number_text
from marketplace.prompts.template import Slot, Template, Variable
from marketplace.prompts.words import split_words, visible_length

BarSize = Literal["s", "m", "l", "xl"]

# (longest visible length, class); anything longer is "xl".
_SIZES: tuple[tuple[int, BarSize], ...] = ((4, "s"), (7, "m"), (10, "l"))


class Bar(TypedDict):
    """A hidden word."""

    kind: Literal["bar"]
    size: BarSize


class PublicSlot(TypedDict):
    """A place where a variable goes."""

    kind: Literal["variable"]
    name: str


class PublicVariable(TypedDict):
    """What anyone may know about a variable; `choices` is empty for free text.

    The other keys are there only where the seller said more; `limits` holds numbers as text (low,
    high, step) and `longest`.
    """

    name: str
    default: str | None
    choices: list[str]
    kind: NotRequired[str]
    limits: NotRequired[dict[str, str | int]]
    label: NotRequired[str]
    help: NotRequired[str]
    examples: NotRequired[list[str]]


def skeleton(template: Template) -> list[Bar | PublicSlot]:
    """The template's public parts in reading order, ready for JSON."""
    parts: list[Bar | PublicSlot] = []
    for node in template.nodes:
        if isinstance(node, Slot):
            parts.append({"kind": "variable", "name": node.name})
        else:
            parts.extend(
                {"kind": "bar", "size": bar_size(word)} for word in split_words(node.value)
            )
    return parts


def public_variables(template: Template) -> list[PublicVariable]:
    """The variables as anyone may see them, in order of first appearance, ready for JSON."""
    return [public_variable(variable) for variable in template.variables]


def public_variable(variable: Variable) -> PublicVariable:
    """One variable as anyone may see it."""
    shown: PublicVariable = {
        "name": variable.name,
        "default": variable.default,
        "choices": list(variable.choices),
    }
    if variable.kind not in (Kind.TEXT, Kind.CHOICE):
        shown["kind"] = variable.kind.value
    limits = _limits(variable.limits)
    if limits:
        shown["limits"] = limits
    if variable.label:
        shown["label"] = variable.label
    if variable.help:
        shown["help"] = variable.help
    if variable.examples:
        shown["examples"] = list(variable.examples)
    return shown


def _limits(limits: Limits) -> dict[str, str | int]:
    shown: dict[str, str | int] = {
        name: number_text(number)
        for name, number in (("low", limits.low), ("high", limits.high), ("step", limits.step))
        if number is not None
    }
    if limits.longest is not None:
        shown["longest"] = limits.longest
    return shown


def bar_size(word: str) -> BarSize:
    """The length class of a word: up to 4 characters, 5-7, 8-10, 11 and more."""
    length = visible_length(word)
    return next((size for longest, size in _SIZES if length <= longest), "xl")
