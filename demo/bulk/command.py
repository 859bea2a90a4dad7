"""flask demo bulk: a catalogue of any size, for measuring and for looking around in."""

from __future__ import annotations

import sys
import time
from typing import Any

import click

from demo.bulk.loading import BulkRefusedError, load
from marketplace.core.web.request_scope import services


@click.command("bulk")
@click.option("--listings", type=click.IntRange(1, 5_000_000), required=True, help="How many.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, other texts.")
def bulk(listings: int, seed: int) -> None:
    """Add so many made-up live listings, with sellers, pictures, reports and search.

    Their proof is made up as well: for measuring, never for a shop that people buy in. A million
    take some minutes and about 10 GB; the tables are locked until all is there.
    """
    began, bars = time.monotonic(), Bars()
    try:
        load(services(), listings, seed, bars.progress)
    except BulkRefusedError as error:
        raise click.ClickException(str(error)) from None
    seconds = time.monotonic() - began
    click.echo(f"{listings:,} listings added in {seconds:,.0f} s.")


class Bars:
    """One progress bar after the other."""

    def __init__(self) -> None:
        self._bars: dict[str, Any] = {}

    def progress(self, what: str, done: int, total: int) -> None:
        """Show how far a step is."""
        if what not in self._bars:
            bar = click.progressbar(
                length=total, label=f"{what:<14}", show_pos=True, file=sys.stderr
            )
            self._bars[what] = bar.__enter__()
        bar = self._bars[what]
        bar.update(done - bar.pos)
        if done >= total:
            bar.__exit__(None, None, None)
