"""What is checked: a listing's texts, and facts about its model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from marketplace.core.errors import InvalidError
from marketplace.prompts import TemplateError, parse

TEXT_FIELDS = ("title", "summary", "description", "template", "negative_prompt")
MAX_CHARACTERS = 20_000
MAX_TAGS = 100


class SubmissionError(InvalidError):
    """Something that is no submission; the message says how to mend it."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What the rules need to know of a target model."""

    slug: str
    name: str
    known: bool = True
    open: bool = True
    """Sellers may choose it today."""
    family: str = ""
    negative_prompt: bool = False
    prompt_tokens: int | None = None
    """Tokens it reads before the rest is cut off; None for no known limit."""
    weights: bool = False
    """It understands ``(word:1.3)``."""
    flags: bool = False
    """It understands ``--ar 16:9``."""
    trigger_words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Submission:
    """A listing as its seller wrote it. Secret texts are kept out of ``repr``.

    An empty text says nothing is there; it is not an error here.
    """

    template: str = field(repr=False)
    title: str = ""
    summary: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    negative_prompt: str = field(default="", repr=False)
    guide: str = field(default="", repr=False)
    """What only buyers read of how to use it."""
    model: ModelFacts | None = None
    """None where it is not known; rules about models are then left out."""
    idle_variables: frozenset[str] = frozenset()
    """Variables that changed nothing in the pictures of the consistency report, by key."""


def read_submission(data: Any, model: ModelFacts | None = None) -> Submission:
    """A submission from JSON: an object with title, description, tags, template, negative_prompt.

    Raises:
        SubmissionError: for anything else, saying which field and what it should be.
        TemplateError: when the template cannot be parsed.
    """
    if not isinstance(data, Mapping):
        raise SubmissionError('Give one JSON object, such as {"template": "…"}.')
    known = {*TEXT_FIELDS, "tags", "model"}
    strange = sorted(str(name) for name in data if name not in known)
    if strange:
        raise SubmissionError(
            f"Unknown field {strange[0]!r}. Known are: {', '.join(sorted(known))}.",
            field=strange[0],
        )
    submission = Submission(
        template=_text(data, "template"),
        title=_text(data, "title"),
        summary=_text(data, "summary"),
        description=_text(data, "description"),
        tags=_tags(data.get("tags")),
        negative_prompt=_text(data, "negative_prompt"),
        model=model,
    )
    if not submission.template.strip():
        raise SubmissionError("There is no template to check; give one.", field="template")
    check_template(submission.template)
    return submission


def check_template(source: str) -> None:
    """Raises TemplateError, with every mistake's line and column, where it cannot be parsed."""
    try:
        parse(source)
    except TemplateError as error:
        raise SubmissionError(
            f"The template, line {error.line}, column {error.column}: {error.message}",
            error.code,
            field="template",
        ) from None


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise SubmissionError(f"{name} must be a text in quotes.", field=name)
    if len(value) > MAX_CHARACTERS:
        raise SubmissionError(f"{name} is longer than {MAX_CHARACTERS} characters.", field=name)
    return value


def _tags(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        value = [tag.strip() for tag in value.split(",") if tag.strip()]
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise SubmissionError("tags must be a list of texts.", field="tags")
    if len(value) > MAX_TAGS or any(len(tag) > MAX_CHARACTERS for tag in value):
        raise SubmissionError(f"At most {MAX_TAGS} tags, please.", field="tags")
    return tuple(value)
