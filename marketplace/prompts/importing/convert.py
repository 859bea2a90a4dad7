"""Turns a foreign prompt into the source of a template, and says what was done where."""

from __future__ import annotations

import re
from collections.abc import Mapping

from marketplace.prompts.grammar import MAX_TEMPLATE_CHARACTERS
from marketplace.prompts.importing.notes import Imported, Note, NoteKind, Question
from marketplace.prompts.importing.sentences import (
    ANGLE_ANSWERS,
    ANGLE_QUESTION,
    SENTENCES,
    SQUARE_ANSWERS,
    SQUARE_QUESTION,
    USUAL_NAMES,
)
from marketplace.prompts.importing.tokens import Piece, Shape, pieces
from marketplace.prompts.importing.variants import options, suggested_name
from marketplace.prompts.values import (
    MAX_NAME_CHARACTERS,
    name_problem,
    normalise_name,
    normalise_value,
    value_problem,
    variable_key,
)

MAX_IMPORT_CHARACTERS = 4 * MAX_TEMPLATE_CHARACTERS
MAX_NOTES = 60
_A1111_KIN = frozenset({"A1111", "Forge", "SD.Next", "Civitai", "NovelAI", "ComfyUI"})
_A1111_MARKS = (Shape.EDITING, Shape.WEIGHT, Shape.NETWORK, Shape.KEYWORD)
_UNESCAPED = re.compile(r"\\.|[\[\]]", re.DOTALL)
_JINJA_DEFAULT = re.compile(r"([^|]{1,60}?)\s*\|\s*default\(\s*['\"]([^'\"]{1,120})['\"]\s*\)\s*")
_WITH_DEFAULT = re.compile(r"([^=:]{1,60}?)\s*(?:=|:-|:=)\s*([^{}|]{1,120})")
_ASSIGNED_OPTIONS = re.compile(r"([^=]{1,60}?)\s*=\s*!?\s*\{(.*)\}\s*", re.DOTALL)


def import_template(
    text: str, tool: str | None = None, answers: Mapping[str, str] | None = None
) -> Imported:
    """A prompt from elsewhere as a template of ours; our own language passes unchanged.

    Args:
        text: at most 16,000 characters are looked at; longer texts are left as they are.
        tool: the tool it comes from, as images.metadata names it; None where nobody knows.
        answers: what the seller said to earlier questions, by question id.
    """
    if len(text) > MAX_IMPORT_CHARACTERS:
        return Imported(text, (), ())
    return _Import(text, tool, answers or {}).run()


