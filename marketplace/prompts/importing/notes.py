"""What an import has to say: notes and questions, each with its place and a plain sentence."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class NoteKind(StrEnum):
    """What was done with the place that a note is about."""

    CONVERTED = "converted"
    """It is a variable of ours now."""
    EXPLAINED = "explained"
    """It was left as text; the sentence says what it means elsewhere and here."""
    ASKED = "asked"
    """It may mean two things; it was left as text until the question is answered."""


@dataclass(frozen=True, slots=True)
class Note:
    """One remark; `start` and `end` are offsets in the text that was imported."""

    kind: NoteKind
    code: str
    start: int
    end: int
    sentence: str = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "kind": self.kind.value,
            "code": self.code,
            "start": self.start,
            "end": self.end,
            "sentence": self.sentence,
        }


@dataclass(frozen=True, slots=True)
class Question:
    """What only the seller knows; `answers` are (value, words), the likelier one first.

    `id` stays the same however often the text is imported, so that an answer finds its question.
    """

    id: str
    sentence: str = field(repr=False)
    answers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """A converted template's source, what was noted on the way, what is left to ask."""

    source: str = field(repr=False)
    notes: tuple[Note, ...]
    questions: tuple[Question, ...]

    @property
    def changed(self) -> bool:
        """True when anything was converted."""
        return any(note.kind is NoteKind.CONVERTED for note in self.notes)
