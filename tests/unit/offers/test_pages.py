"""A seller's discounts by their pages, and what buyers see of them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import frozen, now
from marketplace.core.container import Services
from marketplace.listings.models import Listing
from marketplace.offers import operations
from marketplace.offers.models import DiscountCode, TimedSale
from marketplace.offers.operations import Offer
from marketplace.offers.pricing import Reduction
from marketplace.offers.referral import COOKIE
from marketplace.offers.states import SaleState
from tests.factories.accounts import make_seller, make_user
from tests.factories.listings import make_live
from tests.fixtures.app import log_in

SOON = f"{now() + timedelta(days=3):%Y-%m-%dT%H:%M}"


@pytest.fixture
def seller(session: Session) -> SellerProfile:
    profile = make_seller(session)
    session.commit()
    return profile


@pytest.fixture
def listing(session: Session, services: Services, seller: SellerProfile) -> Listing:
    live = make_live(session, services, seller)
    session.commit()
    return live


@pytest.fixture
def desk(client: FlaskClient, seller: SellerProfile) -> FlaskClient:
    return log_in(client, seller.user)


def how_many(session: Session, model: type[TimedSale | DiscountCode]) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_a_sale_is_set_seen_and_ended(
    desk: FlaskClient, session: Session, listing: Listing
) -> None:
    page = desk.get(f"/sell/discounts/sale?listing={listing.id}").text
    assert re.search(rf'value="{listing.id}" checked', page)
    form = {"kind": "percent", "percent": "20 %", "scope": "all", "ends": SOON}
    assert desk.post("/sell/discounts/sale", data=form).status_code == 303
    sale = session.scalars(select(TimedSale)).one()
    assert (sale.state, sale.percent, sale.all_listings) == (SaleState.RUNNING, 20, True)
    assert "20 % off" in desk.get("/sell/discounts").text
    for path in (f"/p/{listing.path}", f"/s/{listing.seller.handle}"):
        page = desk.application.test_client().get(path).text
        assert "$2.39" in page
        assert re.search(r"<s class=\"was numeric\">.*\$2\.99</s>", page)
        assert "ale until" in page
    assert desk.post(f"/sell/discounts/sale/{sale.id}/end").status_code == 303
    page = desk.get(f"/p/{listing.path}").text
    assert "$2.39" not in page
    assert "Called off" in desk.get("/sell/discounts").text


WRONG = [
    ({"percent": "95"}, "whole number from 1 to 80"),
    ({"percent": "half"}, "whole number from 1 to 80"),
    ({"percent": "75"}, "would cost $0.75"),
    ({"kind": "cents", "off": "x"}, "for example 0.50"),
    ({"kind": "cents", "off": "2.50"}, "would cost $0.49"),
    ({"ends": ""}, "Say when the sale ends."),
    ({"ends": "2020-01-01T00:00"}, "has passed already"),
    ({"ends": "tomorrow"}, "Write date and time as"),
    ({"ends": f"{now() + timedelta(days=90):%Y-%m-%dT%H:%M}"}, "at most 60 days"),
    ({"starts": f"{now() + timedelta(days=9):%Y-%m-%dT%H:%M}"}, "after the start"),
    ({"scope": "some"}, "Choose at least one"),
    ({"scope": "some", "listings": "0000000000000"}, "Choose among your listings"),
]
"""What a sale cannot be, and in which words its seller hears so."""


def test_what_a_sale_cannot_be_is_said_and_nothing_is_lost(
    desk: FlaskClient, session: Session, listing: Listing
) -> None:
    right = {"kind": "percent", "percent": "20", "off": "", "scope": "all", "ends": SOON}
    for changes, words in WRONG:
        form = right | changes
        page = desk.post("/sell/discounts/sale", data=form)
        assert page.status_code == 422, changes
        assert words in page.text, changes
        for name in ("percent", "off", "ends"):
            assert not form[name] or f'value="{form[name]}"' in page.text, (changes, name)
    assert how_many(session, TimedSale) == 0


def test_a_code_is_made_once_and_withdrawn(
    desk: FlaskClient, session: Session, listing: Listing
) -> None:
    form = {"code": "fox 20", "kind": "cents", "off": "0.50", "scope": "all", "max_uses": "9"}
    assert desk.post("/sell/discounts/code", data=form).status_code == 303
    code = session.scalars(select(DiscountCode)).one()
    assert (code.label, code.off_cents, code.max_uses, code.max_per_buyer) == ("FOX20", 50, 9, 1)
    again = desk.post("/sell/discounts/code", data=form | {"code": "F0X2O"})
    assert again.status_code == 422
    assert "or one that looks like it" in again.text
    wrong = desk.post("/sell/discounts/code", data=form | {"code": "no!", "max_uses": "many"})
    assert "4 to 20 letters and digits" in wrong.text or "Write a whole number" in wrong.text
    assert desk.post("/sell/discounts/code", data=form | {"code": ""}).status_code == 303
    page = desk.get("/sell/discounts").text
    assert "FOX20" in page
    assert "0 of 9" in page
    desk.post(f"/sell/discounts/code/{code.id}/end")
    assert "Withdrawn" in desk.get("/sell/discounts").text


def test_other_sellers_discounts_are_not_there(
    desk: FlaskClient, session: Session, services: Services
) -> None:
    other = make_seller(session)
    make_live(session, services, other)
    offer = Offer(Reduction(percent=5), None, None, now() + timedelta(hours=1))
    sale = operations.start_sale(session, other.user_id, offer)
    code = operations.make_code(session, other.user_id, "OTHERS", offer, None, None)
    session.commit()
    assert desk.post(f"/sell/discounts/sale/{sale.id}/end").status_code == 404
    assert desk.post(f"/sell/discounts/code/{code.id}/end").status_code == 404
    assert "OTHERS" not in desk.get("/sell/discounts").text


def test_only_sellers_have_discounts(client: FlaskClient, session: Session) -> None:
    user = make_user(session)
    session.commit()
    assert client.get("/sell/discounts").status_code == 302
    assert log_in(client, user).get("/sell/discounts").status_code == 404


def test_a_code_in_a_strangers_cart(
    client: FlaskClient, session: Session, listing: Listing, seller: SellerProfile
) -> None:
    offer = Offer(Reduction(percent=20), None, None, None)
    operations.make_code(session, seller.user_id, "FOX20", offer, None, 1)
    session.commit()
    client.post(f"/cart/add/{listing.id}")
    wrong = client.post("/cart/codes", data={"code": "BEAR99"})
    assert wrong.status_code == 422
    assert 'value="BEAR99"' in wrong.text
    assert "No seller of these prompts has a code BEAR99" in wrong.text
    assert client.post("/cart/codes", data={"code": "<b>"}).status_code == 422
    right = client.post("/cart/codes", data={"code": "fox-20"})
    assert right.status_code == 200
    for text in ("With code FOX20 1 prompt is cheaper.", "$2.39", "$0.60"):
        assert text in right.text
    assert "$2.39" in client.get("/cart").text
    gone = client.post("/cart/codes", data={"remove": "FOX20"})
    assert "$2.39" not in gone.text
    # A code that stands in the form when Pay is pressed is looked at first, where tries count.
    answer = client.post("/cart/checkout", data={"code": "fox20"})
    assert (answer.status_code, answer.location) == (307, "/cart/codes")


def test_what_is_typed_beside_a_code_stays(
    client: FlaskClient, session: Session, listing: Listing
) -> None:
    user = make_user(session)
    session.commit()
    buyer = log_in(client, user)
    buyer.post(f"/cart/add/{listing.id}")
    form = {"code": "BEAR99", "line1": "Long Lane 1", "terms": "y"}
    for path in ("/cart/codes", f"/checkout/start/{listing.id}/codes"):
        page = buyer.post(path, data=form)
        assert page.status_code == 422
        for text in ('value="Long Lane 1"', 'value="BEAR99"', " checked"):
            assert text in page.text


def test_a_sellers_link(
    client: FlaskClient, session: Session, services: Services, listing: Listing
) -> None:
    token = operations.renew_link(session, listing.seller_id)
    session.commit()
    object.__setattr__(services.settings, "referral_free", True)
    found = client.get(f"/via/{token}")
    assert found.location == f"/s/{listing.seller.handle}"
    assert client.get_cookie(COOKIE) is not None
    assert client.get(f"/via/{token}/{listing.path}").location == f"/p/{listing.path}"
    assert client.get(f"/via/{token}/fox-0000000000000").location == found.location
    new = operations.renew_link(session, listing.seller_id)
    session.commit()
    assert client.get(f"/via/{token}").status_code == 404
    own = log_in(client.application.test_client(), listing.seller.user)
    assert own.get(f"/via/{new}").status_code == 303
    assert own.get_cookie(COOKIE) is None
    object.__setattr__(services.settings, "referral_free", False)
    stranger = client.application.test_client()
    assert stranger.get(f"/via/{new}").status_code == 303
    assert stranger.get_cookie(COOKIE) is None


def test_a_sale_turns_by_itself_and_kept_pages_hear_of_it(
    session: Session, services: Services, listing: Listing
) -> None:
    starts = now() + timedelta(hours=1)
    offer = Offer(Reduction(percent=20), [listing.id], starts, starts + timedelta(hours=1))
    sale = operations.start_sale(session, listing.seller_id, offer)
    session.commit()
    assert sale.state is SaleState.SCHEDULED
    assert operations.turn_sales(session) == 0
    with services.database.engine.connect() as connection:
        ears = connection.connection.driver_connection
        connection.detach()  # nobody else gets one that listens
        ears.autocommit = True  # type: ignore[union-attr]
        ears.execute("LISTEN bracket_pages")  # type: ignore[union-attr]
        for state in (SaleState.RUNNING, SaleState.ENDED):
            moment = sale.starts_at if state is SaleState.RUNNING else sale.ends_at
            with frozen(moment):
                assert operations.turn_sales(session) == 1
                session.commit()
            assert sale.state is state
            heard = list(ears.notifies(timeout=60, stop_after=1))  # type: ignore[union-attr]
            assert [one.channel for one in heard] == ["bracket_pages"]