class _Import:
    """One walk over one text."""

    def __init__(self, text: str, tool: str | None, answers: Mapping[str, str]) -> None:
        self.pieces = list(pieces(text))
        self.text = text
        self.tool = tool
        self.answers = answers
        self.notes: list[Note] = []
        self.questions: dict[str, Question] = {}
        self.names = {variable_key(name) for name in self._names_used()}
        self.assigned: dict[str, str] = {}  # variable key → declaration, until first used

    def run(self) -> Imported:
        parts = [self._part(piece) for piece in self.pieces]
        return Imported(
            "".join(parts), tuple(self.notes[:MAX_NOTES]), tuple(self.questions.values())
        )

    def _names_used(self) -> list[str]:
        return [normalise_name(re.split(r"[=:]", piece.body)[0]) for piece in self.pieces]

    def _part(self, piece: Piece) -> str:
        """What a piece becomes."""
        raw = self.text[piece.start : piece.end]
        if piece.shape in (Shape.TEXT, Shape.OWN):
            return raw if piece.shape is Shape.OWN else _escape(raw)
        if piece.shape is Shape.SQUARE:
            return self._square(piece, raw)
        if piece.shape is Shape.ANGLE:
            return self._angle(piece, raw)
        if piece.shape is Shape.WILDCARD:
            name = " ".join(re.sub(r"[/*\-_]+", " ", piece.body).split())
            return self._converted(piece, "wildcard", name) or raw
        if piece.shape is Shape.DOLLAR:
            found = self._dollar(piece)  # empty where it only sets a variable
            return self._explained(piece, "braces_unclear", raw) if found is None else found
        if piece.shape in (Shape.BRACES, Shape.TWO_BRACES):
            return self._braces(piece, raw)
        code = {
            Shape.EDITING: "editing",
            Shape.WEIGHT: "weight",
            Shape.NETWORK: "network",
            Shape.KEYWORD: "keyword",
        }.get(piece.shape, "more")
        return self._explained(piece, code, raw)

    def _square(self, piece: Piece, raw: str) -> str:
        name = normalise_name(piece.body)
        if name_problem(name) is not None:
            return self._explained(piece, "less", raw)
        if self.tool in _A1111_KIN:
            return self._explained(piece, "less", raw)
        marked = any(other.shape in _A1111_MARKS for other in self.pieces)
        if not marked:
            return raw  # our own language: nothing points elsewhere
        answer = self.answers.get("square")
        if answer == "variable":
            return raw
        if answer == "weight":
            return self._explained(piece, "less", raw)
        self._note(NoteKind.ASKED, "square_unclear", piece)
        self.questions["square"] = Question("square", SQUARE_QUESTION, SQUARE_ANSWERS)
        return _escape(raw)

    def _angle(self, piece: Piece, raw: str) -> str:
        name = normalise_name(piece.body)
        plain = name.casefold() in USUAL_NAMES or " " in name or (name.isupper() and len(name) > 2)
        identity = f"angle:{variable_key(name)}"
        answer = self.answers.get(identity)
        if answer == "embedding":
            return self._explained(piece, "embedding", raw)
        if plain or answer == "variable":
            return self._converted(piece, "angle", name) or raw
        self._note(NoteKind.ASKED, "angle_unclear", piece, name)
        self.questions[identity] = Question(
            identity, ANGLE_QUESTION.format(name=name), ANGLE_ANSWERS
        )
        return raw

    def _braces(self, piece: Piece, raw: str) -> str:
        if self.tool == "NovelAI":
            return self._explained(piece, "more", raw)
        jinja = _JINJA_DEFAULT.fullmatch(piece.body) if piece.shape is Shape.TWO_BRACES else None
        if jinja:
            return self._with_default(piece, jinja.group(1), jinja.group(2)) or raw
        if "|" in piece.body:
            return self._variants(piece, raw)
        found = self._converted(piece, "braces", piece.body)
        if found is None and (match := _WITH_DEFAULT.fullmatch(piece.body)):
            found = self._with_default(piece, match.group(1), match.group(2))
        return found or self._explained(piece, "braces_unclear", raw)

    def _variants(self, piece: Piece, raw: str) -> str:
        found = options(piece.body)
        if found is None:
            return self._explained(piece, "variants_unclear", raw)
        choices, weighted = found
        name = self._free_name(suggested_name(choices))
        code = "variants_weighted" if weighted else "variants"
        self._note(NoteKind.CONVERTED, code, piece, name)
        return f"[{name}: {' | '.join(choices)}]"

    def _dollar(self, piece: Piece) -> str | None:
        """`${x}`, `${x:-fox}`, and dynamic prompts' `${x=!{a|b}}`, which shows nothing itself."""
        if (match := _ASSIGNED_OPTIONS.fullmatch(piece.body)) is not None:
            found = options(match.group(2))
            name = normalise_name(match.group(1))
            if found is None or name_problem(name) is not None:
                return None
            self.assigned[variable_key(name)] = f"[{name}: {' | '.join(found[0])}]"
            self._note(NoteKind.CONVERTED, "assignment", piece, name)
            return "" if self._used_again(piece, name) else self._slot(name)
        if (match := _WITH_DEFAULT.fullmatch(piece.body)) is not None:
            return self._with_default(piece, match.group(1), match.group(2))
        return self._converted(piece, "braces", piece.body)

    def _used_again(self, piece: Piece, name: str) -> bool:
        return any(
            other.start > piece.start
            and other.shape in (Shape.DOLLAR, Shape.BRACES, Shape.TWO_BRACES)
            and variable_key(other.body) == variable_key(name)
            for other in self.pieces
        )

    def _with_default(self, piece: Piece, raw_name: str, raw_default: str) -> str | None:
        name, default = normalise_name(raw_name), normalise_value(raw_default)
        if name_problem(name) or not default or value_problem(default) or "|" in default:
            return None
        if self._used_again(piece, name) and piece.shape is Shape.DOLLAR:
            self.assigned[variable_key(name)] = f"[{name}={default}]"
            self._note(NoteKind.CONVERTED, "assignment", piece, name)
            return ""
        self._note(NoteKind.CONVERTED, "braces", piece, name)
        return f"[{name}={default}]"

    def _converted(self, piece: Piece, code: str, raw_name: str) -> str | None:
        """The slot for a name; None where it cannot be one."""
        name = normalise_name(raw_name)
        if name_problem(name) is not None:
            return None
        self._note(NoteKind.CONVERTED, code, piece, name)
        return self._slot(name)

    def _slot(self, name: str) -> str:
        return self.assigned.pop(variable_key(name), f"[{name}]")

    def _explained(self, piece: Piece, code: str, raw: str) -> str:
        self._note(NoteKind.EXPLAINED, code, piece)
        return _escape(raw)

    def _note(self, kind: NoteKind, code: str, piece: Piece, name: str = "") -> None:
        sentence = SENTENCES[code].format(name=name) if name else SENTENCES[code]
        self.notes.append(Note(kind, code, piece.start, piece.end, sentence))

    def _free_name(self, name: str) -> str:
        number, free = 1, name
        while variable_key(free) in self.names:
            number += 1
            free = f"{name[: MAX_NAME_CHARACTERS - 4]} {number}"
        self.names.add(variable_key(free))
        return free


def _escape(text: str) -> str:
    """The text with every bracket that is not escaped already written as a literal one."""
    return _UNESCAPED.sub(
        lambda match: match.group() if len(match.group()) > 1 else "\\" + match.group(), text
    )
