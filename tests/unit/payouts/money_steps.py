"""Steps that the tests of sellers' money share."""

from __future__ import annotations

from typing import Any

import requests
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from marketplace.accounts.models import OutgoingMail, SellerProfile, User
from marketplace.accounts.operations import grant_role
from marketplace.core.permissions import Role
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.operations import settle
from marketplace.orders.refund_calls import submit_refund
from marketplace.orders.refund_models import Refund
from marketplace.orders.refunds import refund_lines
from marketplace.orders.reversals import reverse_transfer
from marketplace.orders.states import RefundReason
from marketplace.orders.transfer_models import TransferReversal
from marketplace.orders.transfers import transfer_line
from marketplace.task_names import TaskName
from tests.factories.orders import make_buyer, make_live_listing, make_seller
from tests.fixtures.app import log_in
from tests.fixtures.buying import LOOPBACK_TIMEOUT, House
from tests.unit.orders.buying_steps import open_checkout

AT_ONCE = "4000000000000077"
"""A card whose money is available at once."""
TASKS = {
    TaskName.TRANSFER_LINE: transfer_line,
    TaskName.SUBMIT_REFUND: submit_refund,
    TaskName.REVERSE_TRANSFER: reverse_transfer,
}


def control(house: House, path: str, **body: Any) -> dict[str, Any]:
    """Do something at the emulator's desk."""
    answer = requests.post(f"{house.bank.url}{path}", json=body, timeout=LOOPBACK_TIMEOUT)
    assert answer.ok, answer.text
    return dict(answer.json())


def work_off(house: House) -> None:
    """Do the transfers, refunds and reversals that were asked for; leave other jobs alone."""
    while house.queue.sent:
        name, args = house.queue.sent.pop(0)
        if name in TASKS:
            TASKS[TaskName(name)](house.services, *args)


def sell(house: House, listing_id: str | None = None) -> OrderLine:
    """A new buyer buys a listing, and its seller is paid; the line as it stands then."""
    with house.work() as session:
        house.buyer_id = make_buyer(session).id
    order = open_checkout(house, listing_id)
    assert house.bank.pay(str(order.checkout_url), AT_ONCE).status_code == 303
    settle(house.services, order.id)
    work_off(house)
    return line_now(house, order.id)


def line_now(house: House, order_id: str) -> OrderLine:
    """The only line of an order as it stands now."""
    with house.work() as session:
        return session.scalars(select(OrderLine).where(OrderLine.order_id == order_id)).one()


def give_back(house: House, line: OrderLine, cents: int | None = None) -> Refund:
    """Refund a line, or a part of its price, and do everything that follows."""
    with house.work() as session:
        [refund] = refund_lines(
            session, house.services, line.order_id, {line.id: cents},
            RefundReason.DOES_NOT_WORK, "the buyer's own words", None,
        )  # fmt: skip
    work_off(house)
    with house.work() as session:
        return session.get_one(Refund, refund.id)


def reversals_of(house: House, line: OrderLine) -> list[TransferReversal]:
    """What was called back, or should be, of a line."""
    with house.work() as session:
        return list(
            session.scalars(select(TransferReversal).where(TransferReversal.line_id == line.id))
        )


def dispute(house: House, line: OrderLine) -> str:
    """The buyer's bank takes the payment back; Stripe's id of the dispute."""
    with house.work() as session:
        charge = session.get_one(Order, line.order_id).charge_id
    return str(control(house, f"/_control/charges/{charge}/dispute")["id"])


def onboard(house: House, account_id: str, number: str = "000123456789") -> None:
    """Fill in the provider's form for an account: who they are, and a bank account."""
    hosted = house.payments.inner.onboarding_url(
        account_id, "http://127.0.0.1:9/back", "http://127.0.0.1:9/again"
    )
    form = {
        "given_name": "Sam", "surname": "Sample", "birth": "1990-04-12", "line1": "1 Example Way",
        "city": "Springfield", "postal_code": "62701", "ssn_last_4": "0000",
        "account_number": number, "activate": "yes",
    }  # fmt: skip
    answer = requests.post(hosted, data=form, allow_redirects=False, timeout=LOOPBACK_TIMEOUT)
    assert answer.is_redirect, answer.text


def another_seller(house: House) -> tuple[str, str]:
    """Ids of a second seller who can be paid, and of their listing."""
    with house.work() as session:
        profile = make_seller(session, house.new_account())
        profile.display_name = "Other Owl"
        listing = make_live_listing(session, profile, 499)
        listing.title = "Owl at midnight"
        return profile.user_id, listing.id


def browser(made_once: Flask, house: House, user_id: str) -> FlaskClient:
    """A seller's browser on the house's pages."""
    made_once.extensions["bracket"] = house.services
    made_once.config.update(WTF_CSRF_ENABLED=False)
    with house.work() as session:
        user = session.get_one(User, user_id)
        if session.get(SellerProfile, user_id) and Role.SELLER.value not in user.role_names:
            grant_role(session, user, Role.SELLER)
        return log_in(made_once.test_client(), user)


def mails_to(house: House, user_id: str) -> list[OutgoingMail]:
    """E-mails queued for a person, oldest first."""
    with house.work() as session:
        address = session.get_one(User, user_id).email
        return list(
            session.scalars(
                select(OutgoingMail)
                .where(OutgoingMail.recipient == address)
                .order_by(OutgoingMail.created_at)
            )
        )
