"""A seller's pages show their own money to the cent, and nobody else's."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from marketplace.accounts.models import User
from marketplace.core.clock import now
from marketplace.orders.disputes import sync_dispute
from marketplace.orders.holds import hold_line
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.operations import settle
from marketplace.payouts.balance_views import PAGE_SIZE
from marketplace.payouts.models import PayoutRequest, PayoutSettings
from marketplace.payouts.operations import make_payout
from marketplace.payouts.schedules import settings_of
from marketplace.payouts.states import RequestState, Schedule
from marketplace.payouts.watching import watch_payouts
from tests.factories.orders import SECRET_PROMPT, make_buyer
from tests.fixtures.app import log_in
from tests.fixtures.buying import House
from tests.unit.orders.buying_steps import paid_checkout
from tests.unit.payouts.money_steps import (
    another_seller,
    browser,
    control,
    dispute,
    give_back,
    line_now,
    onboard,
    reversals_of,
    sell,
)

PAGES = ("balance", "sales", "payouts", "statements", "onboarding")


@pytest.fixture
def site(_made_once: Flask) -> Flask:
    return _made_once


@pytest.fixture
def seller(site: Flask, house: House) -> FlaskClient:
    return browser(site, house, house.seller_id)


def page(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(f"/sell/{path}")
    assert answer.status_code == status, answer.text
    return answer.text


def figures(client: FlaskClient) -> dict[str, str]:
    return dict(re.findall(r'data-figure="(\w+)">([^<]+)<', page(client, "balance")))


def flat(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_a_seller_without_a_sale_is_told_what_will_come(seller: FlaskClient) -> None:
    assert set(figures(seller).values()) == {"$0.00"}
    assert "Nothing sold yet" in page(seller, "sales")
    assert "No statements yet" in page(seller, "statements")


def test_where_the_money_is(house: House, seller: FlaskClient) -> None:
    sell(house)
    assert figures(seller) == {
        "earned": "$2.39", "held": "$0.00", "underway": "$0.00",
        "available": "$2.39", "paid_out": "$0.00", "debt": "$0.00",
    }  # fmt: skip
    order = paid_checkout_of_another(house)
    assert figures(seller)["underway"] == "$2.39"
    line = line_now(house, order.id)
    until = now() + timedelta(days=3)
    with house.work() as session:
        hold_line(session, line.id, house.buyer_id, "our own note", until)
    sums, text = figures(seller), flat(page(seller, "balance"))
    assert (sums["held"], sums["underway"]) == ("$2.39", "$0.00")
    day = f"{until.day} {until:%b %Y}"
    assert f"A person at Bracket is looking at this sale. {day} $2.39" in text
    assert "our own note" not in text
    assert f"On hold until {day}" in flat(page(seller, "sales"))


def paid_checkout_of_another(house: House) -> Order:
    """A paid order whose share has not been transferred yet."""
    with house.work() as session:
        house.buyer_id = make_buyer(session).id
    order = paid_checkout(house)
    settle(house.services, order.id)
    house.queue.sent.clear()
    return order


def test_every_sale_with_its_parts_and_what_became_of_it(house: House, seller: FlaskClient) -> None:
    kept, refunded, disputed = sell(house), sell(house), sell(house)
    give_back(house, refunded, 100)
    sync_dispute(house.services, dispute(house, disputed))
    text = flat(page(seller, "sales"))
    assert "3 sales" in text
    assert f"{kept.title}" in text
    assert "US $2.99 $0.60 $2.39 Transferred" in text
    assert "US $2.99 $0.60 $2.39 $1.60 $1.00 of it refunded" in text
    assert "Disputed: the bank decides" in text
    story = flat(page(seller, f"sales/{refunded.id}"))
    assert "$1.00 to the buyer: the buyer says it does not work. Your part of it is $0.79" in story
    assert "Called back from your account -$0.79 for the refund" in story
    story = flat(page(seller, f"sales/{disputed.id}"))
    assert "The buyer's bank took the payment" in story or "The buyer&#39;s bank took" in story


def test_a_debt_is_explained(house: House, seller: FlaskClient) -> None:
    line = sell(house)
    control(house, f"/_control/accounts/{house.account_id}/reversals", policy="refuse")
    onboard(house, house.account_id)
    control(house, "/_control/payouts", account=house.account_id, amount=239)
    give_back(house, line)
    assert [row.state.value for row in reversals_of(house, line)] == ["refused"]
    text = flat(page(seller, "balance"))
    assert figures(seller)["debt"] == "$2.39"
    assert "You owe Bracket $2.39." in text
    assert f"{line.title} : $2.39" in text
    assert "Owed back by you" in flat(page(seller, "sales"))
    assert "could not be called back" in flat(page(seller, f"sales/{line.id}"))


def test_nothing_of_another_seller_is_ever_seen(
    house: House, seller: FlaskClient, site: Flask
) -> None:
    """Seller B knows every address of seller A and tries them all."""
    mine = sell(house)
    other_id, other_listing = another_seller(house)
    theirs = sell(house, other_listing)
    give_back(house, theirs, 100)
    month = f"{now():%Y-%m}"
    for path in (*PAGES, f"statements/{month}.csv"):
        text = page(seller, path)
        for secret in ("Owl at midnight", "Other Owl", theirs.id, theirs.order_id, "$3.99", "3.99"):
            assert secret not in text, f"{path} shows {secret}"
    page(seller, f"sales/{mine.id}")
    page(seller, f"sales/{theirs.id}", 404)
    page(seller, f"sales/{theirs.order_id}", 404)
    page(seller, "sales/0000000000000", 404)
    for query in (f"?seller={other_id}", f"?seller_id={other_id}", f"?page=2&seller_id={other_id}"):
        assert "Owl at midnight" not in page(seller, f"sales{query}")
        assert "Owl at midnight" not in page(seller, f"statements/{month}.csv{query}")
    for form in ({"seller_id": other_id}, {"seller": other_id}):
        seller.post("/sell/payouts", data={"schedule": "manual", "threshold": "25", **form})
        seller.post("/sell/payouts/now", data=form)
        seller.post("/sell/payouts/resume", data=form)
    with house.work() as session:
        assert session.get(PayoutSettings, other_id) is None
        rows = session.query(PayoutRequest).filter_by(seller_id=other_id).all()
        assert rows == []
    other = browser(site, house, other_id)
    assert "Owl at midnight" in page(other, "sales")
    assert mine.title not in page(other, "sales")


def test_a_buyer_has_no_such_pages(house: House, site: Flask) -> None:
    line = sell(house)
    site.extensions["bracket"] = house.services
    with house.work() as session:
        client = log_in(site.test_client(), session.get_one(User, house.buyer_id))
    for path in (*PAGES, f"sales/{line.id}", f"statements/{now():%Y-%m}.pdf"):
        page(client, path, 404)


def test_no_page_tells_who_bought_or_what_the_prompt_is(house: House, seller: FlaskClient) -> None:
    line = sell(house)
    give_back(house, line)
    with house.work() as session:
        buyer = session.get_one(User, house.buyer_id)
    for path in (*PAGES, f"sales/{line.id}", f"statements/{now():%Y-%m}.csv"):
        text = page(seller, path)
        for secret in (SECRET_PROMPT, SECRET_PROMPT[::-1], buyer.email, buyer.id, "own words"):
            assert secret not in text


def test_long_lists_are_paged(house: House, seller: FlaskClient) -> None:
    line = sell(house)
    with house.work() as session:
        for number in range(PAGE_SIZE):
            session.add(copy_of(session.get_one(Order, line.order_id), number))
    first, second = page(seller, "sales"), page(seller, "sales?page=2")
    assert first.count('data-label="Price"') == PAGE_SIZE
    assert second.count('data-label="Price"') == 1
    assert "Page 1 of 2" in first
    assert "No sales on this page" in page(seller, "sales?page=99")


def copy_of(order: Order, number: int) -> OrderLine:
    """Another paid order of the same listing, older."""
    model = order.lines[0]
    older = Order(
        buyer_id=order.buyer_id, state=order.state, total_cents=299, arrived_cents=299,
        expires_at=now(), paid_at=now() - timedelta(days=number + 1), charge_id=f"ch_old_{number}",
    )  # fmt: skip
    return OrderLine(
        order=older, listing_id=model.listing_id, version_id=model.version_id,
        seller_id=model.seller_id, title=model.title, price_cents=299, commission_cents=60,
        seller_cents=239, currency="usd",
    )  # fmt: skip


def test_the_schedule_is_chosen_and_mistakes_are_kept(house: House, seller: FlaskClient) -> None:
    text = page(seller, "payouts")
    assert re.search(r'value="threshold"[^>]*checked|checked[^>]*value="threshold"', text)
    assert 'value="25.00"' in text
    wrong = seller.post("/sell/payouts", data={"schedule": "weekly", "threshold": "a lot"})
    assert wrong.status_code == 422
    assert "Write the amount in dollars, from $10.00 to $1000.00." in wrong.text
    assert 'value="a lot"' in wrong.text
    right = seller.post("/sell/payouts", data={"schedule": "monthly", "threshold": "40"})
    assert right.status_code == 303
    with house.work() as session:
        settings = settings_of(session, house.seller_id)
    assert (settings.schedule, settings.threshold_cents) == (Schedule.MONTHLY, 4_000)


def test_paying_out_by_hand_and_what_the_list_says(house: House, seller: FlaskClient) -> None:
    onboard(house, house.account_id)
    assert "Payouts start at $5.00" in page(seller, "payouts")
    for _ in range(3):
        sell(house)
    assert "Pay out $7.17 now" in page(seller, "payouts")
    for _ in range(2):
        assert seller.post("/sell/payouts/now").status_code == 303
    with house.work() as session:
        [request] = session.query(PayoutRequest).filter_by(seller_id=house.seller_id).all()
    assert (request.cents, request.asked_by) == (717, house.seller_id)
    text = flat(page(seller, "payouts"))
    assert "A payout of $7.17 is being made." in text
    assert make_payout(house.services, request.id) is RequestState.DONE
    assert "$7.17 On its way" in flat(page(seller, "payouts"))
    [payout] = house.payments.inner.list_payouts(house.account_id)
    control(house, f"/_control/payouts/{payout.payout_id}/paid")
    watch_payouts(house.services, house.seller_id)
    assert "may still return it" in flat(page(seller, "payouts"))
    assert figures(seller)["paid_out"] == "$7.17"
    control(house, f"/_control/payouts/{payout.payout_id}/fail", code="account_closed")
    watch_payouts(house.services, house.seller_id)
    text = flat(page(seller, "payouts"))
    assert "Returned by your bank" in text
    assert "The bank account is closed. The money is in your balance again." in text
    assert figures(seller)["available"] == "$7.17"
    assert seller.post("/sell/payouts/resume").status_code == 303
    assert "Your bank returned the last payout" not in page(seller, "payouts")


def test_the_page_stands_while_stripe_is_silent(house: House, seller: FlaskClient) -> None:
    house.bank.faults({"path": "/v1/balance", "action": "500", "times": 6})
    assert "Stripe does not answer just now" in page(seller, "payouts")
    assert seller.post("/sell/payouts/now").status_code == 303
    house.bank.faults()
    assert "Stripe does not answer" not in page(seller, "payouts")
