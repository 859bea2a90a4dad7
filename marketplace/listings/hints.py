"""Hints for a seller on one prompt: the lint with what the registry knows of the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from marketplace.listings.models import Sample, TargetModel
from marketplace.listings.tokenizing import token_counter
from marketplace.prompts.lint import Finding, LintContext, Severity, lint
from marketplace.settings import Settings


@dataclass(frozen=True, slots=True)
class Hint:
    """A finding with its place as people count; `place` is empty for the prompt as a whole."""

    code: str
    is_warning: bool
    place: str
    explanation: str = field(repr=False)
    suggestion: str = field(repr=False)


def lint_context(
    settings: Settings,
    model: TargetModel | None,
    samples: Sequence[Sample] = (),
    negative_prompt: str = "",
) -> LintContext:
    """What the lint is told of a target model; nothing where none has been chosen."""
    values = [sample.values for sample in samples]
    if model is None:
        return LintContext(negative_prompt=negative_prompt, sample_values=values)
    capability = model.capability
    return LintContext(
        family=model.family,
        model=model.name,
        token_limit=capability.get("prompt_tokens"),
        character_limit=capability.get("prompt_characters"),
        takes_negative=capability.get("negative_prompt"),
        trigger_words=model.trigger_words,
        negative_prompt=negative_prompt,
        sample_values=values,
        count_tokens=token_counter(settings, model),
    )


def hints(prompt: str, context: LintContext) -> list[Hint]:
    """The lint's findings for a page, warnings first; none of them keeps anything back."""
    source = prompt.replace("\r\n", "\n").replace("\r", "\n")
    found = [_hint(source, finding) for finding in lint(source, context)]
    return sorted(found, key=lambda hint: not hint.is_warning)


def _hint(source: str, finding: Finding) -> Hint:
    line = source.count("\n", 0, finding.start) + 1
    column = finding.start - source.rfind("\n", 0, finding.start)
    return Hint(
        finding.code,
        finding.severity is Severity.WARNING,
        f"line {line}, column {column}" if finding.end else "",
        finding.explanation,
        finding.suggestion,
    )
