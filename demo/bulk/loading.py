"""Loads bulk listings, all in one transaction: a load that is killed leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from demo.bulk import indexes, naming, pictures, planning, prompts, searching, statements
from demo.bulk.meaning import Composer
from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.database import Database
from marketplace.core.unit_of_work import unit_of_work
from marketplace.listings.catalogue import load_catalogue
from marketplace.listings.models import Category, Listing, TargetModel
from marketplace.listings.tiers import Tier
from marketplace.orders.models import Order
from marketplace.sentences.encoder import encoder_of

PICTURES, PROMPTS = 300, 400
SEARCH_TABLES = ("search_documents", "search_vectors")
_PER_SELLER = 50
_QUICK = (
    # Rows are consistent by construction, and checking each of them would take most of the time.
    "SET LOCAL session_replication_role = replica",
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL lock_timeout = '60s'",
    "SET LOCAL maintenance_work_mem = '2GB'",
    "SET LOCAL max_parallel_maintenance_workers = 2",
    "SET LOCAL work_mem = '128MB'",
)

Progress = Callable[[str, int, int], None]
"""Told after each step: what is being done, how many are done, of how many."""


class BulkRefusedError(RuntimeError):
    """Bulk listings must not, or cannot, be made here; the message says how to mend it."""


@dataclass
class _Batch:
    """What is remembered of the plan once it is in the database."""

    ids: list[str] = field(default_factory=list)
    published: list[datetime] = field(default_factory=list)
    places: list[tuple[int, ...]] = field(default_factory=list)


def refuse(parts: Services) -> None:
    """Raises BulkRefusedError in production, and where somebody has bought something."""
    settings = parts.settings
    if settings.production:
        raise BulkRefusedError("Bulk listings are never made with BRACKET_ENV=production.")
    if settings.stripe_api_base is None:
        raise BulkRefusedError(
            "Bulk listings are for a shop with play money: set STRIPE_API_BASE (`make up` does)."
        )
    with unit_of_work(parts.database) as session:
        if session.scalar(select(Order.id).limit(1)) is not None:
            raise BulkRefusedError(
                "This database holds orders. Bulk listings go into one without any: start with "
                "DEMO=0 and a STATE_DIR of its own."
            )
        if not session.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")):
            raise BulkRefusedError(
                "The database's role must be a superuser, to load without checking row by row. "
                "The embedded database's is."
            )


def load(
    parts: Services, listings: int, seed: int, progress: Progress, drawn: int = PICTURES
) -> None:
    """Add so many live listings with sellers, pictures, proof and search rows.

    Args:
        drawn: how many different pictures they share.

    Raises:
        BulkRefusedError: see refuse.
    """
    refuse(parts)
    shared = []
    for number, picture in enumerate(pictures.store(parts.blobs, drawn, seed), start=1):
        shared.append(picture)
        progress("pictures", number, drawn)
    with unit_of_work(parts.database) as session:
        for statement in _QUICK:
            session.execute(text(statement))
        _load_tables(session, parts, shared, listings, seed, progress)
    _tidy(parts.database)


def _tidy(database: Database) -> None:
    """What the server would do by itself an hour later: indexes then answer without the rows."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in SEARCH_TABLES:
            connection.execute(text(f"VACUUM (ANALYZE) {table}"))


def _load_tables(
    session: Session,
    parts: Services,
    shared: Sequence[pictures.Picture],
    listings: int,
    seed: int,
    progress: Progress,
) -> None:
    if session.scalar(select(func.count()).select_from(Category)) == 0:
        load_catalogue(session)
        session.flush()
    before = session.scalar(select(func.count()).select_from(Listing)) or 0
    searching.driver(session).execute(statements.STAGING)
    _stage_shared(session, parts, shared, seed)
    encoder = encoder_of(parts.settings)
    composer = Composer(encoder, seed) if encoder is not None else None
    batch = _stage_plan(session, before, listings, seed, composer, len(shared), progress)
    tables = list(statements.MAKING)
    # Into a full table a few rows are put as usual.
    many = listings > before
    aside = indexes.put_aside(session, [*tables, *SEARCH_TABLES]) if many else {}
    for number, statement in enumerate(statements.MAKING.values(), start=1):
        session.execute(text(statement))
        progress("rows", number, len(tables))
    _finish(session, [aside.get(table, []) for table in tables], tables, "indexes", progress)
    _load_search(session, parts, batch, composer, seed, progress)
    rest = [aside.get(table, []) for table in SEARCH_TABLES]
    _finish(session, rest, SEARCH_TABLES, "search indexes", progress)
    searching.count_facets(session)
    searching.count_words(session, batch.ids, parts.settings)


