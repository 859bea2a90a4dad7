"""Requests, parked orders and refunds that came back, at the desk."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.core.permissions import Role
from marketplace.orders import ledger
from marketplace.orders.desk.models import Act
from marketplace.orders.models import Order
from marketplace.orders.refund_models import Refund, RefundRequest
from marketplace.orders.states import OrderState, RefundState, RequestState
from tests.factories.money import make_failed_refund, make_request
from tests.unit.orders.desk.conftest import Desk

SEEN = re.compile(r'name="seen" value="([^"]+)"')


@pytest.fixture
def moderator(desk: Desk) -> FlaskClient:
    return desk.browser(Role.MODERATOR)


def refunds(desk: Desk) -> list[Refund]:
    desk.session.expire_all()
    return list(desk.session.scalars(select(Refund)))


def asked(desk: Desk) -> RefundRequest:
    request = make_request(desk.session, desk.order.lines[0], "It <b>only</b> makes cats.")
    desk.session.commit()
    return request


def test_the_queue_shows_who_waits_longest_first(desk: Desk, moderator: FlaskClient) -> None:
    first = asked(desk)
    second = make_request(desk.session, desk.order.lines[1])
    desk.session.commit()
    page = moderator.get("/desk/refunds").text
    assert page.index(first.id) < page.index(second.id)
    assert "@example.com" in page


def test_yes_gives_back_what_was_shown(desk: Desk, moderator: FlaskClient) -> None:
    request = asked(desk)
    address = f"/desk/refunds/requests/{request.id}"
    page = moderator.get(address).text
    assert "It &lt;b&gt;only&lt;/b&gt; makes cats." in page
    assert "$2.39 that waited will not be sent" in page
    form = {"approve": "y", "seen": SEEN.findall(page)[0], "answer": "Sorry for that."}
    assert moderator.post(address, data=form).status_code == 303
    (row,) = refunds(desk)
    assert (row.cents, row.request_id) == (299, request.id)
    assert desk.session.get_one(RefundRequest, request.id).state is RequestState.APPROVED
    act = desk.only_act(Act.APPROVE_REQUEST)
    assert (act.reason, act.cents, act.subject) == ("Sorry for that.", 299, request.id)
    assert "Approved" in moderator.get(address).text
    assert moderator.post(address, data=form).status_code == 422  # nothing is left
    assert len(refunds(desk)) == 1


def test_another_sum_is_shown_once_more(desk: Desk, moderator: FlaskClient) -> None:
    request = asked(desk)
    address = f"/desk/refunds/requests/{request.id}"
    seen = SEEN.findall(moderator.get(address).text)[0]
    form = {"approve": "y", "seen": seen, "amount": "1.00", "answer": "A part."}
    page = moderator.post(address, data=form)
    assert page.status_code == 200
    assert "Refund $1.00?" in page.text
    assert "A part." in page.text
    assert refunds(desk) == []
    moderator.post(address, data={**form, "seen": SEEN.findall(page.text)[0]})
    assert [row.cents for row in refunds(desk)] == [100]


def test_no_needs_words(desk: Desk, moderator: FlaskClient) -> None:
    request = asked(desk)
    address = f"/desk/refunds/requests/{request.id}"
    page = moderator.post(address, data={"decline": "y", "answer": " "})
    assert page.status_code == 422
    assert "the buyer will read it" in page.text
    done = moderator.post(address, data={"decline": "y", "answer": "It makes dogs, too."})
    assert done.status_code == 303
    assert refunds(desk) == []
    assert desk.session.get_one(RefundRequest, request.id).state is RequestState.DECLINED
    assert desk.only_act(Act.DECLINE_REQUEST).reason == "It makes dogs, too."
    assert "It makes dogs, too." in moderator.get(address).text
    assert request.id in moderator.get("/desk/refunds?tab=answered").text


@pytest.mark.parametrize("amount", ["3.00", "zero", "0.00"])
def test_bad_sums_keep_the_answer(desk: Desk, moderator: FlaskClient, amount: str) -> None:
    request = asked(desk)
    form = {"approve": "y", "amount": amount, "answer": "typed"}
    page = moderator.post(f"/desk/refunds/requests/{request.id}", data=form)
    assert page.status_code == 422
    assert "typed" in page.text
    assert f'value="{amount}"' in page.text
    assert refunds(desk) == []


def park(desk: Desk) -> Order:
    desk.order.state = OrderState.REVIEW
    desk.order.review_reason = "the amount differs"
    desk.order.arrived_cents = 500
    desk.session.commit()
    return desk.order


def test_a_parked_order_is_given_back_as_it_arrived(desk: Desk, moderator: FlaskClient) -> None:
    order = park(desk)
    assert order.id in moderator.get("/desk/refunds?tab=parked").text
    address = f"/desk/parked/{order.id}"
    page = moderator.get(address).text
    assert "the amount differs" in page
    assert "Refund $5.00" in page
    assert moderator.post(address, data={"reason": ""}).status_code == 422
    done = moderator.post(address, data={"reason": "not ours"})
    assert done.status_code == 303
    assert [(row.cents, row.line_id) for row in refunds(desk)] == [(500, None)]
    assert desk.only_act(Act.REFUND_PARKED).reason == "not ours"
    assert moderator.post(address, data={"reason": "again"}).status_code == 409
    assert len(refunds(desk)) == 1


def test_a_refund_that_came_back_is_booked_from_the_bank(desk: Desk) -> None:
    row = make_failed_refund(desk.session, desk.order.lines[0])
    desk.session.commit()
    owner, address = desk.browser(Role.BOOKKEEPER), f"/desk/refunds/failed/{row.id}"
    assert row.id in owner.get("/desk/refunds?tab=failed").text
    assert "I have paid $2.99" in owner.get(address).text
    assert owner.post(address, data={}).status_code == 422
    assert owner.post(address, data={"reason": "SEPA 4711"}).status_code == 303
    assert desk.only_act(Act.PAY_BY_HAND).reason == "SEPA 4711"
    desk.session.expire_all()
    assert desk.session.get_one(Refund, row.id).state is RefundState.MANUAL
    assert ledger.balance(desk.session, ledger.BANK) == -299
    assert ledger.trial_balance(desk.session) == 0
    assert owner.post(address, data={"reason": "twice"}).status_code == 409
    assert ledger.balance(desk.session, ledger.BANK) == -299


def test_moderators_see_but_do_not_pay_by_hand(desk: Desk, moderator: FlaskClient) -> None:
    row = make_failed_refund(desk.session, desk.order.lines[0])
    desk.session.commit()
    page = moderator.get(f"/desk/refunds/failed/{row.id}").text
    assert "I have paid" not in page


def test_what_was_given_back_in_another_way_is_not_paid_by_hand(desk: Desk) -> None:
    line = desk.order.lines[0]
    row = make_failed_refund(desk.session, line)
    line.refunded_cents, line.refunded_seller_cents = 299, 239
    desk.session.commit()
    owner = desk.browser(Role.ADMIN)
    assert row.id not in owner.get("/desk/refunds?tab=failed").text
    address = f"/desk/refunds/failed/{row.id}"
    assert "needs no payment by hand" in owner.get(address).text
    assert owner.post(address, data={"reason": "x"}).status_code == 409
    assert desk.acts() == []
