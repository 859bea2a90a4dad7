"""flask commands, gathered from the features."""

from __future__ import annotations

import click
from cryptography.fernet import Fernet
from flask import Flask, current_app
from flask.cli import AppGroup

from marketplace.accounts.commands import users
from marketplace.core import migrate
from marketplace.listings.commands import catalogue
from marketplace.listings.reading_commands import image, prompt
from marketplace.orders.desk.commands import money, reconcile_command
from marketplace.screening.commands import policy
from marketplace.search.commands import search
from marketplace.stripe_events.commands import stripe
from marketplace.verification.changes.commands import models
from marketplace.verification.commands import proof

database = AppGroup("db", help="The database's tables.")
keys = AppGroup("keys", help="Keys that encrypt prompts.")


@database.command("upgrade")
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Bring the tables up to date."""
    migrate.upgrade(current_app.extensions["bracket"].settings.database_url, revision)


@keys.command("new")
def new_key() -> None:
    """Print a fresh key for PROMPT_KEYS."""
    click.echo(Fernet.generate_key().decode())


def register(app: Flask) -> None:
    """Add all command groups."""
    groups: tuple[AppGroup, ...] = (database, keys, users, catalogue, image, prompt, proof)
    groups += (models, policy, money, stripe, search)
    for group in groups:
        app.cli.add_command(group)
    app.cli.add_command(reconcile_command)
