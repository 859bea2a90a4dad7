"""A text with its findings marked in it, and what changed between two texts. Pure."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_PIECE = re.compile(r"\s+|[\w'-]+|[^\w\s]")
MAX_PIECES = 4_000
"""Per text; beyond it only "all new" is said, for comparing takes quadratic time."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text; `mark` is a severity, added or removed, or empty."""

    text: str = field(repr=False)
    mark: str = ""


def marked(text: str, spans: Sequence[tuple[int, int, str]]) -> list[Piece]:
    """The text cut where findings begin and end; where several lie, the heaviest marks it.

    Args:
        spans: (start, end, severity), in characters; what lies outside the text is cut off.
    """
    rank = {"hard": 0, "soft": 1, "note": 2}
    cuts = {0, len(text)}
    for start, end, _ in spans:
        cuts |= {min(max(start, 0), len(text)), min(max(end, 0), len(text))}
    places = sorted(cuts)
    pieces = []
    for start, end in itertools.pairwise(places):
        over = [severity for a, b, severity in spans if a <= start and end <= b]
        mark = min(over, key=lambda one: rank.get(one, 3)) if over else ""
        pieces.append(Piece(text[start:end], mark))
    return pieces


def changed(before: str, after: str) -> list[Piece]:
    """The new text with what was added and what was taken out, word by word."""
    old, new = _PIECE.findall(before), _PIECE.findall(after)
    if len(old) > MAX_PIECES or len(new) > MAX_PIECES:
        return [Piece(after, "added")]
    pieces = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            pieces.append(Piece("".join(new[c:d])))
            continue
        if a < b:
            pieces.append(Piece("".join(old[a:b]), "removed"))
        if c < d:
            pieces.append(Piece("".join(new[c:d]), "added"))
    return pieces
