"""What the lint is told and what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How much a finding matters; neither kind keeps a prompt from being submitted."""

    HINT = "hint"
    """Something that guides recommend and this prompt does without."""
    WARNING = "warning"
    """Something that very likely does not work as it was meant."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark. `start` and `end` are offsets in the prompt's source with line breaks as LF;
    both are nought where the remark is about the whole."""

    code: str
    severity: Severity
    start: int
    end: int
    explanation: str = field(repr=False)
    suggestion: str = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "start": self.start,
            "end": self.end,
            "explanation": self.explanation,
            "suggestion": self.suggestion,
        }


@dataclass(frozen=True, slots=True)
class LintContext:
    """What a prompt is for; everything may be left out, and its rules are then passed over.

    `family` and `model` are the registry's names. `token_limit` is what the text encoder takes in
    one piece. `count_tokens` counts as the model's own tokenizer does, start and end included;
    without it the number is estimated, and said to be. `takes_negative` None: not known.
    `sample_values` are the values of the samples, to see variables that never vary.
    """

    family: str = ""
    model: str = ""
    token_limit: int | None = None
    character_limit: int | None = None
    takes_negative: bool | None = None
    trigger_words: Sequence[str] = ()
    negative_prompt: str = field(default="", repr=False)
    sample_values: Sequence[Mapping[str, str]] = field(default=(), repr=False)
    count_tokens: Callable[[str], int] | None = field(default=None, repr=False)