def _stage_shared(
    session: Session, parts: Services, shared: Sequence[pictures.Picture], seed: int
) -> None:
    cursor = searching.driver(session).cursor()
    with cursor.copy("COPY bulk_pictures FROM STDIN") as sink:
        for number, picture in enumerate(shared):
            sink.write_row((number, picture.original_key, picture.derivatives))
    with cursor.copy("COPY bulk_prompts FROM STDIN") as sink:
        for number, one in enumerate(prompts.pool(parts.vault, PROMPTS, seed)):
            fills = f"[{','.join(one.fills)}]"
            texts = (one.skeleton, one.variables, one.word_count, fills)
            sink.write_row((number, one.sealed, one.fingerprint, *texts))


def _stage_plan(
    session: Session,
    before: int,
    listings: int,
    seed: int,
    composer: Composer | None,
    drawn: int,
    progress: Progress,
) -> _Batch:
    moment, batch = now(), _Batch()
    models = session.scalars(select(TargetModel)).all()
    rows = planning.plan(
        before,
        listings,
        seed,
        sellers=_open_shops(session, listings, seed, moment),
        categories=session.scalars(select(Category.slug).order_by(Category.position)).all(),
        offers=[planning.offer_of(one) for one in models if one.tier_now is not Tier.ARCHIVED],
        prompts=PROMPTS,
        pictures=drawn,
        moment=moment,
    )
    copy = f"COPY bulk_plan ({', '.join(planning.COLUMNS)}) FROM STDIN"
    with searching.driver(session).cursor().copy(copy) as sink:
        for number, one in enumerate(rows, start=1):
            sink.write_row(one.row)
            batch.ids.append(one.listing_id)
            batch.published.append(one.published_at)
            if composer is not None:
                batch.places.append(composer.places(one.parts))
            if number % 5_000 == 0 or number == listings:
                progress("texts", number, listings)
    session.execute(text("ANALYZE bulk_plan"))
    return batch


def _open_shops(session: Session, listings: int, seed: int, moment: datetime) -> list[str]:
    """Sellers who can be paid, with accounts that nobody can log in to; returns their ids."""
    first = session.scalar(select(func.count()).select_from(SellerProfile)) or 0
    shops = naming.shops(first, max(5, listings // _PER_SELLER), seed)
    cursor = searching.driver(session).cursor()
    columns = "id, email, display_name, active, fs_uniquifier, confirmed_at"
    with cursor.copy(f"COPY users ({columns}) FROM STDIN") as sink:
        for identifier, person, _, handle in shops:
            email = f"{handle}@bulk.example"
            sink.write_row((identifier, email, person, True, f"bulk-{identifier}", moment))
    columns = "user_id, handle, display_name, bio, transfers_status"
    with cursor.copy(f"COPY seller_profiles ({columns}) FROM STDIN") as sink:
        for identifier, person, name, handle in shops:
            sink.write_row((identifier, handle, name, f"{person} sells made-up prompts.", "active"))
    return [identifier for identifier, *_ in shops]


def _load_search(
    session: Session,
    parts: Services,
    batch: _Batch,
    composer: Composer | None,
    seed: int,
    progress: Progress,
) -> None:
    total, done = len(batch.ids), {"documents": 0, "embeddings": 0}

    def step(what: str) -> searching.Step:
        def more(count: int) -> None:
            done[what] += count
            progress(what, done[what], total)

        return more

    searching.write_documents(session, batch.ids, parts.settings, step("documents"))
    searching.spread_demand(session, batch.ids, batch.published, now(), seed)
    searching.set_levels(session)
    if composer is not None:
        more = step("embeddings")
        searching.write_vectors(session, batch.ids, batch.places, composer, more)


def _finish(
    session: Session,
    aside: Sequence[Sequence[indexes.Index]],
    tables: Sequence[str],
    what: str,
    progress: Progress,
) -> None:
    """Make the indexes anew and let the planner know what is in the tables."""
    total, done = sum(map(len, aside)) + 1, 0
    for group in aside:
        for _ in indexes.make_anew(session, group):
            done += 1
            progress(what, done, total)
    for table in tables:
        session.execute(text(f"ANALYZE {table}"))
    progress(what, total, total)
