"""flask catalogue: the shop's shelves and target models."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from marketplace.core.unit_of_work import unit_of_work
from marketplace.core.web.request_scope import services
from marketplace.listings.availability import installation
from marketplace.listings.catalogue import load_catalogue
from marketplace.listings.queries import target_models

catalogue = AppGroup("catalogue", help="Categories and target models.")


@catalogue.command("load")
def load() -> None:
    """Bring categories and target models to what their files say; repeating is harmless.

    What is offered follows from the settings: run it again after changing them.
    """
    with unit_of_work(services().database) as session:
        categories, models = load_catalogue(session, installation(services().settings))
        offered = sum(model.is_open for model in target_models(session))
    click.echo(
        f"Catalogue: {categories} categories, {models} target models, {offered} of them offered."
    )
