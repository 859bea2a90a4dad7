"""flask reconcile and flask money: the books from the command line."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TextIO

import click
from flask.cli import AppGroup, with_appcontext

from marketplace.core.clock import now
from marketplace.core.money import Money
from marketplace.core.unit_of_work import unit_of_work
from marketplace.core.web.request_scope import services
from marketplace.gateways.payments import PaymentError, PaymentUnavailableError
from marketplace.orders.desk import acts, books, words
from marketplace.orders.desk.forms import moments
from marketplace.orders.desk.models import Act
from marketplace.orders.reconciliation import reconcile
from marketplace.orders.statements import journal

money = AppGroup("money", help="The books.")
DAY = click.DateTime(["%Y-%m-%d"])


@click.command("reconcile")
@click.option("--day", type=DAY, help="Whose orders are added up, in UTC; yesterday when absent.")
@with_appcontext
def reconcile_command(day: datetime | None) -> None:
    """Compare our books with Stripe's; exit code 1 where they differ."""
    when = day.date() if day else now().date() - timedelta(days=1)
    if when > now().date():
        raise click.ClickException("That day is still to come.")
    try:
        made = reconcile(services(), when)
    except PaymentUnavailableError:
        raise click.ClickException("Stripe does not answer; nothing was compared.") from None
    except PaymentError as error:
        raise click.ClickException(f"Stripe refuses its books ({error.code}).") from None
    with unit_of_work(services().database) as session:
        acts.record(session, Act.RECONCILE, None, "on the command line", subject=when.isoformat())
        found = books.reconciliation(session, made.id)
        differences = [one.message for one in found.differences]
    click.echo(f"Our books      {Money(made.ledger_cents)}")
    click.echo(f"Stripe's lines {Money(made.transactions_cents)} ({made.transactions} looked at)")
    click.echo(f"Stripe's balance {Money(made.balance_cents)}")
    click.echo(f"Difference     {Money(made.difference_cents)}")
    click.echo(f"Unexplained    {Money(made.unexplained_cents)}")
    for text in differences:
        click.echo(f"- {text}")
    if differences or made.difference_cents or made.trial_cents:
        raise click.exceptions.Exit(1)


@money.command("trial-balance")
@click.option("--day", type=DAY, help="At the end of this day, in UTC; now when absent.")
def trial_balance(day: datetime | None) -> None:
    """Every account with its balance; exit code 1 where the books do not balance."""
    before = moments(day.date(), day.date())[1] if day else None
    with unit_of_work(services().database) as session:
        balance = books.trial_balance(session, before)
    for group in words.GROUPS:
        for line in balance.groups.get(group, []):
            side = "debit" if line.balance >= 0 else "credit"
            click.echo(f"{group:<12} {line.account:<44} {Money(abs(line.balance))!s:>14} {side}")
    click.echo(f"Debit {Money(balance.debit)}, credit {Money(balance.credit)}")
    if balance.difference:
        click.echo(f"They differ by {Money(balance.difference)}.", err=True)
        raise click.exceptions.Exit(1)


@money.command("export")
@click.option("--from", "start", type=DAY, required=True, help="First day, in UTC.")
@click.option("--to", "end", type=DAY, required=True, help="Last day, in UTC.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file to write; standard output when absent.",
)
def export(start: datetime, end: datetime, out: Path | None) -> None:
    """The journal of some days as CSV, for an accountant."""
    if end < start:
        raise click.ClickException("The last day lies before the first.")
    if end > now().replace(tzinfo=None):
        raise click.ClickException("The last day is still to come.")
    if out is None:
        written = _write(sys.stdout, start, end)
    else:
        with out.open("w", encoding="utf-8", newline="") as file:
            written = _write(file, start, end)
    click.echo(f"{written} postings", err=True)


def _write(file: TextIO, start: datetime, end: datetime) -> int:
    """Write the CSV; returns how many postings it holds."""
    lines = -1
    days = f"{start:%Y-%m-%d} to {end:%Y-%m-%d}"
    with unit_of_work(services().database) as session:
        acts.record(session, Act.EXPORT, None, "on the command line", subject=days)
        first, last = moments(start.date(), end.date())
        for line in books.journal_csv(session, journal(session, first, last)):
            file.write(line)
            lines += 1
    return lines
