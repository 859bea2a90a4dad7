"""flask demo bulk: whole pages of made-up listings, and where it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import func, inspect, select, text
from sqlalchemy.orm import Session

from demo.bulk import loading, naming, prompts
from demo.bulk.loading import BulkRefusedError, load
from demo.bulk.meaning import copy_rows
from demo.bulk.wording import MAX_TITLE, Writer, read_lists
from marketplace.accounts.models import SellerProfile
from marketplace.core.container import Services
from marketplace.core.ids import is_id
from marketplace.core.vault import PromptVault
from marketplace.listings.models import Listing, ListingVersion
from marketplace.prompts import parse
from marketplace.search.models import SearchCount, SearchDocument, SearchPending, SearchWord
from marketplace.settings import Environment
from tests.factories.accounts import make_user
from tests.factories.shop import make_purchase
from tests.fixtures.app import PROMPT_KEY


def quiet(what: str, done: int, total: int) -> None:
    """No progress bar in tests."""


def test_ids_are_ids_in_order_and_never_repeated() -> None:
    one, other = naming.listing_ids(0, 3_000), naming.listing_ids(3_000, 3_000)
    assert all(map(is_id, one))
    assert one == sorted(one)
    assert len({identifier[:11] for identifier in one + other}) == 6_000
    shops = naming.shops(0, 500, seed=1)
    assert len({handle for *_, handle in shops}) == 500


def test_texts_are_many_and_the_same_for_the_same_seed() -> None:
    texts = [Writer(7).write("posters") for _ in range(2)]
    assert texts[0] == texts[1]
    writer = Writer(8)
    many = [writer.write("posters") for _ in range(2_000)]
    assert len({one.title for one in many}) > 1_700
    assert len({one.description for one in many}) > 1_950
    assert all(0 < len(one.title) <= MAX_TITLE for one in many)
    assert not any("{" in one.title + one.description for one in many)


def test_no_word_of_a_prompt_is_made_public() -> None:
    """Phrases that only prompts are made of stand in no skeleton, title or description."""
    lists = read_lists("prompts.toml")
    secret = [*lists["openers"], *lists["mediums"], *lists["finishes"]]
    made = list(prompts.pool(PromptVault([PROMPT_KEY]), 20, seed=1))
    for one in made:
        assert not any(phrase in one.skeleton + one.variables for phrase in secret)
        names = {
            variable.name
            for variable in parse(PromptVault([PROMPT_KEY]).open(one.sealed)).variables
        }
        assert names == {name for name in lists["variables"] if f'"{name}"' in one.variables}
    writer = Writer(1)
    for _ in range(500):
        text_ = writer.write("wallpapers")
        assert not any(phrase in text_.title + text_.description for phrase in secret)


def test_halves_travel_as_postgresql_reads_them(session: Session) -> None:
    vector = np.zeros((1, 384), np.float16)
    vector[0, :3] = (1.0, -0.5, 0.25)
    row = copy_rows(["0123456789abc"], [bytes(32)], "0123456789abcdef", vector)
    # 2 for the number of fields, 4 for each length, and 4 before the halves themselves.
    assert len(row) == 2 + 4 * 4 + 13 + 32 + 16 + 4 + 2 * 384
    assert row[-2 * 384 :][:6] == b"\x3c\x00\xb8\x00\x34\x00"


def test_a_loaded_shop_is_whole(app: Flask, services: Services, session: Session) -> None:
    load(services, 40, 3, quiet, drawn=4)
    assert session.scalar(select(func.count()).select_from(Listing)) == 40
    assert session.scalar(select(func.count()).select_from(SearchDocument)) == 40
    assert session.scalar(select(func.sum(SearchCount.listings))) == 40
    assert session.scalar(select(func.count()).select_from(SearchPending)) == 0
    assert session.scalar(select(func.count()).select_from(SearchWord)) > 50
    assert session.scalar(select(func.max(SearchDocument.sales))) == 3
    assert_nothing_dangles(session)
    client = app.test_client()
    for listing in session.scalars(select(Listing).limit(10)):
        for path in (f"/p/{listing.path}", f"/p/{listing.path}/proof"):
            assert client.get(path).status_code == 200, path
    handle = session.scalar(select(SellerProfile.handle).limit(1))
    for path in ("/", "/browse", "/search?q=calm", f"/s/{handle}"):
        assert client.get(path).status_code == 200, path
    # A second load adds to the first, and finds every index back in its place.
    indexes = index_names(session)
    load(services, 60, 4, quiet, drawn=4)
    assert session.scalar(select(func.count()).select_from(Listing)) == 100
    assert index_names(session) == indexes
    assert_nothing_dangles(session)


def test_the_prompts_are_sealed(services: Services, session: Session) -> None:
    load(services, 5, 3, quiet, drawn=2)
    for sealed in session.scalars(select(ListingVersion.prompt_sealed)):
        assert parse(services.vault.open(sealed)).variables


def test_a_load_that_fails_leaves_nothing(
    services: Services, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    indexes = index_names(session)

    def fail(*_: object) -> None:
        raise LookupError("pulled the plug")

    monkeypatch.setattr(loading.searching, "count_facets", fail)
    with pytest.raises(LookupError):
        load(services, 5, 3, quiet, drawn=2)
    assert session.scalar(select(func.count()).select_from(Listing)) == 0
    assert index_names(session) == indexes


def test_production_and_real_orders_are_refused(services: Services, session: Session) -> None:
    settings = services.settings.model_copy(update={"env": Environment.PRODUCTION})
    with pytest.raises(BulkRefusedError, match="never made"):
        load(Services(**{**vars(services), "settings": settings}), 5, 1, quiet)
    settings = services.settings.model_copy(update={"stripe_api_base": None})
    with pytest.raises(BulkRefusedError, match="STRIPE_API_BASE"):
        load(Services(**{**vars(services), "settings": settings}), 5, 1, quiet)
    load(services, 3, 1, quiet, drawn=2)
    listing = session.scalars(select(Listing).limit(1)).one()
    buyer = make_user(session)
    make_purchase(session, buyer, listing)
    with pytest.raises(BulkRefusedError, match="holds orders"):
        load(services, 3, 2, quiet, drawn=2)


def index_names(session: Session) -> set[str]:
    session.commit()
    return set(
        session.scalars(text("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'"))
    )


def assert_nothing_dangles(session: Session) -> None:
    """Rows were loaded without checks: here every reference of every table is checked."""
    found = inspect(session.connection())
    for table in found.get_table_names():
        for key in found.get_foreign_keys(table):
            own, other = key["constrained_columns"][0], key["referred_columns"][0]
            dangling = session.scalar(
                text(
                    f'SELECT count(*) FROM "{table}" a WHERE a."{own}" IS NOT NULL AND NOT EXISTS '
                    f'(SELECT 1 FROM "{key["referred_table"]}" b WHERE b."{other}" = a."{own}")'
                )
            )
            assert dangling == 0, f"{table}.{own}"
