"""Cuts a foreign prompt into text and the constructs of other tools: one pass, no look back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto


class Shape(Enum):
    """What a piece of a foreign prompt looks like; what it means is decided later."""

    TEXT = auto()
    OWN = auto()  # [name=default], [name: a | b]: our own language beyond doubt
    SQUARE = auto()  # [words]
    EDITING = auto()  # [a:b:0.5], [a::0.5], [a|b]
    BRACES = auto()  # {…}
    TWO_BRACES = auto()  # {{…}}
    DOLLAR = auto()  # ${…}
    MORE_BRACES = auto()  # {{{…}}}
    ANGLE = auto()  # <word>
    NETWORK = auto()  # <lora:name:0.8>
    WEIGHT = auto()  # (words:1.2)
    WILDCARD = auto()  # __name__
    KEYWORD = auto()  # BREAK, AND


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the source; `body` is what stands between its brackets."""

    shape: Shape
    start: int
    end: int
    body: str = field(repr=False)


_NETWORK = re.compile(r"<((?:lora|lyco|hypernet|segment|region|object):[^<>\n]{1,200}+)>", re.I)
_ANGLE = re.compile(r"<([^\W\d][\w \-]{0,39}+)>")
_WILDCARD = re.compile(r"__([^\W_][\w/*\-]{0,58}?)__(?!_)")
_KEYWORD = re.compile(r"\b(?:BREAK|AND)\b")
_NUMBER = r"[+-]?\d{0,4}(?:\.\d{1,6})?"
_WEIGHT = re.compile(rf"\(([^()\[\]{{}}\n]{{1,400}}?):\s*({_NUMBER})\s*\)")
_EDITING = re.compile(rf"[^\[\]|]{{0,300}}:\s*{_NUMBER}\s*(?:,\s*{_NUMBER}\s*)?", re.DOTALL)
_OWN = re.compile(
    r"\s*[^\W_][\w \-]{0,39}\s*(?:=|:.*\||:\s*(?:text|number|colou?r|aspect|choice)\b)"
)
_TEXT = re.compile(r"[^\[\]{}$<>(_\\BA]++")
_PATTERNS: dict[str, tuple[tuple[re.Pattern[str], Shape], ...]] = {
    "<": ((_NETWORK, Shape.NETWORK), (_ANGLE, Shape.ANGLE)),
    "(": ((_WEIGHT, Shape.WEIGHT),),
    "_": ((_WILDCARD, Shape.WILDCARD),),
    "B": ((_KEYWORD, Shape.KEYWORD),),
    "A": ((_KEYWORD, Shape.KEYWORD),),
}


def pieces(source: str) -> Iterator[Piece]:
    """The source from beginning to end, every character in exactly one piece."""
    closing = _closing_brackets(source)
    offset = begun = 0
    while offset < len(source):
        piece = _construct(source, offset, closing)
        if piece is None:
            offset = _next(source, offset)
            continue
        if piece.start > begun:
            yield Piece(Shape.TEXT, begun, piece.start, source[begun : piece.start])
        yield piece
        offset = begun = piece.end
    if begun < len(source):
        yield Piece(Shape.TEXT, begun, len(source), source[begun:])


def _next(source: str, offset: int) -> int:
    """Past one character, or past all that begin nothing."""
    if source[offset] == "\\":
        return offset + 2  # an escaped bracket begins nothing
    match = _TEXT.match(source, offset)
    return match.end() if match else offset + 1


def _closing_brackets(source: str) -> dict[int, int]:
    """For each opening [ or { that is closed: the place of its partner."""
    found: dict[int, int] = {}
    opened: dict[str, list[int]] = {"[": [], "{": []}
    partner = {"]": "[", "}": "{"}
    escaped = False
    for at, char in enumerate(source):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char in opened:
            opened[char].append(at)
        elif char in partner and opened[partner[char]]:
            found[opened[partner[char]].pop()] = at
    return found


def _construct(source: str, offset: int, closing: dict[int, int]) -> Piece | None:
    char = source[offset]
    if char == "[" and offset in closing:
        return _square(source, offset, closing[offset])
    if char == "{" and offset in closing:
        return _braces(source, offset, closing)
    if char == "$" and source.startswith("${", offset) and offset + 1 in closing:
        end = closing[offset + 1]
        return Piece(Shape.DOLLAR, offset, end + 1, source[offset + 2 : end])
    for pattern, shape in _PATTERNS.get(char, ()):
        match = pattern.match(source, offset)
        if match is not None and not (shape is Shape.KEYWORD and _in_word(source, offset)):
            body = match.group(1) if pattern.groups else match.group()
            return Piece(shape, offset, match.end(), body)
    return None


def _in_word(source: str, offset: int) -> bool:
    return offset > 0 and source[offset - 1].isalnum()


def _square(source: str, offset: int, end: int) -> Piece:
    body = source[offset + 1 : end]
    if _EDITING.fullmatch(body) or ("|" in body and ":" not in body.partition("|")[0]):
        shape = Shape.EDITING
    elif _OWN.match(body) and "[" not in body:
        shape = Shape.OWN
    else:
        shape = Shape.SQUARE
    return Piece(shape, offset, end + 1, body)


def _braces(source: str, offset: int, closing: dict[int, int]) -> Piece:
    outer = offset, closing[offset]
    start, end = outer
    depth = 1
    while source.startswith("{", start + 1) and closing.get(start + 1) == end - 1:
        start, end, depth = start + 1, end - 1, depth + 1
    shape = (Shape.BRACES, Shape.TWO_BRACES, Shape.MORE_BRACES)[min(depth, 3) - 1]
    return Piece(shape, outer[0], outer[1] + 1, source[start + 1 : end])
