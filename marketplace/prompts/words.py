"""What counts as a word of a prompt."""

from __future__ import annotations

import unicodedata

from marketplace.prompts.template import Slot, Template

_INVISIBLE = ("Mn", "Me", "Cf")


def split_words(text: str) -> list[str]:
    """The words of a text, each with the punctuation that touches it.

    Pieces of nothing but punctuation (a dash, a bar, "--") are no words and are dropped.
    """
    return [piece for piece in text.split() if any(map(_is_word_character, piece))]


def visible_length(word: str) -> int:
    """The number of characters one sees: combining and zero-width ones do not count."""
    return sum(unicodedata.category(char) not in _INVISIBLE for char in word)


def word_count(prompt: str | Template) -> int:
    """The number of words; in a template each slot counts as one."""
    if isinstance(prompt, str):
        return len(split_words(prompt))
    return sum(
        1 if isinstance(node, Slot) else len(split_words(node.value)) for node in prompt.nodes
    )


def _is_word_character(char: str) -> bool:
    category = unicodedata.category(char)
    return category[0] in "LN" or category in ("So", "Co")
