"""All checks of one submission, in a fixed order: the same texts give the same findings."""

from __future__ import annotations

from collections.abc import Iterator

from marketplace.policy import (
    breadth,
    entities,
    minors,
    model_rules,
    pairs,
    shapes,
    tone,
    wording,
    words,
)
from marketplace.policy.findings import Finding, Span
from marketplace.policy.matching import Views
from marketplace.policy.odd_words import odd_words
from marketplace.policy.passages import Passage, passages_of
from marketplace.policy.phrases import without_innocent
from marketplace.policy.submission import Submission, check_template

POLICY_VERSION = "2026.11.4"
"""Changes with every change of a list or a rule; findings are kept per version."""
_FIELDS = (
    "model",
    "title",
    "summary",
    "description",
    "tags",
    "template",
    "negative_prompt",
    "guide",
)


def check(submission: Submission, tone_of: tone.Tone | None = None) -> list[Finding]:
    """Everything there is to say about a submission, the heaviest first.

    Args:
        tone_of: who judges tone; by default the small model that comes with its library.

    Raises:
        SubmissionError: when the template cannot be parsed.
    """
    check_template(submission.template)
    passages = [(passage, _views(passage)) for passage in passages_of(submission)]
    title = [view.plain.tokens for passage, view in passages if passage.field == "title"]
    context = {word for tokens in title for word in tokens}
    names = [
        named for passage, views in passages for named in entities.names_in(passage, views, context)
    ]
    found = [*entities.findings_of(names)]
    found += _word_findings(passages, tone_of or tone.ProfanityCheck())
    found += shapes.findings_of(
        shaped
        for passage, _ in passages
        for shaped in shapes.shaped_in(passage, _taken(found, passage.field), odd_words())
    )
    found += breadth.findings_of(submission, names)
    found += wording.findings_of(submission)
    found += model_rules.findings_of(submission)
    return _in_order(found)


def _taken(found: list[Finding], field: str) -> list[Span]:
    """The places of a field where something was found already."""
    return [one.span for one in found if one.field == field and one.span is not None]


def _views(passage: Passage) -> Views:
    return Views(passage.text, passage.origin)


def _word_findings(passages: list[tuple[Passage, Views]], tone_of: tone.Tone) -> Iterator[Finding]:
    spotted: list[words.Spotted] = []
    young: dict[str, list[tuple[int, int]]] = {}
    heard: list[tuple[str, str]] = []
    for passage, views in passages:
        mine = words.words_in(passage, views)
        spotted += mine
        if passage.field != "negative_prompt":
            young.setdefault(passage.field, []).extend(minors.minors_in(passage, views))
        yield from words.undressing_findings(passage, views)
        yield from pairs.findings_of(passage, views)
        if not mine and not passage.seams and passage.field != "negative_prompt":
            heard.append((passage.field, without_innocent(views.plain)))
    yield from words.findings_of(spotted)
    sexual = [one.field for one in spotted if one.word.code == "SEXUAL"]
    for field, spans in young.items():
        yield from minors.findings_of(field, spans, spotted)
    yield from minors.across(
        (field for field, spans in young.items() if spans),
        (field for field in sexual if field != "negative_prompt"),
    )
    yield from tone.findings_of(heard, tone_of)


def _in_order(found: list[Finding]) -> list[Finding]:
    """The heaviest first, then by field and place; what was found twice at a place stands once."""
    kept: dict[tuple[str, str, object], Finding] = {}
    for finding in found:
        key = (finding.code, finding.field, finding.span)
        other = kept.get(key)
        if other is None or finding.severity.rank < other.severity.rank:
            kept[key] = finding
    return sorted(kept.values(), key=_place)


def _place(finding: Finding) -> tuple[int, int, str, tuple[int, int], str, str]:
    base = finding.field.partition(".")[0]
    field = _FIELDS.index(base) if base in _FIELDS else len(_FIELDS)
    span = finding.span or (-1, -1)
    return (finding.severity.rank, field, finding.field, span, finding.code, finding.rule)
