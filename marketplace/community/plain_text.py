"""People's words as they are kept: plain, without signs that are not seen. Pure."""

from __future__ import annotations

import re
import unicodedata

# Marks that turn the direction of the text around them: they could make words of others' names.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")


def clean_text(text: str) -> str:
    """Several lines, of which never more than one is empty between two others."""
    lines = [_visible(line) for line in re.split(r"\r\n?|\n", text)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def clean_line(text: str) -> str:
    """One line with single spaces."""
    return re.sub(r"\s+", " ", _visible(text)).strip()


def _visible(text: str) -> str:
    """Without control characters and halves of characters, which PostgreSQL refuses."""
    plain = "".join(" " if unicodedata.category(char) in ("Cc", "Cs") else char for char in text)
    return _TURNING.sub("", plain).rstrip()
