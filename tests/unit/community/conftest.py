"""A seller with two listings on sale, somebody who bought the first, and somebody who did not."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile, User
from marketplace.core.container import Services
from marketplace.listings.models import Listing
from marketplace.orders.models import Entitlement
from tests.factories.accounts import make_seller, make_user
from tests.factories.shop import make_on_sale, make_purchase
from tests.fixtures.scenes import Stage

PROMPT = "velvet paper-cut [subject=fox] under a [sky: sunset | night | noon] sky, deckled edges"
FILLED = "velvet paper-cut heron under a night sky, deckled edges"


@dataclass(frozen=True)
class Street:
    """Who is there and what they have."""

    seller: SellerProfile
    listing: Listing
    other: Listing
    buyer: User
    stranger: User
    right: Entitlement


@pytest.fixture
def street(session: Session, services: Services, stage: Stage[tuple[str, ...]]) -> Street:
    """The street, committed."""
    seller, listing, other, buyer, stranger, right = stage(
        "street", lambda: _build_street(session, services)
    )
    return Street(
        session.get_one(SellerProfile, seller),
        session.get_one(Listing, listing),
        session.get_one(Listing, other),
        session.get_one(User, buyer),
        session.get_one(User, stranger),
        session.get_one(Entitlement, right),
    )


def _build_street(session: Session, services: Services) -> tuple[str, ...]:
    """Build it; returns ids in the order of Street."""
    seller = make_seller(session, name="Mira Holm", handle="mira-holm")
    listing = make_on_sale(session, services, seller, prompt=PROMPT, title="Foxes", hours_ago=1)
    other = make_on_sale(session, services, seller, title="Castles", hours_ago=2)
    buyer = make_user(session, name="Bo")
    stranger = make_user(session, name="Stranger")
    right = make_purchase(session, buyer, listing)
    session.commit()
    return seller.user_id, listing.id, other.id, buyer.id, stranger.id, right.id
