"""flask image: what a picture's file says about its making."""

from __future__ import annotations

import json
from pathlib import Path

import click
from flask.cli import AppGroup

from marketplace.images import MAX_BYTES
from marketplace.images.metadata import read_settings
from marketplace.listings.catalogue import registry_models
from marketplace.listings.recognising import recognise

image = AppGroup("image", help="What picture files say about themselves.")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@image.command("metadata")
@click.argument("file", type=FILE)
def metadata(file: Path) -> None:
    """Print the generation settings in FILE (PNG, JPEG or WebP) as JSON.

    Besides what the file says, "recognised" says what of it this shop's registry knows. Needs no
    database. A file without settings gives an empty answer and exit code 0.
    """
    with file.open("rb") as stream:
        settings = read_settings(stream.read(MAX_BYTES + 1))
    known = recognise(settings, registry_models())
    answer = settings.as_json() | {
        "recognised": {
            "model": known.model.slug if known.model else None,
            "suggestions": {
                name: {"field": one.form_field, "value": one.value, "note": one.note}
                for name, one in known.suggestions.items()
            },
            "notes": list(known.notes),
        }
    }
    click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
