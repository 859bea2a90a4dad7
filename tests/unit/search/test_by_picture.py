"""Pictures of ours that are the same as, or like, somebody's."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.gateways.blobs import public_key
from marketplace.images.hashes import fingerprint
from marketplace.search import indexing
from marketplace.search.by_picture import alike, hash_keys
from marketplace.search.finding import find
from marketplace.search.looks import Look
from marketplace.search.models import SearchPicture
from marketplace.search.signature import sign
from marketplace.search.wanted import Facet, Sort, Wanted
from tests.factories.search import Stock, photo, put_on_sale

NAMES = ["aa" * 32, "bb" * 32, "cc" * 32]


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


@pytest.fixture
def ids(services: Services) -> list[str]:
    """Three listings, each with a re-run of its own; the third was not reproduced."""
    stock = []
    for number, name in enumerate(NAMES):
        services.blobs.put(public_key(f"{name}.jpg"), jpeg(photo(number)), "image/jpeg")
        prints = [(fingerprint(photo(number)), name)]
        stock.append(Stock(f"Number {number}", reproduced=number < 2, prints=prints))
    made = put_on_sale(services, *stock)
    indexing.update(services)
    return made


def test_keys_are_the_databases_own(session: Session) -> None:
    prints = fingerprint(photo(1))
    for kind, data in ((0, prints.pdq), (1, prints.dct256)):
        bits = "".join(f"{byte:08b}" for byte in data)
        stored = session.scalar(select(text(f"search_hash_keys(B'{bits}', {kind})")))
        assert stored == hash_keys(data, kind, flips=False)
        assert set(stored) <= set(hash_keys(data, kind, flips=True))


def test_only_our_own_pictures_of_verified_listings_are_there(
    session: Session, services: Services, ids: list[str]
) -> None:
    rows = session.scalars(select(SearchPicture)).all()
    assert {row.listing_id for row in rows} == set(ids[:2])
    assert {row.derivatives[0]["jpeg"] for row in rows} == {f"{name}.jpg" for name in NAMES[:2]}
    assert all(row.look_by == Look.name for row in rows)


def test_the_same_picture_is_recognised_and_likeness_comes_after(
    session: Session, services: Services, ids: list[str]
) -> None:
    copy = Image.open(io.BytesIO(jpeg(photo(1).resize((96, 96)), 50))).convert("RGB")
    signature = sign(copy, Look())
    found = alike(session, signature, Look())
    assert next(iter(found)) == ids[1]
    assert found[ids[1]].same
    assert found[ids[1]].distance <= 31
    assert ids[2] not in found
    stranger = alike(session, sign(Image.new("RGB", (90, 90), "white"), Look()), Look())
    assert not any(likeness.same for likeness in stranger.values())


def test_a_search_by_picture_has_facets_and_an_order_like_any_other(
    session: Session, services: Services, ids: list[str]
) -> None:
    look = sign(photo(0), Look()).text
    wanted = Wanted(look=look, sort=Sort.RELEVANCE)
    found = find(session, services.settings, wanted)
    assert found.hits[0].listing_id == ids[0]
    assert found.hits[0].picture is not None
    assert found.hits[0].picture.same
    nothing = find(
        session,
        services.settings,
        Wanted(look=look, chosen={Facet.MODEL: ("house-fast",)}, sort=Sort.RELEVANCE),
    )
    assert nothing.hits == []
    assert nothing.counts.whole[Facet.MODEL] == found.counts.total
    both = find(session, services.settings, Wanted(q="Number 1", look=look, sort=Sort.RELEVANCE))
    assert {hit.listing_id for hit in both.hits} >= {ids[0], ids[1]}
    assert find(session, services.settings, Wanted(look="AAAA", sort=Sort.RELEVANCE)).hits == []


def test_a_picture_whose_file_is_gone_is_still_found_by_its_hash(
    session: Session, services: Services
) -> None:
    prints = [(fingerprint(photo(5)), "dd" * 32)]
    (listing_id,) = put_on_sale(services, Stock("Gone", reproduced=True, prints=prints))
    indexing.update(services)
    found = alike(session, sign(photo(5), Look()), Look())
    assert found[listing_id].same
