"""flask corpus: takes collections of pictures from elsewhere into the copy search.

The command hashes pictures, so it lives with the workers; app.py adds it to the flask command.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click
from flask.cli import AppGroup

from marketplace.core.container import Services
from marketplace.core.errors import DomainError
from marketplace.core.unit_of_work import unit_of_work
from marketplace.core.web.request_scope import services
from marketplace.verification import corpora
from marketplace.verification.corpora import HashedPicture
from workers.search.importing import files_below, hash_file, in_batches, ref_of

corpus = AppGroup("corpus", help="Pictures from elsewhere that samples are compared with.")


@corpus.command("import")
@click.argument(
    "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR"
)
@click.option("--name", required=True, help="What moderators know the corpus by.")
@click.option("--licence", required=True, help="Under which its pictures may be used.")
@click.option("--note", default="", help="Where it comes from.")
def import_corpus(folder: Path, name: str, licence: str, note: str) -> None:
    """Hash every picture below DIR; run again to go on after an interruption."""
    parts = services()
    try:
        with unit_of_work(parts.database) as session:
            corpus_id = corpora.open_corpus(session, name, licence, note).id
    except DomainError as error:
        raise click.ClickException(error.message) from None
    total = sum(1 for _ in files_below(folder))
    outcome: Counter[str] = Counter()
    with click.progressbar(length=total, label=f"Hashing {total} files") as bar:
        for names in in_batches(files_below(folder)):
            outcome += _take_in(parts, corpus_id, folder, names)
            bar.update(len(names))
    new, known = outcome.pop("new", 0), outcome.pop("known", 0)
    with unit_of_work(parts.database) as session:
        count = corpora.count_items(session, corpus_id, outcome.total()).item_count
    click.echo(f"{new} new, {known} known already, {outcome.total()} refused; {count} in {name}.")
    for code, files in sorted(outcome.items()):
        click.echo(f"  refused as {code}: {files}")


@corpus.command("list")
def list_corpora() -> None:
    """Name, size and licence of every corpus."""
    with unit_of_work(services().database) as session:
        for one in corpora.all_corpora(session):
            click.echo(f"{one.name}: {one.item_count} pictures, {one.licence}. {one.note}".rstrip())


@corpus.command("remove")
@click.argument("name")
@click.confirmation_option(prompt="Remove the corpus and all its hashes?")
def remove_corpus(name: str) -> None:
    """Remove a corpus; hits that were recorded stay readable."""
    parts = services()
    try:
        with unit_of_work(parts.database) as session:
            corpus_id = corpora.corpus_named(session, name).id
    except DomainError as error:
        raise click.ClickException(error.message) from None
    more = True
    while more:
        with unit_of_work(parts.database) as session:
            more = corpora.remove_some(session, corpus_id)
    click.echo(f"{name} was removed.")


def _take_in(parts: Services, corpus_id: str, folder: Path, names: list[str]) -> Counter[str]:
    """Hash and commit one batch; returns how many were new, known, or refused by reason."""
    from workers.fingerprints.hashes import DEFINITION_VERSION  # heavy: only where it is used

    outcome: Counter[str] = Counter()
    refs = [ref for name in names if (ref := ref_of(name)) is not None]
    outcome["no_text_name"] += len(names) - len(refs)
    with unit_of_work(parts.database) as session:
        known = corpora.known_refs(session, corpus_id, refs, DEFINITION_VERSION)
    outcome["known"] += len(known)
    taken: list[HashedPicture] = []
    for ref in refs:
        if ref in known:
            continue
        result = hash_file(folder, ref)
        if isinstance(result, HashedPicture):
            taken.append(result)
            outcome["new"] += 1
        else:
            outcome[result.code] += 1
    with unit_of_work(parts.database) as session:
        corpora.store_items(session, corpus_id, taken)
    return +outcome
