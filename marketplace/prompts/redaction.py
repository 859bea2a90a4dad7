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

from typing import Literal, TypedDict

from marketplace.prompts.template import Slot, Template
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
    """What anyone may know about a variable; `choices` is empty for free text."""

    name: str
    default: str | None
    choices: list[str]


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
    return [
        {
            "name": variable.name,
            "default": variable.default,
            "choices": list(variable.choices),
        }
        for variable in template.variables
    ]


def bar_size(word: str) -> BarSize:
    """The length class of a word: up to 4 characters, 5-7, 8-10, 11 and more."""
    length = visible_length(word)
    return next((size for longest, size in _SIZES if length <= longest), "xl")
