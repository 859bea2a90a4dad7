"""flask users: accounts and roles from the command line."""

from __future__ import annotations

import click
from flask.cli import AppGroup
from flask_security import hash_password

from marketplace.accounts import operations
from marketplace.accounts.queries import user_by_email
from marketplace.core.errors import DomainError
from marketplace.core.permissions import Role
from marketplace.core.unit_of_work import unit_of_work
from marketplace.core.web.request_scope import services

users = AppGroup("users", help="Accounts and their roles.")
MIN_PASSWORD = 10


@users.command("create")
@click.argument("email")
@click.option("--name", default="", help="The name that others see; the address's first part.")
@click.option(
    "--password",
    prompt=True,
    hide_input=True,
    confirmation_prompt=True,
    help="Asked for when absent, so that it stays out of the shell's history.",
)
def create(email: str, name: str, password: str) -> None:
    """Create a confirmed account."""
    if len(password) < MIN_PASSWORD:
        raise click.ClickException(f"The password needs at least {MIN_PASSWORD} characters.")
    try:
        with unit_of_work(services().database) as session:
            user = operations.create_user(session, email, hash_password(password), name)
            address = user.email
    except DomainError as error:
        raise click.ClickException(error.message) from None
    click.echo(f"Created {address}.")


@users.command("grant-role")
@click.argument("email")
@click.argument("role", type=click.Choice([role.value for role in Role]))
def grant_role(email: str, role: str) -> None:
    """Give an account a role. Sellers opt in by themselves, for they need a profile."""
    with unit_of_work(services().database) as session:
        user = user_by_email(session, email)
        if user is None:
            raise click.ClickException("There is no account with this address.")
        changed = operations.grant_role(session, user, Role(role))
    click.echo(f"{email} is {role} now." if changed else f"{email} was {role} already.")
