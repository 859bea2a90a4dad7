"""flask demo: fills an empty local marketplace with people, listings, cases and purchases."""

from __future__ import annotations

import os

import click
from flask.cli import AppGroup

from demo.bulk.command import bulk
from demo.loader import Loader, LoaderError
from demo.progress import standing, tally
from demo.reading import read_script
from demo.samples import Studio
from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.core.web.request_scope import services
from workers.engines.contract import EngineError
from workers.engines.registry import build_registry

demo = AppGroup("demo", help="Demo content for a local marketplace.")
demo.add_command(bulk)
NICENESS = 5
"""The site and the worker come first: the loader may take what they leave."""


@demo.command("load")
@click.option("--only", type=click.IntRange(min=1), help="Load so many listings, not all.")
def load(only: int | None) -> None:
    """Make everything that is not there yet; needs the stack's workers beside it."""
    parts = services()
    refuse_unless_local(parts)
    script = read_script()
    if only is not None:
        script = script.first(only)
    os.nice(NICENESS)
    studio = Studio(parts, script, build_registry(parts.settings.house_model_dir))
    try:
        Loader(parts, script, studio, click.echo).run()
    except (LoaderError, EngineError) as error:
        raise click.ClickException(str(error)) from None


@demo.command("status")
def status() -> None:
    """Say where each demo listing stands."""
    script = read_script()
    with unit_of_work(services().database) as session:
        states = standing(session, script)
    for listing in script.listings:
        click.echo(f"{states[listing.key]:<14}{listing.title}")
    click.echo(tally(states) + ".")


def refuse_unless_local(parts: Services) -> None:
    """Demo accounts have a public password and pay with play money: never where it is real.

    Raises:
        click.ClickException: in production, without the emulator, or without the model.
    """
    settings = parts.settings
    if settings.production:
        raise click.ClickException("Demo content is never loaded with BRACKET_ENV=production.")
    if settings.stripe_api_base is None:
        raise click.ClickException(
            "Demo content pays on the local Stripe emulator: set STRIPE_API_BASE (`make up` does)."
        )
    if not (settings.house_model_dir / "model_index.json").is_file():
        raise click.ClickException(
            "The house model's weights are missing from HOUSE_MODEL_DIR; `make train` makes them."
        )
