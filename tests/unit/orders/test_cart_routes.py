"""The cart's pages, for strangers and people."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from flask_security import hash_password
from sqlalchemy import select

from marketplace.accounts.models import User
from marketplace.listings.models import Listing
from marketplace.listings.states import ListingState
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from tests.fixtures.buying import House
from tests.unit.orders.buying_steps import browser_of, count, other_listing, pay

PASSWORD = "correct horse battery"
TICKED = {"terms": "y"}


@pytest.fixture
def buyer(house: House) -> FlaskClient:
    return browser_of(house, house.buyer_id)


def add(browser: FlaskClient, listing_id: str) -> None:
    assert browser.post(f"/cart/add/{listing_id}").status_code == 303


def test_an_empty_cart_is_a_page(buyer: FlaskClient) -> None:
    page = buyer.get("/cart")
    assert page.status_code == 200
    assert "Nothing in it yet" in page.text


def test_a_strangers_cart_comes_along_through_the_log_in(house: House) -> None:
    other = other_listing(house)
    stranger = browser_of(house, None)
    with stranger.application.app_context(), house.work() as session:
        person = session.get_one(User, house.buyer_id)
        person.password, email = hash_password(PASSWORD), person.email
    add(stranger, house.listing_id)
    add(stranger, other.id)
    page = stranger.get("/cart").text
    assert "Paper fox" in page
    assert "2 sellers" in page
    assert "$7.98" in page
    assert 'href="/account/login?next=/cart"' in page
    assert "Pay $" not in page
    form = {"email": email, "password": PASSWORD}
    back = stranger.post("/account/login?next=/cart", data=form)
    assert back.location == "/cart"
    page = stranger.get("/cart").text
    assert "Pay $7.98" in page
    assert "Moth lamp" in page
    # From another browser, too: it is the person's now, and no longer the session's.
    assert "Pay $7.98" in browser_of(house, house.buyer_id).get("/cart").text
    with stranger.session_transaction() as kept:
        assert "cart" not in kept


def test_two_sellers_are_paid_at_once_and_the_cart_is_empty(
    house: House, buyer: FlaskClient
) -> None:
    other = other_listing(house)
    for listing_id in (house.listing_id, other.id, other.id):
        add(buyer, listing_id)
    answer = buyer.post("/cart/checkout", data=TICKED)
    assert answer.status_code == 303
    done = buyer.get(pay(house, answer.location))
    with house.work() as session:
        order = session.scalars(select(Order)).one()
    assert done.location == f"/orders/{order.id}"
    page = buyer.get(done.location).text
    assert "the prompts are yours" in page
    assert page.count("In your library.") == 2
    assert "Nothing in it yet" in buyer.get("/cart").text


def test_the_listings_page_knows_what_is_in_the_cart(house: House, buyer: FlaskClient) -> None:
    path = f"/p/paper-fox-{house.listing_id}"
    assert "Add to cart" in buyer.get(path).text
    add(buyer, house.listing_id)
    page = buyer.get(path).text
    assert "is in your cart." in page
    assert "Add to cart" not in page
    assert 'class="nav__count numeric">1<' in page
    buyer.post(f"/cart/remove/{house.listing_id}")
    assert "Add to cart" in buyer.get(path).text


def test_without_the_tick_the_cart_stays_and_says_what_is_missing(
    house: House, buyer: FlaskClient
) -> None:
    add(buyer, house.listing_id)
    assert 'name="terms" value="y">' in buyer.get("/cart").text
    answer = buyer.post("/cart/checkout", data={"line1": "Long Lane 1", "name": "Ann"})
    assert answer.status_code == 422
    for text in ("Please tick this box", "Choose the country", 'value="Long Lane 1"', "Paper fox"):
        assert text in answer.text
    assert count(house, Order) == 0


def test_what_cannot_be_bought_is_named_and_the_rest_can(house: House, buyer: FlaskClient) -> None:
    other = other_listing(house)
    add(buyer, house.listing_id)
    add(buyer, other.id)
    with house.work() as session:
        session.get_one(Listing, other.id).state = ListingState.WITHDRAWN
    page = buyer.get("/cart").text
    assert "Cannot be bought now" in page
    assert "This prompt is not for sale at the moment." in page
    assert "Pay $2.99" in page
    assert buyer.post("/cart/checkout", data=TICKED).status_code == 303
    with house.work() as session:
        assert session.scalars(select(Order)).one().total_cents == 299


def test_a_cart_that_changed_in_another_tab_is_shown_first(
    house: House, buyer: FlaskClient
) -> None:
    add(buyer, house.listing_id)
    seen = TICKED | {"seen": f"{house.listing_id}:299"}
    add(buyer, other_listing(house).id)
    answer = buyer.post("/cart/checkout", data=seen)
    assert answer.status_code == 409
    assert "Something has changed" in answer.text
    assert "Pay $7.98" in answer.text
    assert count(house, Order) == 0


def test_a_changed_price_is_said(house: House, buyer: FlaskClient) -> None:
    add(buyer, house.listing_id)
    with house.work() as session:
        session.get_one(Listing, house.listing_id).price_cents = 399
    assert "it was $2.99" in buyer.get("/cart").text


def test_while_stripe_is_away_the_cart_says_so_and_keeps_everything(
    house: House, buyer: FlaskClient
) -> None:
    add(buyer, house.listing_id)
    house.bank.faults({"path": "/v1/checkout/sessions", "action": "500", "times": 3})
    form = TICKED | {"line1": "Long Lane 1", "name": "Ann", "country": "US"}
    answer = buyer.post("/cart/checkout", data=form)
    assert answer.status_code == 503
    for text in ("you have not been charged", 'value="Long Lane 1"', "Pay $2.99", " checked"):
        assert text in answer.text
    house.bank.faults()
    assert buyer.post("/cart/checkout", data=form).status_code == 303
    assert count(house, Order) == 1


def test_a_session_that_ended_loses_nothing_typed(house: House) -> None:
    browser = browser_of(house, house.buyer_id)
    add(browser, house.listing_id)
    with browser.session_transaction() as cookies:
        ended = cookies.pop("_user_id")
    form = TICKED | {"line1": "Long Lane 1", "name": "Ann", "country": "US"}
    answer = browser.post("/cart/checkout", data=form)
    assert (answer.status_code, answer.location) == (302, "/account/login?next=/cart")
    with browser.session_transaction() as cookies:
        cookies["_user_id"] = ended
    page = browser.get("/cart").text
    assert 'value="Long Lane 1"' in page
    assert "Pay $2.99" in page
    assert " checked" not in page  # consent is given anew


def test_refusals_to_put_in_are_told(house: House) -> None:
    seller = browser_of(house, house.seller_id)
    answer = seller.post(f"/cart/add/{house.listing_id}", follow_redirects=True)
    assert "This is your own prompt" in answer.text
    assert "Nothing in it yet" in seller.get("/cart").text
    for listing_id in ("nonsense", "0" * 13):
        assert seller.post(f"/cart/add/{listing_id}").status_code == 404


def test_a_session_with_nonsense_in_it_is_an_empty_cart(house: House) -> None:
    for nonsense in ("x", [["a", 1]], [[house.listing_id, "299"]], [[1, 2], 3, None], {"a": 1}):
        stranger = browser_of(house, None)
        with stranger.session_transaction() as kept:
            kept["cart"] = nonsense
        assert "Nothing in it yet" in stranger.get("/cart").text


def test_an_empty_cart_has_nothing_to_pay(house: House, buyer: FlaskClient) -> None:
    assert buyer.post("/cart/checkout", data=TICKED).location == "/cart"
    assert browser_of(house, None).post("/cart/checkout", data=TICKED).status_code == 302


def test_the_buttons_need_the_forms_token(house: House) -> None:
    browser = browser_of(house, house.buyer_id, csrf=True)
    for address in (f"/cart/add/{house.listing_id}", "/cart/remove/x", "/cart/checkout"):
        assert browser.post(address).status_code == 400


def test_back_from_the_payment_page_the_cart_is_as_it_was(house: House, buyer: FlaskClient) -> None:
    add(buyer, house.listing_id)
    first = buyer.post("/cart/checkout", data=TICKED).location
    assert "Pay $2.99" in buyer.get("/cart").text
    assert buyer.post("/cart/checkout", data=TICKED).location == first
    with house.work() as session:
        order = session.scalars(select(Order)).one()
    page = buyer.get(f"/checkout/cancelled?order={order.id}").text
    assert "Back to your cart" in page
    assert order.state is OrderState.AWAITING_PAYMENT
