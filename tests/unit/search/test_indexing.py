"""Documents follow the listings, whatever happens to whom, and hold public text only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.listings import operations as listings
from marketplace.listings.models import Category, Listing, TargetModel
from marketplace.listings.states import ListingState
from marketplace.search import documents, embedding, indexing
from marketplace.search.conditions import COLUMNS
from marketplace.search.counts import count_all
from marketplace.search.cube import cube_of
from marketplace.search.models import (
    SearchCount,
    SearchDocument,
    SearchPending,
    SearchSeller,
    SearchVector,
    SearchWord,
)
from marketplace.search.wanted import Facet
from tests.factories.accounts import make_seller, make_user
from tests.factories.listings import SECRET_WORD, make_in_review
from tests.factories.search import Stock, put_on_sale
from tests.factories.shop import make_on_sale, make_purchase


class FakeEncoder:
    """Vectors that say how long a text is."""

    name = "fake"

    def encode(self, words: str) -> Any:
        """A vector of the text's length."""
        import numpy as np

        return np.full(384, len(words) / 1000, dtype=np.float32)


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> FakeEncoder:
    """Every part of search finds this encoder."""
    fake = FakeEncoder()
    monkeypatch.setattr(embedding, "encoder_of", lambda settings: fake)
    monkeypatch.setattr(indexing, "encoder_of", lambda settings: fake)
    return fake


def waiting(session: Session, kind: str) -> int:
    session.rollback()
    query = select(func.count()).select_from(SearchPending).where(SearchPending.kind == kind)
    return session.scalar(query) or 0


def document(session: Session, listing_id: str) -> SearchDocument | None:
    session.rollback()
    session.expire_all()
    return session.get(SearchDocument, listing_id)


def test_a_listing_is_found_once_it_is_live_and_never_before_or_after(
    session: Session, services: Services
) -> None:
    seller = make_seller(session, name="Mira Holm")
    listing = make_in_review(session, services, seller)
    session.commit()
    indexing.update(services)
    assert document(session, listing.id) is None
    live = make_on_sale(session, services, seller, title="Tall ships", tags=("sea",))
    assert waiting(session, "document") > 0
    indexing.update(services)
    found = document(session, live.id)
    assert found is not None
    assert (found.title_key, found.tier, found.verified) == ("tall ships", "exact", True)
    assert (found.has_variables, found.sales, found.price_band) == (True, 0, 1)
    assert found.trending == pytest.approx(weeks(live.published_at), abs=1e-6)
    assert waiting(session, "document") == 0
    listings.withdraw(session, session.merge(live), seller.user_id)
    session.commit()
    indexing.update(services)
    assert document(session, live.id) is None


def weeks(moment: Any) -> float:
    return float((moment - now().replace(2026, 1, 1, 0, 0, 0, 0)) / timedelta(weeks=1))


def test_every_change_that_shows_leaves_a_note_and_others_none(
    session: Session, services: Services
) -> None:
    seller = make_seller(session, name="Mira Holm")
    live = make_on_sale(session, services, seller)
    draft = make_in_review(session, services, seller)
    buyer = make_user(session)
    session.commit()
    indexing.update(services)
    changes: list[tuple[Any, dict[str, Any]]] = [
        (update(Listing).where(Listing.id == live.id), {"title": "New words"}),
        (update(Listing).where(Listing.id == live.id), {"price_cents": 499}),
        (
            update(SellerProfile).where(SellerProfile.user_id == seller.user_id),
            {"display_name": "M"},
        ),
        (update(Category).where(Category.slug == live.category_slug), {"name": "Walls"}),
        (update(TargetModel).where(TargetModel.slug == "house-full"), {"name": "House One"}),
    ]
    for statement, values in changes:
        session.execute(statement.values(values))
        session.commit()
        assert waiting(session, "document") == 1, values
        indexing.update(services)
    found = document(session, live.id)
    assert found is not None
    assert (found.title_key, found.price_band) == ("new words", 3)
    names = [name for _, _, name in documents.texts_of(session, [live.id])]
    assert "Walls" in names[0]
    assert session.scalar(select(SearchSeller.name_key)) == "m"
    for statement, values in (
        (update(Listing).where(Listing.id == draft.id), {"title": "Nobody sees this"}),
        (update(Listing).where(Listing.id == live.id), {"submitted_at": now()}),
        (update(SellerProfile), {"bio": "about me"}),
    ):
        session.execute(statement.values(values))
        session.commit()
        assert waiting(session, "document") == 0, values
    before = found.trending
    make_purchase(session, buyer, session.get_one(Listing, live.id))
    indexing.update(services)
    found = document(session, live.id)
    assert found is not None
    assert (found.sales, found.trending > before) == (1, True)


