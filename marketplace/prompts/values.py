"""Rules for variable names and for the values that fill them: one place, used by both sides."""

from __future__ import annotations

import re
import unicodedata

MAX_NAME_CHARACTERS = 40
MAX_VALUE_CHARACTERS = 120

# These reorder the text around them, so a value could look like something else on the page.
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LINE_BREAKS = frozenset("\u2028\u2029")
_NAME_CATEGORIES = ("L", "M", "Nd")


def normalise_name(name: str) -> str:
    """The name in NFC with single spaces and none at the ends."""
    return re.sub(r" +", " ", unicodedata.normalize("NFC", name).strip())


def variable_key(name: str) -> str:
    """What two spellings of one variable's name have in common: case and spacing do not count."""
    folded = unicodedata.normalize("NFKC", normalise_name(name)).casefold()
    return unicodedata.normalize("NFKC", folded)


def name_problem(name: str) -> tuple[str, str] | None:
    """(code, message) when a normalised name breaks the rules, else None."""
    if not name:
        return "empty_name", "A variable needs a name, as in [subject]."
    if len(name) > MAX_NAME_CHARACTERS:
        return (
            "name_too_long",
            f"A variable's name has at most {MAX_NAME_CHARACTERS} characters; this one has "
            f"{len(name)}. Shorten it or, for brackets that belong to the text, write \\[ and \\].",
        )
    allowed = all(
        char in " -_" or unicodedata.category(char).startswith(_NAME_CATEGORIES) for char in name
    )
    if not allowed or not any(char.isalnum() for char in name):
        return (
            "bad_name",
            "A variable's name is made of letters, digits, spaces, - and _. Change the name or, "
            "for brackets that belong to the text, write \\[ and \\].",
        )
    return None


def normalise_value(value: str) -> str:
    """The value in NFC without spaces at the ends."""
    return unicodedata.normalize("NFC", value.strip())


def value_problem(value: str) -> tuple[str, str] | None:
    """(code, message) when a normalised, non-empty value breaks the rules, else None.

    Brackets are refused rather than escaped: a filled prompt then holds no bracket but those
    that its seller wrote as literals, and a value cannot pass for a variable.
    """
    if len(value) > MAX_VALUE_CHARACTERS:
        return (
            "too_long",
            f"This has {len(value)} characters; use at most {MAX_VALUE_CHARACTERS}.",
        )
    if any(is_control(char) or char in _LINE_BREAKS for char in value):
        return (
            "control_characters",
            "This holds a line break, a tab or another invisible control character; remove it.",
        )
    if "[" in value or "]" in value:
        return "brackets", "Square brackets cannot be part of a value; remove them."
    return None


def is_control(char: str) -> bool:
    """True for control characters, halves of surrogate pairs and marks that reorder text."""
    return unicodedata.category(char) in ("Cc", "Cs") or char in _BIDI_CONTROLS
