"""Price and spelling change at once; what says something new goes the long way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError, InvalidError
from marketplace.listings.models import Listing, ListingEvent
from marketplace.listings.queries import version_of
from marketplace.listings.states import ListingState
from marketplace.listings.touching_up import touch_up
from marketplace.listings.words import words_of
from tests.factories.listings import make_draft, make_live


@pytest.fixture
def live(session: Session, services: Services, seller: SellerProfile) -> Listing:
    listing = make_live(session, services, seller, title="Paper-cut animls in velvet light")
    session.commit()
    return listing


def change(session: Session, services: Services, live: Listing, **words: Any) -> tuple[str, ...]:
    wanted = replace(words_of(live, version_of(session, live)), **words)
    return touch_up(session, services.vault, services.queue, live, wanted, live.seller_id)


def test_price_and_slips_change_at_once(
    session: Session, services: Services, live: Listing
) -> None:
    sold = live.live_version_id
    title = "Paper-cut animals in velvet light"
    assert change(session, services, live, title=title, price_cents=349) == ("title", "price_cents")
    assert change(session, services, live) == ()
    assert change(session, services, live, tags=("paper",)) == ("tags",)
    assert (live.title, live.price_cents, live.tags) == (title, 349, ["paper"])
    assert (live.state, live.live_version_id) == (ListingState.LIVE, sold)
    told = session.scalars(select(ListingEvent.reason).where(ListingEvent.action == "touch_up"))
    assert sorted(filter(None, told)) == ["tags", "title, price 299 → 349"]


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"title": "Neon robots of the year 3000, ultra"}, "title"),
        ({"description": "Something else altogether, made of glass and of smoke."}, "description"),
        ({"tags": ("paper", "animals", "gold")}, "tags"),
        ({"category_slug": "icons"}, "category"),
        ({"title": "Paper-cut animls in velvet shit"}, "title"),
    ],
)
def test_what_says_something_new_is_refused_whole(
    session: Session, services: Services, live: Listing, words: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        change(session, services, live, **words, price_cents=349)
    assert refused.value.field == field
    assert live.price_cents == 299


def test_a_long_text_takes_no_new_sentence(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    long = "Layered paper scenes with one animal each, cut by hand and lit from the side. " * 12
    listing = make_live(session, services, seller, description=long.strip())
    assert change(session, services, listing, description=long.replace("hand", "hands", 3).strip())
    with pytest.raises(InvalidError, match="more than the spelling"):
        change(
            session, services, listing, description=long + "Also as a video, ask in a review.  Ok."
        )


def test_small_steps_lead_nowhere(session: Session, services: Services, live: Listing) -> None:
    first = live.title
    for steps in (1, 2, 3):
        change(session, services, live, title=first[steps:] + "abc"[:steps])
    with pytest.raises(InvalidError, match="more than the spelling"):
        change(session, services, live, title=first[4:] + "abcd")


def test_over_http_with_everything_kept_that_was_refused(
    shop: FlaskClient, session: Session, services: Services, seller: SellerProfile, live: Listing
) -> None:
    address = f"/sell/{live.id}/touch-up"
    assert "Price and spelling" in shop.get(address).text
    assert shop.post(address, data={"price": "3.49"}).status_code == 302
    session.expire_all()
    assert live.price_cents == 349
    for sent, said in (
        ({"price": "9"}, "between $1.99 and $4.99"),
        ({"title": "Quite another title"}, "more than the spelling"),
    ):
        page = shop.post(address, data=sent)
        assert page.status_code == 422
        assert said in page.text
        assert next(iter(sent.values())) in page.text
    draft = make_draft(session, services, seller)
    session.commit()
    assert shop.get(f"/sell/{draft.id}/touch-up").status_code == 409
    with pytest.raises(ConflictError):
        change(session, services, draft, price_cents=349)