def test_no_word_of_a_prompt_reaches_any_table_of_search(
    session: Session, services: Services, encoder: FakeEncoder
) -> None:
    """The prompt holds words, a variable, a default and choices that no public text holds."""
    hidden = ("zanzibar", "quokka", "mauve", "tangerine", "moat")
    live = make_on_sale(
        session,
        services,
        make_seller(session),
        prompt="zanzibar paper [quokka=mauve] by a [moat: tangerine | noon]",
    )
    indexing.update(services)
    assert document(session, live.id) is not None
    for table in ("documents", "vectors", "pictures", "pending", "words", "sellers", "counts"):
        rows = session.execute(text(f"SELECT t::text FROM search_{table} AS t")).scalars()
        found = " ".join(rows).lower()
        assert not [word for word in (*hidden, SECRET_WORD) if word in found], table
    body = documents.texts_of(session, [live.id])[0][2].lower()
    assert not [word for word in hidden if word in body]


def test_a_worker_that_dies_loses_nothing(
    session: Session, services: Services, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_sale(services, Stock("Red fox"), Stock("Grey heron"))
    session.add_all([SearchPending(kind="document", subject="0000000000000")])
    session.commit()

    def dies(*_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(embedding, "embed", dies)
        with pytest.raises(SystemExit):
            indexing.update(services)
    assert (waiting(session, "document"), waiting(session, "embed")) == (0, 2)
    indexing.update(services)
    assert waiting(session, "embed") == 2  # taken: another worker may be at it
    session.execute(update(SearchPending).values(taken_until=now() - timedelta(seconds=1)))
    session.commit()
    indexing.update(services)
    assert waiting(session, "embed") == 0
    assert session.scalar(select(func.count()).select_from(SearchVector)) == 2


def test_only_texts_that_changed_are_embedded_again(
    session: Session, services: Services, encoder: FakeEncoder
) -> None:
    (fox,) = put_on_sale(services, Stock("Red fox"))
    indexing.update(services)
    for values, expected in (({"price_cents": 399}, 0), ({"description": "Longer words"}, 1)):
        session.execute(update(Listing).where(Listing.id == fox).values(values))
        session.commit()
        with services.database.new_session() as other:
            indexing.write(other, [fox], services.settings)
            other.commit()
        assert waiting(session, "embed") == expected
        indexing.update(services)
    vector = session.get_one(SearchVector, fox)
    assert vector.text_digest == session.get_one(SearchDocument, fox).text_digest


def test_without_an_encoder_embeddings_wait_and_words_are_ready(
    session: Session, services: Services
) -> None:
    (fox,) = put_on_sale(services, Stock("Red fox", tags=("watercolour",)))
    indexing.update(services)
    assert document(session, fox) is not None
    assert waiting(session, "embed") == 1
    words = {row.word: row.stem for row in session.scalars(select(SearchWord))}
    assert words["watercolour"] == "watercolour"
    assert "fox" in words


def test_a_rebuild_makes_everything_anew_and_tells_how_far_it_is(
    session: Session, services: Services, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = put_on_sale(services, *(Stock(f"Boat number {n}", tags=("sea",)) for n in range(5)))
    session.execute(text("TRUNCATE search_documents, search_words, search_pending CASCADE"))
    session.execute(
        update(Listing).where(Listing.id == ids[0]).values(state=ListingState.WITHDRAWN)
    )
    session.execute(text("SET session_replication_role = origin"))
    session.commit()
    assert count_all(cube_of(session, 0), {}).total == 0
    monkeypatch.setattr(indexing, "BATCH", 2)
    seen: list[tuple[str, int, int]] = []
    assert indexing.rebuild(services, lambda *step: seen.append(step)) == 4
    session.rollback()
    assert set(session.scalars(select(SearchDocument.listing_id))) == set(ids[1:])
    assert seen[:2] == [("documents", 2, 4), ("documents", 4, 4)]
    assert seen[-1][0::2] == ("embeddings", 4)
    assert session.get_one(SearchWord, "sea").documents == 4
    seen.clear()
    indexing.rebuild(services, lambda *step: seen.append(step))
    assert [step for step in seen if step[0] == "embeddings"] == []  # nothing had changed


def test_tiers_in_documents_are_those_of_versions(session: Session, services: Services) -> None:
    models = ["house-full", "sd-1-5", "gpt-image-2", "midjourney"]
    ids = put_on_sale(services, *(Stock("Tier", model=slug) for slug in models))
    for listing_id in ids:
        listing = session.get_one(Listing, listing_id)
        assert listing.live_version is not None
        found = session.get_one(SearchDocument, listing_id)
        assert found.tier == listing.live_version.tier.value
    # Nothing is on sale for a model that is switched off; it may be a mistake that is mended.
    for day, there in ((now().date(), False), (now().date() + timedelta(days=9), True)):
        session.execute(
            update(TargetModel).where(TargetModel.slug == "sd-1-5").values(retired_on=day)
        )
        session.commit()
        indexing.update(services)
        assert (document(session, ids[1]) is not None) == there
        assert document(session, ids[0]) is not None


def test_counts_are_right_after_every_kind_of_change(session: Session, services: Services) -> None:
    ids = put_on_sale(
        services,
        Stock("One", cents=199, consistency=0.95, reproduced=True),
        Stock("Two", cents=499, category="posters", variables=2),
        Stock("Three", cents=499, model="house-fast"),
    )
    session.execute(update(Listing).where(Listing.id == ids[0]).values(price_cents=499))
    session.execute(
        text("INSERT INTO listing_ratings (listing_id, four, five) VALUES (:id, 1, 2)"),
        {"id": ids[1]},
    )
    session.commit()
    indexing.write(session, ids, services.settings)
    session.execute(
        update(Listing).where(Listing.id == ids[2]).values(state=ListingState.WITHDRAWN)
    )
    indexing.write(session, ids, services.settings)
    session.commit()
    cell = [getattr(SearchCount, name) for name in COLUMNS.values()]
    kept = session.execute(select(*cell, SearchCount.listings).where(SearchCount.listings > 0))
    same = [getattr(SearchDocument, name) for name in COLUMNS.values()]
    counted = session.execute(select(*same, func.count()).group_by(*same))
    assert sorted(map(tuple, kept)) == sorted(map(tuple, counted))
    counts = count_all(cube_of(session, 0), {Facet.CATEGORY: ("posters",)})
    assert counts.total == 1
    assert counts.by_facet[Facet.CATEGORY] == {"posters": 1, "wallpapers": 1}
    assert counts.by_facet[Facet.RATING] == {"3": 1, "4": 1, "4.5": 1}
    assert counts.by_facet[Facet.VARIABLES] == {"yes": 1}
    document_of_two = session.get_one(SearchDocument, ids[1])
    assert document_of_two.rating_rank == pytest.approx((3.5 * 5 + 14) / 8)
    session.execute(text("TRUNCATE search_documents CASCADE"))
    assert count_all(cube_of(session, 0), {}).total == 0
