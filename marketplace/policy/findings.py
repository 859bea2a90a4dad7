"""What a check has to say, and how much it weighs."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import StrEnum

Span = tuple[int, int]
"""Start and end in characters of the field's text as the seller wrote it; the end is past it."""


class Severity(StrEnum):
    """How much a finding weighs. None rejects by itself: a moderator decides."""

    HARD = "hard"
    """As a rule the listing cannot be sold like this."""
    SOFT = "soft"
    """Somebody should look."""
    NOTE = "note"
    """Advice."""

    @property
    def rank(self) -> int:
        """0 for the heaviest."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing noticed in a submission; shown to its seller and to the moderator at work."""

    code: str
    """Key of a reason code (data/reason_codes.json)."""
    severity: Severity
    field: str
    """title, summary, description, tags.0, template, negative_prompt, model, samples, listing."""
    span: Span | None = dataclasses.field(repr=False)
    """Where in the field; None where the field as a whole is meant."""
    explanation: str = dataclasses.field(repr=False)
    """Plain words. It may name what was found, so it is as secret as the prompt."""
    fix: str
    rule: str
    """Which check found it, such as ``words.slur``: precision is counted per rule. Not secret."""
