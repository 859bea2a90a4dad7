"""Discount codes as people write them, and as they are compared. Pure."""

from __future__ import annotations

import re

from marketplace.core.errors import InvalidError
from marketplace.core.ids import new_id

SHORTEST, LONGEST, DRAWN = 4, 20, 8
HOW = (
    f"A code has {SHORTEST} to {LONGEST} letters and digits, for example FOX20. Leave it blank and "
    "we make one that nobody guesses."
)
_LOOK_ALIKE = str.maketrans("OIL", "011")
_GAPS = re.compile(r"[\s\-_]+")
_CODE = re.compile(f"[A-Z0-9]{{{SHORTEST},{LONGEST}}}")


def folded(text: str) -> str:
    """A code as it is compared: without case and gaps; O is 0, I and L are 1, as Crockford has it.

    "" for what can be no code.
    """
    label = written(text)
    return label.translate(_LOOK_ALIKE) if text.isascii() and _CODE.fullmatch(label) else ""


def written(text: str) -> str:
    """A code as it is shown: capitals, without gaps."""
    return _GAPS.sub("", text).upper()


def chosen(text: str) -> str:
    """What a seller typed for a code of theirs, as it is shown; blank draws one.

    Raises:
        InvalidError: it can be no code.
    """
    if not text.strip():
        return new_id()[:DRAWN].upper()
    if not folded(text):
        raise InvalidError(HOW, field="code")
    return written(text)
