"""The texts of a submission that are searched: each field, each tag, and the template's fills.

A template is read as it was written, names, defaults and choices included; and as buyers will fill
it, for a name may be cut in two by a variable.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from marketplace.policy.findings import Span
from marketplace.policy.submission import Submission
from marketplace.prompts import Template, parse, variable_key
from marketplace.prompts.declarations import parse_declaration, unescape

MAX_FILLS = 40
NEAR = 60
"""Characters on each side of a variable that a fill keeps: the rest was read with the source."""
_PIECE = re.compile(r"(?P<text>(?:\\[\[\]\\]|[^\[\]])+)|\[(?P<slot>(?:\\[\[\]\\]|[^\[\]\n])*)\]")
_GAP = "; ; ; ;"
"""Nothing that is searched for reaches across it."""
_ESCAPED = re.compile(r"\\([\[\]\\])")


@dataclass(frozen=True, slots=True)
class Passage:
    """One text to search. ``origin[i]`` is the span of character i in the field as written."""

    field: str
    text: str = dataclasses.field(repr=False)
    origin: tuple[Span, ...] | None = None
    """None where the text is the field itself."""
    seams: tuple[Span, ...] = ()
    """Of a fill: the fields' spans of its variables. Only what touches one is news."""

    def is_news(self, span: Span) -> bool:
        """Whether what stands there was not read before: in a fill, only what crosses a border."""
        if not self.seams:
            return True
        crosses = any(seam[0] < span[1] and span[0] < seam[1] for seam in self.seams)
        return crosses and span not in self.seams


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a template's source: literal text, or a slot with its variable's name."""

    start: int
    end: int
    text: str = dataclasses.field(repr=False)
    name: str | None = None


def passages_of(submission: Submission) -> list[Passage]:
    """All texts of a submission, the public ones first; empty ones are left out."""
    found = [
        Passage(name, getattr(submission, name)) for name in ("title", "summary", "description")
    ]
    found += [Passage(f"tags.{number}", tag) for number, tag in enumerate(submission.tags)]
    found.append(Passage("template", submission.template))
    found += fills(submission.template)
    found.append(Passage("negative_prompt", submission.negative_prompt))
    found.append(Passage("guide", submission.guide))
    return [passage for passage in found if passage.text.strip()]


def pieces(source: str) -> list[Piece]:
    """The parts of a template that parses, each with its place in the source."""
    found = []
    for match in _PIECE.finditer(source):
        slot = match["slot"]
        name = None if slot is None else variable_key(parse_declaration(slot).name)
        found.append(Piece(match.start(), match.end(), match["text"] or slot or "", name))
    return found


def fills(source: str) -> Iterator[Passage]:
    """The template filled so that each choice of each variable is there once (at most 40 fills).

    A variable without a default stays open: what stands before and behind it does not touch.
    """
    template = parse(source)
    parts = pieces(source)
    seams = tuple((part.start, part.end) for part in parts if part.name is not None)
    if not seams:
        return
    values = {variable.key: _values(template, variable.key) for variable in template.variables}
    for number in range(min(max(map(len, values.values())), MAX_FILLS)):
        text: list[str] = []
        origin: list[Span] = []
        for part in parts:
            if part.name is None:
                _add_ends(part, text, origin)
                continue
            choices = values[part.name]
            value = choices[number % len(choices)]
            text.append(value)
            origin += [(part.start, part.end)] * len(value)
        yield Passage("template", "".join(text), tuple(origin), seams)


def _values(template: Template, name: str) -> Sequence[str]:
    variable = template.variable(name)
    assert variable is not None  # every slot of a parsed template has its variable
    return variable.choices or ((variable.default,) if variable.default else (_GAP,))


def _add_ends(part: Piece, text: list[str], origin: list[Span]) -> None:
    """What of a literal part is near a variable, with a gap for what is left out."""
    if part.end - part.start <= 2 * NEAR:
        _add_text(part, part.start, part.end, text, origin)
        return
    _add_text(part, part.start, part.start + NEAR, text, origin)
    text += _GAP
    origin += [(part.start, part.end)] * len(_GAP)
    _add_text(part, part.end - NEAR, part.end, text, origin)


def _add_text(part: Piece, place: int, end: int, text: list[str], origin: list[Span]) -> None:
    """Literal text, escapes resolved, with the place of each character."""
    while place < end:
        escaped = _ESCAPED.match(part.text, place - part.start)
        width = 2 if escaped else 1
        text.append(escaped[1] if escaped else part.text[place - part.start])
        origin.append((place, place + width))
        place += width


def literal_text(source: str) -> str:
    """The template's fixed words, with a gap where its variables stand."""
    return " ; ".join(unescape(part.text) for part in pieces(source) if part.name is None)
