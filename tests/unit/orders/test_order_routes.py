"""A buyer's orders in the browser: history, papers, and asking for money back."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.accounts.models import OutgoingMail
from marketplace.core.clock import now
from marketplace.listings.models import ListingVersion
from marketplace.orders.models import Entitlement, Order
from marketplace.orders.operations import settle
from marketplace.orders.refund_models import RefundRequest
from marketplace.orders.refunds import decide_refund_request
from marketplace.orders.states import EntitlementState, OrderState, RequestState
from tests.factories.orders import SECRET_PROMPT, make_buyer
from tests.fixtures.buying import House
from tests.unit.orders.buying_steps import (
    browser_of,
    line_of,
    open_checkout,
    paid_checkout,
    reread,
)


@pytest.fixture
def order(house: House) -> Order:
    """A paid order of one line."""
    paid = paid_checkout(house)
    settle(house.services, paid.id)
    return paid


@pytest.fixture
def buyer(house: House) -> FlaskClient:
    return browser_of(house, house.buyer_id)


def ask(house: House, browser: FlaskClient, order: Order, note: str = "") -> str:
    """Ask for the line's price; the order's page afterwards."""
    answer = browser.post(
        f"/orders/{order.id}/refund/{line_of(house, order).id}",
        data={"reason": "does_not_work", "note": note},
        follow_redirects=True,
    )
    assert answer.status_code == 200
    return answer.text


def mails(house: House) -> list[OutgoingMail]:
    with house.work() as session:
        return list(session.scalars(select(OutgoingMail).order_by(OutgoingMail.created_at)))


def decide(house: House, approve: bool, answer: str = "") -> None:
    with house.work() as session:
        request = session.scalars(select(RefundRequest)).one()
        staff = make_buyer(session).id
        decide_refund_request(session, house.services, request.id, staff, approve, answer)
    house.run_jobs()


def test_the_history_says_how_each_order_stands(house: House, buyer: FlaskClient) -> None:
    assert "No orders yet" in buyer.get("/orders").text
    order = open_checkout(house)
    page = buyer.get("/orders").text
    assert "Waiting for payment" in page
    assert f'href="/orders/{order.id}"' in page
    with house.work() as session:
        session.get_one(Order, order.id).state = OrderState.EXPIRED
    assert order.id not in buyer.get("/orders").text
    everything = buyer.get("/orders?all=1").text
    assert order.id in everything
    assert "Not paid" in everything


@pytest.mark.parametrize("state", list(OrderState))
def test_every_state_has_words(
    house: House, buyer: FlaskClient, order: Order, state: OrderState
) -> None:
    with house.work() as session:
        session.get_one(Order, order.id).state = state
    page = buyer.get(f"/orders/{order.id}")
    assert page.status_code == 200
    assert f'data-order-state="{state.value}"' in page.text


def test_the_page_shows_the_receipt_and_its_file(
    house: House, buyer: FlaskClient, order: Order
) -> None:
    page = buyer.get(f"/orders/{order.id}").text
    assert "Receipt R-0" in page
    address = page.partition('href="/orders/papers/')[2].partition('"')[0]
    paper = buyer.get(f"/orders/papers/{address}")
    assert "Paper Fox" in paper.text
    assert "$2.99" in paper.text
    file = buyer.get(f"/orders/papers/{address}.pdf")
    assert (file.status_code, file.mimetype) == (200, "application/pdf")
    assert file.data.startswith(b"%PDF-")
    assert 'filename="bracket-R-0' in file.headers["Content-Disposition"]
    stranger = browser_of(house, house.seller_id)
    for path in (
        f"/orders/{order.id}",
        f"/orders/papers/{address}",
        f"/orders/papers/{address}.pdf",
    ):
        assert stranger.get(path).status_code == 404
        assert browser_of(house, None).get(path).status_code == 302


@pytest.mark.parametrize("path", ["x", "0" * 13, "papers/x", "papers/x.pdf", "%00"])
def test_made_up_addresses_are_not_there(buyer: FlaskClient, path: str) -> None:
    assert buyer.get(f"/orders/{path}").status_code == 404


def test_asking_needs_a_reason_and_keeps_the_words(
    house: House, buyer: FlaskClient, order: Order
) -> None:
    address = f"/orders/{order.id}/refund/{line_of(house, order).id}"
    assert "What went wrong?" in buyer.get(address).text
    answer = buyer.post(address, data={"note": "It drew owls instead."})
    assert answer.status_code == 422
    assert "Choose the reason that fits best." in answer.text
    assert "It drew owls instead." in answer.text
    answer = buyer.post(address, data={"reason": "fraud_warning"})
    assert answer.status_code == 422
    answer = buyer.post(address, data={"reason": "other", "note": "x" * 2001})
    assert "At most 2000 characters" in answer.text


def test_an_open_request_is_shown_and_not_asked_twice(
    house: House, buyer: FlaskClient, order: Order
) -> None:
    page = ask(house, buyer, order, "It drew owls.")
    for text in ("We have your request", "It drew owls.", "it does not work", "A person reads it"):
        assert text in page
    assert "Ask for a refund" not in page
    address = f"/orders/{order.id}/refund/{line_of(house, order).id}"
    assert buyer.get(address).location == f"/orders/{order.id}"
    again = buyer.post(address, data={"reason": "other"})
    assert again.status_code == 409
    assert "You have asked already" in again.text


def test_a_refusal_is_shown_and_mailed(house: House, buyer: FlaskClient, order: Order) -> None:
    ask(house, buyer, order)
    decide(house, False, "All three samples come out as shown.")
    page = buyer.get(f"/orders/{order.id}").text
    assert "Declined" in page
    assert "All three samples come out as shown." in page
    assert "Ask for a refund" in page  # with better reasons
    mail = mails(house)[-1]
    assert mail.subject == "About the refund you asked for"
    assert "All three samples come out as shown." in mail.body_text
    assert f"/orders/{order.id}" in mail.body_text


def test_money_given_back_is_shown_mailed_and_credited(
    house: House, buyer: FlaskClient, order: Order
) -> None:
    ask(house, buyer, order)
    decide(house, True, "Sorry about that.")
    page = buyer.get(f"/orders/{order.id}").text
    for text in ("Refund of $2.99: paid back.", "Agreed", "Credit note C-0", "No longer yours"):
        assert text in page
    assert "Refunded" in buyer.get("/orders").text
    mail = mails(house)[-1]
    assert mail.subject == "Your refund from Bracket"
    assert "You get $2.99 back." in mail.body_text
    assert "Our answer: Sorry about that." in mail.body_text
    assert reread(house, order).state is OrderState.REFUNDED


def test_a_prompt_that_failed_is_given_back_at_once(
    house: House, buyer: FlaskClient, order: Order
) -> None:
    with house.work() as session:
        version = session.get_one(ListingVersion, line_of(house, order).version_id)
        version.degraded_since = now()
    asking = buyer.get(f"/orders/{order.id}/refund/{line_of(house, order).id}").text
    assert "you get your money back at once" in asking
    assert "A person reads this" not in asking
    page = ask(house, buyer, order)
    assert "no longer makes what it was sold for" in page
    with house.work() as session:
        assert session.scalars(select(RefundRequest)).one().state is RequestState.APPROVED


def test_no_paper_page_or_mail_holds_the_prompt(
    house: House, buyer: FlaskClient, order: Order
) -> None:
    ask(house, buyer, order)
    decide(house, True)
    texts = [buyer.get("/orders").text, buyer.get(f"/orders/{order.id}").text]
    texts += [mail.subject + mail.body_text for mail in mails(house)]
    assert len(texts) == 4
    for text in texts:
        assert SECRET_PROMPT not in text
        assert SECRET_PROMPT[::-1] not in text


def test_someone_elses_line_cannot_be_asked_for(house: House, order: Order) -> None:
    thief = browser_of(house, house.seller_id)
    address = f"/orders/{order.id}/refund/{line_of(house, order).id}"
    assert thief.get(address).status_code == 404
    assert thief.post(address, data={"reason": "other"}).status_code == 404


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (EntitlementState.SUSPENDED, "Your bank is looking into the payment."),
        (EntitlementState.REVOKED, "The money for it went back to you"),
    ],
)
def test_the_library_says_why_something_is_closed(
    house: House, buyer: FlaskClient, order: Order, state: EntitlementState, said: str
) -> None:
    with house.work() as session:
        right = session.scalars(select(Entitlement)).one()
        right.state = state
        item = f"/library/{right.id}"
    shelf = buyer.get("/library").text
    assert "Not open to you now" in shelf
    assert said in shelf
    page = buyer.get(item)
    assert page.status_code == 403
    assert said in page.text
    assert buyer.post(item).status_code == 404
    assert browser_of(house, house.seller_id).get(item).status_code == 404
