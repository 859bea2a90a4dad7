"""Reads prompt weights: ``a (red:1.3) fox`` asks for more red, ``(red:0.5)`` for less. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MAX_WEIGHT = 10.0
"""A larger number in ``(text:number)`` is part of the text, as in "(at 10:30)"."""
_BARE = 1.1
"""What a pair of bare round brackets multiplies by in A1111; square ones divide."""
_TOKEN = re.compile(
    r"\\[()\[\]\\]"  # an escaped bracket, or an escaped backslash
    r"|:\s*(?P<weight>\d*\.?\d+)\s*\)"
    r"|[()\[\]]"
    r"|[^\\()\[\]:]+|[\\:]"
)


@dataclass(slots=True)
class Fragment:
    """A piece of the prompt and its weight; 1 is neither more nor less."""

    text: str = field(repr=False)
    weight: float = 1.0


def read_weights(prompt: str, bare: bool = False) -> list[Fragment]:
    """The prompt in fragments; brackets nest, and weights multiply.

    Only ``(text:number)`` means anything unless `bare`, which also reads ``(text)`` and
    ``[text]`` as A1111 does. A prompt without weights comes back whole and untouched.
    """
    found: list[Fragment] = []
    opened: list[tuple[str, int]] = []
    for match in _TOKEN.finditer(prompt):
        piece, weight = match.group(), match.group("weight")
        if piece in ("(", "[") and (bare or piece == "("):
            opened.append((piece, len(found)))
        elif weight is not None and float(weight) <= MAX_WEIGHT and _closes(opened, "("):
            _multiply(found, opened.pop()[1], float(weight))
        elif piece == ")" and _closes(opened, "("):
            _close_bare(found, opened.pop(), bare, _BARE)
        elif piece == "]" and bare and _closes(opened, "["):
            _close_bare(found, opened.pop(), bare, 1 / _BARE)
        elif weight is not None and _closes(opened, "("):
            found.append(Fragment(piece[:-1]))
            _close_bare(found, opened.pop(), bare, _BARE)
        else:
            found.append(Fragment(piece[1:] if len(piece) == 2 and piece[0] == "\\" else piece))
    for bracket, start in reversed(opened):  # never closed: a bracket like any other character
        found.insert(start, Fragment(bracket))
    merged = _merged(found)
    if all(fragment.weight == 1.0 for fragment in merged):
        return [Fragment(prompt)]
    return merged


def has_weights(prompt: str, bare: bool = False) -> bool:
    """Whether any part of the prompt weighs other than 1."""
    return any(fragment.weight != 1.0 for fragment in read_weights(prompt, bare))


def _closes(opened: list[tuple[str, int]], bracket: str) -> bool:
    return bool(opened) and opened[-1][0] == bracket


def _multiply(found: list[Fragment], start: int, weight: float) -> None:
    for fragment in found[start:]:
        fragment.weight *= weight


def _close_bare(found: list[Fragment], opening: tuple[str, int], bare: bool, weight: float) -> None:
    bracket, start = opening
    if bare:
        _multiply(found, start, weight)
    else:
        found.insert(start, Fragment(bracket))
        found.append(Fragment(")"))


def _merged(found: list[Fragment]) -> list[Fragment]:
    merged: list[Fragment] = []
    for fragment in found:
        if merged and merged[-1].weight == fragment.weight:
            merged[-1].text += fragment.text
        elif fragment.text:
            merged.append(fragment)
    return merged or [Fragment("")]
