"""Many listings at once: each by itself, with its reason; a table that costs the same always."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.errors import InvalidError
from marketplace.core.ids import new_id
from marketplace.core.money import Money
from marketplace.core.task_queue import RecordingQueue
from marketplace.core.unit_of_work import commit
from marketplace.insights import many
from marketplace.insights.many import MOST_AT_ONCE, list_again, set_price, unlist
from marketplace.listings import operations as listings
from marketplace.listings.models import Listing, ListingEvent
from marketplace.listings.states import ListingState
from marketplace.listings.wizard.drafts import standing
from marketplace.task_names import TaskName
from tests.factories.accounts import make_seller
from tests.factories.listings import make_draft, make_in_review, make_live
from tests.fixtures.app import log_in
from tests.unit.insights.test_dashboard import asked, desk, fill, seller

__all__ = ["asked", "desk", "seller"]
QUERIES = 5


@pytest.fixture
def live(session: Session, services: Services, seller: SellerProfile) -> Listing:
    return make_live(session, services, seller, title="Paper foxes")


def test_a_price_is_set_where_it_may_be_and_said_why_not_elsewhere(
    session: Session, services: Services, seller: SellerProfile, live: Listing
) -> None:
    gone = make_live(session, services, seller, title="Gone")
    listings.withdraw(session, gone, seller.user_id)
    draft = make_draft(session, services, seller, title="Sketches")
    review = make_in_review(session, services, seller, title="Owls")
    theirs = make_live(session, services, make_seller(session))
    nobody = new_id()
    ids = [theirs.id, review.id, live.id, gone.id, draft.id, nobody, live.id]
    found = set_price(session, services, seller.user_id, ids, Money(349))
    assert [one.listing_id for one in found] == ids[:-1]
    assert [one.done for one in found] == [False, False, True, True, True, False]
    assert found[0].says == found[-1].says  # somebody else's is told apart from nothing by nobody
    assert found[0].title == found[-1].title
    assert "being checked" in found[1].says
    assert found[2].says == "Its price was $2.99 and is $3.49 now."
    session.flush()
    session.expire_all()
    assert [one.price_cents for one in (live, gone, draft, review, theirs)] == [
        *(349, 349, 349),
        *(299, 299),
    ]
    _, typed = standing(session, services.vault, draft)
    assert typed["price"] == "3.49"  # the wizard says so too
    assert session.scalars(
        select(ListingEvent.reason).where(
            ListingEvent.listing_id == live.id, ListingEvent.reason.like("price%")
        )
    ).all() == ["price 299 → 349"]
    again = set_price(session, services, seller.user_id, [live.id], Money(349))
    assert again[0].says == "It costs $3.49 already."


def test_unlisting_and_listing_again_can_be_repeated(
    session: Session, services: Services, seller: SellerProfile, live: Listing
) -> None:
    draft = make_draft(session, services, seller)
    ids = [live.id, draft.id]
    for _ in range(2):
        off = unlist(session, services, seller.user_id, ids)
        assert [one.done for one in off] == [True, False]
        assert "it is a draft" in off[1].says
    assert live.state is ListingState.WITHDRAWN
    version = live.live_version
    assert version is not None
    version.degraded_since = version.fix_by = now()
    refused = list_again(session, services, seller.user_id, ids)
    assert [one.done for one in refused] == [False, False]
    assert "has changed" in refused[0].says
    version.degraded_since = version.fix_by = None
    session.flush()
    for _ in range(2):
        assert list_again(session, services, seller.user_id, ids)[0].done
    assert live.state is ListingState.LIVE
    events = session.scalars(
        select(ListingEvent.action).where(ListingEvent.listing_id == live.id)
    ).all()
    assert (events.count("withdraw"), events.count("relist")) == (1, 1)


def test_what_fails_half_way_leaves_nothing_and_stops_nobody(
    session: Session,
    services: Services,
    seller: SellerProfile,
    live: Listing,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = make_live(session, services, seller, title="Other")
    right = many.lifecycle.withdraw

    def withdraw(session: Session, listing: Listing, actor_id: str) -> None:
        right(session, listing, actor_id)
        if listing.id == live.id:
            raise InvalidError("Not this one.")

    monkeypatch.setattr(many.lifecycle, "withdraw", withdraw)
    found = unlist(session, services, seller.user_id, [live.id, other.id])
    assert [(one.done, one.says[:8]) for one in found] == [(False, "Not this"), (True, "It is of")]
    commit(session)  # sends what was asked for as well
    session.expire_all()
    assert (live.state, other.state) == (ListingState.LIVE, ListingState.WITHDRAWN)
    assert isinstance(services.queue, RecordingQueue)
    assert services.queue.sent[-1][0] == TaskName.UPDATE_SEARCH


@pytest.mark.parametrize("cents", [0, 198, 500])
def test_a_price_out_of_range_changes_nothing(
    session: Session, services: Services, seller: SellerProfile, cents: int
) -> None:
    with pytest.raises(InvalidError, match="between"):
        set_price(session, services, seller.user_id, [new_id()], Money(cents))


def test_too_many_are_refused_as_a_whole(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    ids = [new_id() for _ in range(MOST_AT_ONCE + 1)]
    with pytest.raises(InvalidError, match="at most"):
        unlist(session, services, seller.user_id, ids)


def test_the_table_sorts_filters_and_costs_the_same_at_any_size(
    session: Session,
    seller: SellerProfile,
    desk: FlaskClient,
    asked: Callable[[FlaskClient, str], int],
) -> None:
    for more in (2, 60):
        fill(session, seller, more)
        assert asked(desk, "/sell/listings?sort=conversion&days=7") == QUERIES
        session.rollback()
    page = desk.get("/sell/listings?sort=sales").get_data(as_text=True)
    assert page.count('name="listing"') == 50
    assert "All 62 of this list" in page
    assert 'aria-sort="descending"' in page
    assert "25 %" in page
    for words in ("sort=x&state=y&page=z&days=q", "state=live&page=2", "sort=consistency"):
        assert desk.get(f"/sell/listings?{words}").status_code == 200


def test_the_form_reports_and_keeps_what_was_typed(
    app: Flask, session: Session, services: Services, desk: FlaskClient, live: Listing
) -> None:
    session.commit()
    chosen = {"listing": live.id, "do": "price"}
    for price in ("nine", "9.99", ""):
        answer = desk.post("/sell/listings", data=chosen | {"price": price})
        page = answer.get_data(as_text=True)
        assert answer.status_code == 422
        assert f'value="{price}"' in page
        assert f'id="choose-{live.id}" aria-label="Choose Paper foxes" checked' in page
    for data in ({"do": "unlist"}, {"listing": live.id, "do": "burn"}):
        assert desk.post("/sell/listings", data=data).status_code == 422
    page = desk.post("/sell/listings", data=chosen | {"price": "$4"}).get_data(as_text=True)
    assert "1 done" in page
    assert "Its price was $2.99 and is $4.00 now." in page
    whole = desk.post("/sell/listings?state=live", data={"whole": "1", "do": "unlist"})
    assert "It is off the shelves." in whole.get_data(as_text=True)
    stranger = make_seller(session)
    session.commit()
    other = log_in(app.test_client(), stranger.user)
    page = other.post("/sell/listings", data=chosen | {"do": "relist"}).get_data(as_text=True)
    assert "There is no such listing of yours." in page
    assert "Paper foxes" not in page
    session.refresh(live)
    assert live.state is ListingState.WITHDRAWN
