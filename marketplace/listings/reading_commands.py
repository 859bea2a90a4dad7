"""flask image, flask prompt: what a picture's file says, and what there is to say of a prompt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO

import click
from flask import current_app
from flask.cli import AppGroup

from marketplace.images import MAX_BYTES
from marketplace.images.metadata import read_settings
from marketplace.listings.availability import installation
from marketplace.listings.catalogue import registry_models
from marketplace.listings.hints import lint_context
from marketplace.listings.models import TargetModel
from marketplace.listings.recognising import recognise
from marketplace.prompts.importing import import_template
from marketplace.prompts.lint import estimated_tokens, lint
from marketplace.settings import Settings

image = AppGroup("image", help="What picture files say about themselves.")
prompt = AppGroup("prompt", help="Prompts, looked at without a database.")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
MAX_PROMPT_CHARACTERS = 100_000


@image.command("metadata")
@click.argument("file", type=FILE)
def metadata(file: Path) -> None:
    """Print the generation settings in FILE (PNG, JPEG or WebP) as JSON.

    Besides what the file says, "recognised" says what of it this shop's registry knows. Needs no
    database. A file without settings gives an empty answer and exit code 0.
    """
    with file.open("rb") as stream:
        settings = read_settings(stream.read(MAX_BYTES + 1))
    known = recognise(settings, registry_models(installation(_settings())))
    _print(
        settings.as_json()
        | {
            "recognised": {
                "model": known.model.slug if known.model else None,
                "suggestions": {
                    name: {"field": one.form_field, "value": one.value, "note": one.note}
                    for name, one in known.suggestions.items()
                },
                "notes": list(known.notes),
            }
        }
    )


@prompt.command("lint")
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--model", "slug", help="Target model, by its slug in target_models.json.")
@click.option("--negative", default="", help="A negative prompt to go with it.")
@click.option("--tool", help="Tool that the prompt comes from, such as A1111 or NovelAI.")
def lint_command(file: IO[str], slug: str | None, negative: str, tool: str | None) -> None:
    """Print remarks on the prompt in FILE (or - for standard input) as JSON.

    "findings" are the lint's remarks, "import" is the prompt as a template of ours with notes on
    what was converted, explained or is asked, "tokens" its length. Offsets count characters from
    nought. Nothing here fails a prompt: the exit code is 0 whatever is found.
    """
    text = file.read(MAX_PROMPT_CHARACTERS).replace("\r\n", "\n").rstrip("\n")
    context = lint_context(_settings(), _model(slug), negative_prompt=negative)
    imported = import_template(text, tool)
    counted = context.count_tokens
    _print(
        {
            "findings": [finding.as_json() for finding in lint(text, context)],
            "import": {
                "changed": imported.changed,
                "template": imported.source,
                "notes": [note.as_json() for note in imported.notes],
                "questions": [
                    {"id": one.id, "sentence": one.sentence, "answers": dict(one.answers)}
                    for one in imported.questions
                ],
            },
            "tokens": {
                "count": counted(text) if counted else estimated_tokens(text),
                "counted": counted is not None,
                "limit": context.token_limit,
            },
        }
    )


def _model(slug: str | None) -> TargetModel | None:
    if slug is None:
        return None
    models = {model.slug: model for model in registry_models()}
    if slug not in models:
        raise click.UsageError(f"No such model. Take one of: {', '.join(models)}.")
    return models[slug]


def _settings() -> Settings:
    settings: Settings = current_app.extensions["bracket"].settings
    return settings


def _print(answer: object) -> None:
    click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
