"""All rules over one prompt."""

from __future__ import annotations

from marketplace.prompts.errors import TemplateError
from marketplace.prompts.grammar import parse
from marketplace.prompts.importing import NoteKind, import_template
from marketplace.prompts.lint.contents import clashes, ignored_words, missing_aspects
from marketplace.prompts.lint.findings import Finding, LintContext, Severity
from marketplace.prompts.lint.for_model import for_model
from marketplace.prompts.lint.rules import rules
from marketplace.prompts.lint.source import read_source
from marketplace.prompts.lint.variables import variable_findings

MAX_FINDINGS = 60


def lint(source: str, context: LintContext | None = None) -> list[Finding]:
    """Everything worth saying about a prompt's source, in reading order; warnings before hints
    at one place. Never raises: a template with mistakes gives those mistakes and nothing else.
    """
    context = context or LintContext()
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    try:
        template = parse(source)
    except TemplateError as error:
        return _mistakes(source, error)
    read = read_source(source, template)
    found = list(for_model(read, context))
    found += [*clashes(read), *ignored_words(read, context), *missing_aspects(read)]
    found += variable_findings(read, context, _read_until(found, context))
    found += _foreign(source)
    found.sort(key=lambda one: (one.end == 0, one.start, one.severity is Severity.HINT))
    return found[:MAX_FINDINGS]


def _mistakes(source: str, error: TemplateError) -> list[Finding]:
    starts = [0]
    for line in source.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return [
        Finding(
            "template",
            Severity.WARNING,
            starts[problem.line - 1] + problem.column - 1,
            starts[problem.line - 1] + problem.column,
            problem.message,
            "Mend this first; the other hints follow.",
        )
        for problem in error.problems
    ]


def _read_until(found: list[Finding], context: LintContext) -> int | None:
    """Where reading ends, for encoders that cut instead of reading on in pieces."""
    encoder = rules().encoders.get(context.family)
    if encoder is not None and encoder.chunked:
        return None
    cut = [one.start for one in found if one.code == "too_long_for_encoder"]
    return cut[0] if cut else None


def _foreign(source: str) -> list[Finding]:
    """Brackets of other tools that are still in the prompt."""
    return [
        Finding(
            f"foreign_{note.code}",
            Severity.HINT,
            note.start,
            note.end,
            note.sentence,
            "Convert it, or leave it if it belongs to the text.",
        )
        for note in import_template(source).notes
        # Weights and networks have remarks of their own, which know the model.
        if note.kind is not NoteKind.EXPLAINED or note.code in ("editing", "less", "keyword")
    ]
