"""Whether a prompt speaks the language of its model, by what the registry says of the model."""

from __future__ import annotations

import re
from collections.abc import Iterator

from marketplace.policy.findings import Finding, Severity, Span
from marketplace.policy.submission import ModelFacts, Submission
from marketplace.prompts import example, parse, word_count

TOKENS_PER_WORD = 1.3
"""CLIP's vocabulary needs about so many tokens for an English word, punctuation included."""
_FLAG = re.compile(r"(?<!\S)--[a-z]{1,20}\b")
_WEIGHT = re.compile(r"\([^()\n]{1,200}:\s?\d{1,2}(?:\.\d{1,3})?\)|\({2,}[^()\n]{1,200}\){2,}")
_EXTRA_NETWORK = re.compile(r"<(?:lora|lyco|hypernet|embedding):[^<>\n]{1,100}>", re.I)
_OTHER_BRACKETS = re.compile(r"\$\{[^{}\n]{1,60}\}|\{\{[^{}\n]{1,60}\}\}")


def findings_of(submission: Submission) -> Iterator[Finding]:
    """MODEL_RULES and UNSUPPORTED_MODEL; nothing where the model is not given."""
    yield from _brackets(submission)
    model = submission.model
    if model is None:
        return
    if not model.known or not model.open:
        yield _unsupported(model)
        return
    for name in ("template", "negative_prompt"):
        text = getattr(submission, name)
        yield from _syntax(model, name, text)
    if submission.negative_prompt.strip() and not model.negative_prompt:
        yield _rule(
            "negative_prompt",
            None,
            f"{model.name} takes no negative prompt.",
            "Say in the prompt what should be there instead.",
            "model.negative",
        )
    yield from _length(model, submission)


def _unsupported(model: ModelFacts) -> Finding:
    said = (
        f"{model.name} cannot be chosen at the moment: its maker has switched it off, or this shop "
        "does not run it."
        if model.known
        else "The registry knows no model of this name."
    )
    return Finding(
        "UNSUPPORTED_MODEL",
        Severity.HARD,
        "model",
        None,
        said,
        "Choose one of the offered models and make the samples with it.",
        "model.registry",
    )


def _syntax(model: ModelFacts, name: str, text: str) -> Iterator[Finding]:
    if not model.flags and (match := _FLAG.search(text)):
        yield _rule(
            name,
            match.span(),
            f"{model.name} has no flags; it reads this one as words.",
            "Take the flag out and set size and settings in their fields.",
            "model.flag",
        )
    if not model.weights and (match := _WEIGHT.search(text)):
        yield _rule(
            name,
            match.span(),
            f"{model.name} reads brackets and weights as words.",
            "Say what matters most first instead.",
            "model.weight",
        )
    if match := _EXTRA_NETWORK.search(text):
        yield _rule(
            name,
            match.span(),
            "Our workers load no further networks; this does nothing here.",
            "Take it out and make the samples without it.",
            "model.network",
        )


def _brackets(submission: Submission) -> Iterator[Finding]:
    if match := _OTHER_BRACKETS.search(submission.template):
        yield _rule(
            "template",
            match.span(),
            "This looks like another tool’s variable; here it is text.",
            "Write variables as [name].",
            "model.brackets",
        )


def _length(model: ModelFacts, submission: Submission) -> Iterator[Finding]:
    if model.prompt_tokens is None:
        return
    words = word_count(example(parse(submission.template)))
    if words * TOKENS_PER_WORD > model.prompt_tokens:
        yield _rule(
            "template",
            None,
            f"With {words} words the prompt is longer than the {model.prompt_tokens} tokens that "
            f"{model.name} reads at once: words at the end weigh little or nothing.",
            "Shorten it, or put what matters first.",
            "model.length",
        )


def _rule(name: str, span: Span | None, said: str, fix: str, rule: str) -> Finding:
    return Finding("MODEL_RULES", Severity.SOFT, name, span, said, fix, rule)
