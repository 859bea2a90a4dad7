"""flask policy: check texts from the command line, write the guidelines."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, BinaryIO

import click
from flask.cli import AppGroup

from marketplace.policy import Finding, SubmissionError, check, guidelines, read_submission
from marketplace.screening.model_facts import facts_of_slug

policy = AppGroup("policy", help="Policy checks of listings' texts.")
MAX_BYTES = 1_000_000


@policy.command("check")
@click.argument("file", type=click.File("rb"))
def check_command(file: BinaryIO) -> None:
    """Check the texts in FILE (- for standard input) and print the findings as JSON.

    FILE holds one JSON object with title, summary, description, tags, template and
    negative_prompt, as far as there are any; "model" may name a target model. The exit code is 0
    whatever is found, and 2 where FILE is no such object.
    """
    data = _object(file)
    try:
        slug = data.get("model")
        if slug is not None and not isinstance(slug, str):
            raise SubmissionError("model must be a target model's key in quotes.", field="model")
        found = check(read_submission(data, facts_of_slug(slug) if slug else None))
    except SubmissionError as error:
        raise click.UsageError(error.message) from None
    click.echo(json.dumps([as_dict(finding) for finding in found], ensure_ascii=False, indent=2))


@policy.command("guidelines")
def guidelines_command() -> None:
    """Write docs/guidelines.md anew from the list of reason codes."""
    click.echo(f"Wrote {guidelines.write().name}.")


def as_dict(finding: Finding) -> dict[str, Any]:
    """A finding as JSON: the span as [start, end) in characters, or null."""
    values = dataclasses.asdict(finding)
    return values | {"span": list(finding.span) if finding.span else None}


def _object(file: BinaryIO) -> dict[str, Any]:
    """The JSON object in a file. Raises UsageError, exit code 2, saying what is wrong with it."""
    raw = file.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise click.UsageError(f"The file is larger than {MAX_BYTES:,} bytes.")
    try:
        data = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise click.UsageError("The file is not UTF-8; save it as UTF-8.") from None
    except json.JSONDecodeError as error:
        raise click.UsageError(
            f"This is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    except RecursionError:
        raise click.UsageError("The JSON is nested too deeply.") from None
    if not isinstance(data, dict):
        raise click.UsageError('Give one JSON object, such as {"template": "…"}.')
    return data
