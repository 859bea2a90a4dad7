"""flask search: the site's search on the command line, and building it anew."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import Any, BinaryIO

import click
from flask.cli import AppGroup
from sqlalchemy import func, select

from marketplace.core.unit_of_work import unit_of_work
from marketplace.core.web.request_scope import services
from marketplace.images import UploadError, read_upload
from marketplace.listings.models import Listing
from marketplace.search import indexing
from marketplace.search.finding import Found, Hit, find
from marketplace.search.looks import image_encoder_of
from marketplace.search.models import SearchDocument, SearchPending, SearchPicture, SearchVector
from marketplace.search.signature import sign
from marketplace.search.wanted import Sort, Wanted
from marketplace.sentences.encoder import encoder_of


class WordsOrCommand(AppGroup):
    """`flask search "red fox"` searches; `flask search rebuild` is a command."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Whatever is no command's name is looked for; a lone option belongs to the search too."""
        first = args[0] if args else ""
        if self.get_command(ctx, first) is None:
            args = ["for", *args]
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep click from reading the search's own options as the group's."""
        if args and args[0].startswith("-") and args[0] not in ("--help", "-h"):
            args = ["for", *args]
        return super().parse_args(ctx, args)


search = WordsOrCommand(
    "search",
    help='Search as the site does: flask search "red fox" [--image FILE] [--json].',
)


@search.command("for")
@click.argument("words", nargs=-1)
@click.option("--image", type=click.File("rb"), help="A picture, alone or together with words.")
@click.option("--sort", type=click.Choice([sort.value for sort in Sort]), help="The order.")
@click.option("--limit", type=click.IntRange(1, 200), default=24, help="At most so many listings.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def look_for(
    words: tuple[str, ...],
    image: BinaryIO | None,
    sort: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """The first results for words, a picture, or both; without either, what is trending."""
    settings = services().settings
    look = ""
    if image is not None:
        try:
            look = sign(read_upload(image).image, image_encoder_of(settings)).text
        except UploadError as error:
            raise click.ClickException(error.message) from None
    wanted = Wanted(q=" ".join(words), look=look)
    wanted = replace(wanted, sort=Sort(sort) if sort else wanted.default_sort)
    with unit_of_work(services().database) as session:
        found = find(session, settings, wanted, limit)
        ids = [hit.listing_id for hit in found.hits]
        listings = {
            listing.id: listing
            for listing in session.scalars(select(Listing).where(Listing.id.in_(ids)))
        }
        documents = select(SearchDocument.listing_id, SearchDocument.consistency)
        percents = {
            row.listing_id: row.consistency
            for row in session.execute(documents.where(SearchDocument.listing_id.in_(ids)))
        }
    rows = [
        _row(hit, listings[hit.listing_id], percents.get(hit.listing_id))
        for hit in found.hits
        if hit.listing_id in listings
    ]
    click.echo(json.dumps(_whole(found, rows), indent=2) if as_json else _lines(found, rows))


@search.command("rebuild")
def rebuild() -> None:
    """Make all of search anew from the live listings; the site goes on meanwhile."""
    bars: dict[str, Any] = {}

    def progress(what: str, done: int, total: int) -> None:
        if what not in bars:
            bars[what] = click.progressbar(
                length=total, label=f"{what:<11}", show_pos=True, file=sys.stderr
            )
            bars[what].__enter__()
        bars[what].update(done - bars[what].pos)
        if done >= total:
            bars[what].__exit__(None, None, None)

    total = indexing.rebuild(services(), progress)
    note = "" if encoder_of(services().settings) else " No sentence encoder: words only."
    click.echo(f"Search holds {total:,} listings.{note}")


@search.command("status")
def status() -> None:
    """How much is indexed, and what still waits."""
    with unit_of_work(services().database) as session:
        for label, table in (
            ("documents", SearchDocument),
            ("embeddings", SearchVector),
            ("pictures", SearchPicture),
        ):
            number = session.scalar(select(func.count()).select_from(table))
            click.echo(f"{label}: {number:,}")
        waiting = select(SearchPending.kind, func.count()).group_by(SearchPending.kind)
        for kind, number in session.execute(waiting):
            click.echo(f"waiting, {kind}: {number:,}")
    encoder = encoder_of(services().settings)
    click.echo(f"sentence encoder: {encoder.name if encoder else 'none'}")


def _row(hit: Hit, listing: Listing, consistency: int | None) -> dict[str, Any]:
    return {
        "id": listing.id,
        "title": listing.title,
        "path": f"/p/{listing.path}",
        "price_cents": listing.price_cents,
        "consistency": consistency,
        "newcomer": hit.is_newcomer,
        "same_picture": None if hit.picture is None else hit.picture.same,
    }


def _whole(found: Found, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "total": found.counts.total,
        "at_least": found.at_least,
        "corrections": dict(found.corrections),
        "by_meaning": found.by_meaning,
        "results": rows,
    }


def _lines(found: Found, rows: list[dict[str, Any]]) -> str:
    lines = [f"{found.counts.total:,}{'+' if found.at_least else ''} found"]
    for typed, meant in found.corrections.items():
        lines.append(f"searched for {meant} instead of {typed}")
    lines += [f"{row['title']}  {row['path']}" for row in rows]
    return "\n".join(lines)
