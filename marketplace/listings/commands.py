"""flask catalogue: the shop's shelves and target models."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from marketplace.core.unit_of_work import unit_of_work
from marketplace.core.web.request_scope import services
from marketplace.listings.catalogue import load_catalogue

catalogue = AppGroup("catalogue", help="Categories and target models.")


@catalogue.command("load")
def load() -> None:
    """Bring categories and target models to what catalogue.json says; repeating is harmless."""
    with unit_of_work(services().database) as session:
        categories, models = load_catalogue(session)
    click.echo(f"Catalogue: {categories} categories, {models} target models.")
