"""A small shop: two sellers, four live listings, and one still in review."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.container import Services
from marketplace.core.money import Money
from marketplace.listings.models import Listing
from marketplace.search import indexing
from tests.factories.accounts import make_seller
from tests.factories.listings import make_in_review
from tests.factories.shop import make_on_sale
from tests.fixtures.scenes import Stage


@dataclass(frozen=True)
class Shop:
    """What is on the shelves, newest first, and what is not."""

    mira: SellerProfile
    tide: SellerProfile
    fox: Listing
    castle: Listing
    harbour: Listing
    badge: Listing
    unseen: Listing


@pytest.fixture
def shop(session: Session, services: Services, stage: Stage[dict[str, str]]) -> Shop:
    """The shop, committed."""
    ids = dict(stage("shop", lambda: _open_shop(session, services)))
    sellers = {name: session.get_one(SellerProfile, ids.pop(name)) for name in ("mira", "tide")}
    return Shop(**sellers, **{name: session.get_one(Listing, key) for name, key in ids.items()})


def _open_shop(session: Session, services: Services) -> dict[str, str]:
    """Build it; returns ids by the names in Shop."""
    mira = make_seller(session, name="Mira Holm", handle="mira-holm")
    tide = make_seller(session, name="Tideline", handle="tideline")

    def sell(seller: SellerProfile, hours: int, cents: int, **words: object) -> Listing:
        return make_on_sale(session, services, seller, hours_ago=hours, price=Money(cents), **words)

    fox = sell(mira, 1, 299, title="Paper-cut foxes", category_slug="posters", tags=("fox",))
    castle = sell(mira, 2, 499, title="Castles at dusk", category_slug="posters", tags=("dusk",))
    harbour = sell(
        tide,
        3,
        199,
        title="Harbour mornings",
        tags=("dusk", "sea"),
        description="Boats and water in soft light; a fox watches from the quay now and then.",
    )
    badge = sell(
        tide,
        4,
        299,
        title="Round badges",
        target_model_slug="house-fast",
        steps=10,
        tags=("icon",),
    )
    unseen = make_in_review(session, services, mira, title="Fox that nobody may see yet")
    session.commit()
    indexing.update(services)
    listings = {"fox": fox, "castle": castle, "harbour": harbour, "badge": badge, "unseen": unseen}
    ids = {name: listing.id for name, listing in listings.items()}
    return {"mira": mira.user_id, "tide": tide.user_id, **ids}
