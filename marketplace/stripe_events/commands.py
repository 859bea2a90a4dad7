"""flask stripe: the inbox of webhooks from the command line."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from marketplace.accounts.queries import user_by_email
from marketplace.core.errors import DomainError
from marketplace.core.unit_of_work import unit_of_work
from marketplace.core.web.request_scope import services
from marketplace.orders.desk import acts
from marketplace.orders.desk.models import Act
from marketplace.stripe_events.operations import retry_dead
from marketplace.stripe_events.queries import dead_events

stripe = AppGroup("stripe", help="Stripe's webhooks.")
MOST = 1000


@stripe.command("retry-dead")
@click.argument("event_ids", nargs=-1)
@click.option("--by", "email", required=True, help="Your account's e-mail: the act is kept.")
def retry(event_ids: tuple[str, ...], email: str) -> None:
    """Try events again that were given up: those named, or all of them."""
    with unit_of_work(services().database) as session:
        person = user_by_email(session, email)
        if person is None:
            raise click.ClickException("There is no account with this address.")
        person_id = person.id
        chosen = event_ids or [event.id for event in dead_events(session, MOST, 0)]
    failed = 0
    for event_id in chosen:
        try:
            with unit_of_work(services().database) as session:
                retry_dead(session, services().queue, event_id, person_id)
                acts.record(session, Act.RETRY_EVENT, person_id, subject=event_id)
        except DomainError as error:
            failed += 1
            click.echo(f"{event_id}: {error.message}", err=True)
    click.echo(f"{len(chosen) - failed} of {len(chosen)} are being tried again.")
    if failed:
        raise click.exceptions.Exit(1)
