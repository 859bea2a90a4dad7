"""What a provider's moderation says, in the policy's terms; and what is sent to it."""

from __future__ import annotations

from collections.abc import Sequence

from marketplace.gateways.text_moderation import Opinion
from marketplace.policy import Finding, Severity, Submission
from marketplace.screening.recording import Noted

_CODES = (
    ("sexual/minors", "MINOR_SAFETY", Severity.HARD),
    ("sexual", "SEXUAL", Severity.SOFT),
    ("hate", "OFFENSIVE", Severity.SOFT),
    ("harassment", "OFFENSIVE", Severity.SOFT),
    ("self-harm", "OFFENSIVE", Severity.SOFT),
    ("violence/graphic", "OFFENSIVE", Severity.SOFT),
    ("illicit", "OFFENSIVE", Severity.NOTE),
    ("violence", "OFFENSIVE", Severity.NOTE),
)
"""Categories by their beginning, the first that fits; a category that nobody knows is a note."""


def texts_for(submission: Submission, with_prompts: bool) -> list[tuple[str, str]]:
    """(field, text) of what is sent: what is public anyway, and prompts only where allowed.

    Args:
        with_prompts: the owner has switched on that prompts leave this installation.
    """
    public = {
        "title": submission.title,
        "summary": submission.summary,
        "description": submission.description,
        "tags": ", ".join(submission.tags),
    }
    names = ("template", "negative_prompt", "guide")
    secret = {name: getattr(submission, name) for name in names}
    chosen = public | (secret if with_prompts else {})
    return [(field, text) for field, text in chosen.items() if text.strip()]


def findings_of(fields: Sequence[str], opinions: Sequence[Opinion], who: str) -> list[Noted]:
    """At most one finding per field and code, the heaviest."""
    found: dict[tuple[str, str], Finding] = {}
    for field, opinion in zip(fields, opinions, strict=True):
        for category, score in opinion.categories:
            code, severity = _code_of(category)
            finding = Finding(
                code=code,
                severity=severity,
                field=field,
                span=None,
                explanation=f"The moderation service {who} calls it “{category}” ({score:.0%}).",
                fix="Read it once more as a stranger would.",
                rule=f"hosted.{category.partition('/')[0]}"[:40],
            )
            other = found.get((field, code))
            if other is None or severity.rank < other.severity.rank:
                found[(field, code)] = finding
    return [Noted(finding) for finding in found.values()]


def _code_of(category: str) -> tuple[str, Severity]:
    for beginning, code, severity in _CODES:
        if category == beginning or category.startswith(beginning + "/"):
            return code, severity
    return "OFFENSIVE", Severity.NOTE
