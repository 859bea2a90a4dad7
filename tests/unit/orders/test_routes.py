"""The pages of buying and of the books, as browsers see them."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.core.permissions import Role
from marketplace.gateways.payments import CardFacts
from marketplace.listings.models import Listing
from marketplace.listings.states import ListingState
from marketplace.orders.models import Entitlement, Order
from marketplace.orders.operations import settle
from marketplace.orders.risk import record_attempt
from marketplace.orders.states import OrderState
from marketplace.orders.terms import TERMS_VERSION
from tests.factories.accounts import make_user
from tests.factories.orders import make_buyer
from tests.fixtures.buying import House
from tests.unit.orders.buying_steps import (
    browser_of,
    count,
    open_checkout,
    paid_checkout,
    reread,
)

TICKED = {"terms": "y"}


@pytest.fixture
def buyer(house: House) -> FlaskClient:
    return browser_of(house, house.buyer_id)


def test_buy_now_leads_to_the_hosted_page_and_back_into_the_library(
    house: House, buyer: FlaskClient
) -> None:
    answer = buyer.post(f"/checkout/start/{house.listing_id}", data=TICKED)
    assert answer.status_code == 303
    paid = house.bank.pay(answer.location)
    back = paid.headers["Location"].removeprefix(house.services.settings.public_url)
    done = buyer.get(back)
    with house.work() as session:
        item = session.scalars(select(Entitlement)).one()
    assert (done.status_code, done.location) == (303, f"/library/{item.id}")
    # Reloading the return page does no harm, and Buy now leads to the item.
    assert buyer.get(back).location == f"/library/{item.id}"
    again = buyer.post(f"/checkout/start/{house.listing_id}", data=TICKED)
    assert again.location == f"/library/{item.id}"
    assert count(house, Order) == 1


def test_two_tabs_pay_once(house: House, buyer: FlaskClient) -> None:
    first = buyer.post(f"/checkout/start/{house.listing_id}", data=TICKED).location
    second = buyer.post(f"/checkout/start/{house.listing_id}", data=TICKED).location
    assert first == second
    assert house.bank.pay(first).status_code == 303
    assert house.bank.pay(second).status_code == 200  # the hosted page says: already paid
    (session_id,) = {order.checkout_session_id for order in [_only_order(house)]}
    for _tab in range(2):
        assert buyer.get(f"/checkout/done?sid={session_id}").status_code == 303
    house.run_jobs()
    assert count(house, Entitlement) == 1
    assert len(house.bank.transfers(_only_order(house).id)) == 1


def _only_order(house: House) -> Order:
    with house.work() as session:
        return session.scalars(select(Order)).one()


def test_strangers_log_in_first_and_come_back_to_the_checkout(house: House) -> None:
    stranger = browser_of(house, None)
    answer = stranger.post(f"/checkout/start/{house.listing_id}")
    assert answer.status_code == 302
    assert f"next=/checkout/start/{house.listing_id}" in answer.location
    assert count(house, Order) == 0
    back = browser_of(house, house.buyer_id).get(f"/checkout/start/{house.listing_id}")
    assert "Before you pay" in back.text
    assert "Pay $2.99" in back.text
    assert count(house, Order) == 0  # coming back buys nothing by itself


def test_without_the_forms_token_nothing_is_bought(house: House) -> None:
    answer = browser_of(house, house.buyer_id, csrf=True).post(
        f"/checkout/start/{house.listing_id}"
    )
    assert answer.status_code == 400
    assert count(house, Order) == 0


@pytest.mark.parametrize("listing_id", ["nonsense", "0" * 13, "../../etc"])
def test_a_listing_that_is_not_there(house: House, buyer: FlaskClient, listing_id: str) -> None:
    assert buyer.post(f"/checkout/start/{listing_id}").status_code == 404
    assert buyer.get(f"/checkout/start/{listing_id}").status_code == 404


def test_refusals_are_pages(house: House, buyer: FlaskClient) -> None:
    own = browser_of(house, house.seller_id).post(f"/checkout/start/{house.listing_id}")
    assert own.status_code == 409
    assert "your own prompt" in own.text
    with house.work() as session:
        session.get_one(Listing, house.listing_id).state = ListingState.WITHDRAWN
    assert buyer.post(f"/checkout/start/{house.listing_id}").status_code == 409


def test_when_stripe_is_away_the_page_says_that_nothing_was_charged(
    house: House, buyer: FlaskClient
) -> None:
    house.bank.faults({"path": "/v1/checkout/sessions", "action": "500", "times": 3})
    answer = buyer.post(f"/checkout/start/{house.listing_id}", data=TICKED)
    assert answer.status_code == 503
    assert "you have not been charged" in answer.text
    assert "You cannot be charged twice." in answer.text
    house.bank.faults()
    assert buyer.post(f"/checkout/start/{house.listing_id}", data=TICKED).status_code == 303
    assert count(house, Order) == 1


def test_without_the_tick_nothing_is_opened_and_nothing_typed_is_lost(
    house: House, buyer: FlaskClient
) -> None:
    typed = {"name": "Łukasz Ćwik", "country": "PL", "line1": "Długa 5", "tax_id": "PL5260001246"}
    answer = buyer.post(f"/checkout/start/{house.listing_id}", data=typed)
    assert answer.status_code == 422
    assert "Please tick this box" in answer.text
    for text in typed.values():
        assert f'value="{text}"' in answer.text
    box = answer.text.partition('id="terms"')[2].partition(">")[0]
    assert "checked" not in box
    assert count(house, Order) == 0
    assert buyer.post(f"/checkout/start/{house.listing_id}", data=typed | TICKED).status_code == 303
    order = _only_order(house)
    assert (order.billing_name, order.billing_country) == ("Łukasz Ćwik", "PL")
    assert (order.billing_line1, order.billing_city) == ("Długa 5", None)
    assert order.terms_version == TERMS_VERSION
    assert order.terms_accepted_at is not None


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"line1": "Long Lane 1", "country": "US"}, "Give a name for the invoice"),
        ({"line1": "", "name": "Ann"}, "Choose the country"),
        ({"line1": "", "name": "Ann", "country": "US", "tax_id": "?"}, "A tax ID has letters"),
        ({"line1": "", "name": "A" * 121, "country": "US"}, "At most 120 characters"),
    ],
)
def test_billing_details_are_all_or_none(
    house: House, buyer: FlaskClient, typed: dict[str, str], said: str
) -> None:
    answer = buyer.post(f"/checkout/start/{house.listing_id}", data=typed | TICKED)
    assert answer.status_code == 422
    assert said in answer.text
    assert count(house, Order) == 0


def test_a_price_that_changed_behind_the_page_is_shown_before_it_is_paid(
    house: House, buyer: FlaskClient
) -> None:
    seen = TICKED | {"seen": f"{house.listing_id}:299"}
    with house.work() as session:
        session.get_one(Listing, house.listing_id).price_cents = 499
    answer = buyer.post(f"/checkout/start/{house.listing_id}", data=seen)
    assert answer.status_code == 409
    assert "Something has changed" in answer.text
    assert "Pay $4.99" in answer.text
    assert count(house, Order) == 0
    seen["seen"] = f"{house.listing_id}:499"
    assert buyer.post(f"/checkout/start/{house.listing_id}", data=seen).status_code == 303


def test_too_many_tries_are_told_in_words(house: House, buyer: FlaskClient) -> None:
    order = open_checkout(house)
    with house.work() as session:
        kept = session.get_one(Order, order.id)
        for number in range(house.services.settings.buyer_declines_per_hour):
            record_attempt(session, kept, f"ch_{number}", "card_declined", CardFacts(), False)
        kept.state = OrderState.EXPIRED
    answer = buyer.post(f"/checkout/start/{house.listing_id}", data=TICKED)
    assert answer.status_code == 429
    assert "too many attempts to pay" in answer.text


def test_someone_elses_checkout_is_not_there(house: House) -> None:
    order = paid_checkout(house)
    with house.work() as session:
        thief = make_buyer(session).id
    browser = browser_of(house, thief)
    assert browser.get(f"/checkout/done?sid={order.checkout_session_id}").status_code == 404
    assert browser.get(f"/checkout/cancelled?order={order.id}").status_code == 404
    assert reread(house, order).state is OrderState.AWAITING_PAYMENT
    assert count(house, Entitlement) == 0


@pytest.mark.parametrize(
    "address",
    [
        "/checkout/done",
        "/checkout/done?sid=",
        "/checkout/done?sid=cs_test_made_up",
        f"/checkout/done?sid={'x' * 500}",
        "/checkout/done?sid=cs_test_made_up%00",
        "/checkout/cancelled",
        "/checkout/cancelled?order=%00",
        "/checkout/cancelled?order=0123456789abc",
    ],
)
def test_made_up_addresses_are_not_there(buyer: FlaskClient, address: str) -> None:
    assert buyer.get(address).status_code == 404


def test_a_return_without_payment_gives_nothing(house: House, buyer: FlaskClient) -> None:
    order = open_checkout(house)
    page = buyer.get(f"/checkout/done?sid={order.checkout_session_id}")
    assert page.status_code == 200
    assert "not paid yet" in page.text
    assert str(order.checkout_url) in page.text
    assert count(house, Entitlement) == 0


def test_while_stripe_is_silent_the_page_looks_again_by_itself(
    house: House, buyer: FlaskClient
) -> None:
    order = paid_checkout(house)
    house.bank.faults({"path": "/v1/checkout/sessions/*", "action": "500", "times": 3})
    address = f"/checkout/done?sid={order.checkout_session_id}"
    page = buyer.get(address)
    assert (page.status_code, page.headers["Refresh"]) == (200, "5")
    assert "Checking your payment" in page.text
    house.bank.faults()
    assert buyer.get(address).status_code == 303


def test_cancelling_says_so_and_lets_one_go_on(house: House, buyer: FlaskClient) -> None:
    order = open_checkout(house)
    page = buyer.get(f"/checkout/cancelled?order={order.id}")
    assert "You have not been charged" in page.text
    assert str(order.checkout_url) in page.text
    house.bank.pay(str(order.checkout_url))
    settle(house.services, order.id)
    assert buyer.get(f"/checkout/cancelled?order={order.id}").location == f"/orders/{order.id}"


@pytest.mark.parametrize(
    ("state", "heading"),
    [
        (OrderState.EXPIRED, "This checkout is over"),
        (OrderState.REVIEW, "a person is looking at it"),
    ],
)
def test_ends_without_a_prompt_are_explained(
    house: House, buyer: FlaskClient, state: OrderState, heading: str
) -> None:
    order = open_checkout(house)
    with house.work() as session:
        session.get_one(Order, order.id).state = state
    for address in (
        f"/checkout/done?sid={order.checkout_session_id}",
        f"/checkout/cancelled?order={order.id}",
    ):
        assert heading in buyer.get(address).text


def test_the_ledger_shows_that_all_cents_add_up(house: House) -> None:
    order = paid_checkout(house)
    settle(house.services, order.id)
    house.run_jobs()
    with house.work() as session:
        admin = make_user(session, Role.ADMIN).id
    page = browser_of(house, admin).get("/ledger")
    assert page.status_code == 200
    for name, amount in {
        "money_in": "$2.99",
        "commission": "$0.60",
        "sellers": "$2.39",
        "difference": "$0.00",
        "transferred": "$2.39",
        "owed": "$0.00",
        "stripe_fees": "$0.39",
        "platform_net": "$0.21",
        "stripe_balance": "$0.21",
    }.items():
        assert f'data-total="{name}">{amount}<' in page.text
    assert "All cents add up." in page.text
    assert f"charge:{reread(house, order).charge_id}" in page.text


def test_an_empty_ledger_is_a_page_too(house: House) -> None:
    with house.work() as session:
        admin = make_user(session, Role.ADMIN).id
    assert "No money has moved yet." in browser_of(house, admin).get("/ledger").text


@pytest.mark.parametrize("role", [None, Role.SELLER, Role.MODERATOR])
def test_the_books_are_nobody_elses_business(house: House, role: Role | None) -> None:
    with house.work() as session:
        person = make_user(session, *([role] if role else [])).id
    assert browser_of(house, person).get("/ledger").status_code == 404
    assert browser_of(house, None).get("/ledger").status_code == 302
