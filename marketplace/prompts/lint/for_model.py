"""What a prompt's model makes of it: length, weights, negatives, trigger words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from marketplace.prompts.errors import FillError
from marketplace.prompts.filling import example_value, fill
from marketplace.prompts.kinds import typical_values
from marketplace.prompts.lint.findings import Finding, LintContext, Severity
from marketplace.prompts.lint.rules import rules, words
from marketplace.prompts.lint.source import Source
from marketplace.prompts.lint.tokens import START_AND_END, estimated_tokens
from marketplace.prompts.redaction import public_variable
from marketplace.prompts.template import Variable

_WEIGHT = re.compile(r"\([^()\n]{1,400}?:\s*\d{0,4}(?:\.\d{1,6})?\s*\)")
_NETWORK = re.compile(r"<(?:lora|lyco|hypernet):[^<>\n]{1,200}+>", re.IGNORECASE)
_RUN = re.compile(r"\S+")


def for_model(source: Source, context: LintContext) -> Iterator[Finding]:
    """All remarks that depend on the model."""
    yield from _length(source, context)
    yield from _weights(source, context)
    yield from _negatives(source, context)
    yield from _triggers(source, context)


def longest_value(variable: Variable) -> str:
    """The longest of what a variable offers; for free text its default or its own name."""
    offered = [*variable.choices, *variable.examples, *typical_values(public_variable(variable))]
    return max([*offered, variable.default or "", example_value(variable)], key=len)


def _length(source: Source, context: LintContext) -> Iterator[Finding]:
    values = {variable.name: longest_value(variable) for variable in source.template.variables}
    try:
        filled = fill(source.template, values)
    except FillError:
        return
    limit = context.character_limit
    if limit is not None and len(filled) > limit:
        yield Finding(
            "too_many_characters",
            Severity.WARNING,
            limit,
            len(source.text),
            f"Filled with its longest values this has {len(filled)} characters; {context.model} "
            f"takes {limit}.",
            "Shorten it.",
        )
    if context.token_limit is None:
        return
    counted = context.count_tokens is not None
    count = context.count_tokens(filled) if context.count_tokens else estimated_tokens(filled)
    if count <= context.token_limit:
        return
    encoder = rules().encoders.get(context.family)
    name = encoder.name if encoder else "the text encoder"
    consequence = (
        "What comes after is read in a second piece and counts for less against the first"
        if encoder and encoder.chunked
        else "What comes after is not read at all"
    )
    yield Finding(
        "too_long_for_encoder",
        Severity.WARNING,
        _crossing(source, context.token_limit),
        len(source.text),
        f"Filled with its longest values this has {'' if counted else 'about '}{count} tokens"
        f"{'' if counted else ' (an estimate)'}; {name} reads {context.token_limit} at a time. "
        f"{consequence}.",
        "Put what matters first, and take out what adds little.",
    )


def _crossing(source: Source, limit: int) -> int:
    """About where the limit is passed: the offset of the first word beyond it."""
    pieces = [(match.start(), match.group()) for match in _RUN.finditer(source.text)]
    pieces += [(slot.start, longest_value(slot.variable)) for slot in source.slots]
    total = START_AND_END
    for start, text in sorted(pieces):
        total += estimated_tokens(text) - START_AND_END
        if total > limit:
            return start
    return 0


def _weights(source: Source, context: LintContext) -> Iterator[Finding]:
    encoder = rules().encoders.get(context.family)
    if encoder is not None and not encoder.weights:
        for match in _WEIGHT.finditer(source.text):
            yield Finding(
                "weights_not_read",
                Severity.WARNING,
                *match.span(),
                f"{context.model or 'This model'} does not read weights; it sees brackets, a colon "
                "and a number.",
                "Say in words what matters most, and say it first.",
            )
    for match in _NETWORK.finditer(source.text):
        yield Finding(
            "network_not_loaded",
            Severity.WARNING,
            *match.span(),
            "No LoRA is loaded here: this is read as words, and pictures made with it cannot be "
            "made again.",
            "Take it out, and make the samples anew without it.",
        )


def _negatives(source: Source, context: LintContext) -> Iterator[Finding]:
    if context.takes_negative is not False:
        return
    if context.negative_prompt.strip():
        yield Finding(
            "negative_not_taken",
            Severity.WARNING,
            0,
            0,
            f"{context.model or 'This model'} takes no negative prompt; it would have no effect.",
            "Say in the prompt what should be there instead.",
        )
    for start, end in rules().negations.spans(source.text):
        yield Finding(
            "negation",
            Severity.HINT,
            start,
            end,
            "Models draw what is named, often also after a “no” or “without”.",
            "Name what should be there instead: an empty street rather than no people.",
        )


def _triggers(source: Source, context: LintContext) -> Iterator[Finding]:
    everything = f"{source.text} {source.offered()}"
    for trigger in context.trigger_words:
        if not words([trigger]).found_in(everything):
            yield Finding(
                "no_trigger_word",
                Severity.WARNING,
                0,
                0,
                f"{context.model or 'This model'} was tuned to answer to “{trigger}”, which is "
                "not in the prompt.",
                f"Write {trigger} at the beginning.",
            )
