"""flask models: what runs them, and having listings verified again by hand."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from marketplace.core.errors import NotFoundError
from marketplace.core.unit_of_work import unit_of_work
from marketplace.core.web.request_scope import services
from marketplace.verification.changes import health, operations

models = AppGroup("models", help="Target models: their workers, and what follows a change.")


@models.command("changed")
@click.argument("engine")
@click.option("--note", default="", help="What changed, in words that the public history shows.")
def changed(engine: str, note: str) -> None:
    """Have every live listing on ENGINE verified again, best-selling first, within the budget.

    ENGINE is a target model's source, such as "house". Changes of weights and libraries are
    noticed by the workers themselves; this is for those that nobody can see from here.
    """
    try:
        with unit_of_work(services().database) as session:
            change = operations.declare(session, engine, note)
            concerned = len(operations.affected_versions(session, change))
    except NotFoundError as error:
        raise click.ClickException(error.message) from None
    click.echo(f"{concerned} listing{'' if concerned == 1 else 's'} will be verified again.")


@models.command("workers")
def workers() -> None:
    """List the workers heard of lately, those out of service first."""
    with unit_of_work(services().database) as session:
        found = health.known_workers(session)
        for row in found:
            checked = f"{row.checked_at:%Y-%m-%d %H:%M} UTC" if row.checked_at else "never"
            click.echo(f"{row.state.value:9}  {row.engine}  {row.name}  checked {checked}")
            if row.message:
                click.echo(f"           {row.message}")
    if not found:
        click.echo("No worker has reported lately.")
