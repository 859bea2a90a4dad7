"""Mail to sellers about their money: each piece of news once, and never a word of a prompt."""

from __future__ import annotations

from datetime import timedelta

import pytest

from marketplace.accounts.models import OutgoingMail
from marketplace.core.clock import frozen, now
from marketplace.core.money import Money
from marketplace.orders.disputes import sync_dispute
from marketplace.payouts.notices import sweep_notices
from marketplace.payouts.operations import ask_for_payout, make_payout
from marketplace.payouts.watching import watch_payouts
from tests.factories.orders import SECRET_PROMPT
from tests.fixtures.buying import House
from tests.unit.payouts.money_steps import (
    control,
    dispute,
    give_back,
    mails_to,
    onboard,
    sell,
    work_off,
)


def told(house: House) -> list[OutgoingMail]:
    """What the seller is sent now; sweeping twice tells nothing twice."""
    before = len(mails_to(house, house.seller_id))
    for _ in range(2):
        with house.work() as session:
            sweep_notices(session, house.services)
    return mails_to(house, house.seller_id)[before:]


def test_a_sale_is_no_news_and_a_refund_is(house: House) -> None:
    line = sell(house)
    assert told(house) == []
    give_back(house, line, 100)
    [mail] = told(house)
    assert mail.subject == "A sale was refunded"
    assert "$1.00 of it went back" in mail.body_text
    assert "Your share of the refund is $0.79" in mail.body_text
    assert f"/sell/sales/{line.id}" in mail.body_text
    give_back(house, line)
    [mail] = told(house)
    assert "$1.99 of it went back" in mail.body_text


@pytest.mark.parametrize(
    ("verdict", "subject"),
    [
        ("win", "A dispute was decided for you"),
        ("lose", "A dispute was decided for the buyer"),
    ],
)
def test_a_dispute_from_its_opening_to_its_end(house: House, verdict: str, subject: str) -> None:
    line = sell(house)
    made = dispute(house, line)
    sync_dispute(house.services, made)
    work_off(house)
    [mail] = told(house)
    assert mail.subject == "A sale is disputed"
    assert "the card's owner says they did not buy it" in mail.body_text
    assert "$2.39 is kept back" in mail.body_text
    control(house, f"/_control/disputes/{made}/{verdict}")
    sync_dispute(house.services, made)
    work_off(house)
    [mail] = told(house)
    assert mail.subject == subject


def test_payouts_that_come_back_or_are_refused(house: House) -> None:
    onboard(house, house.account_id, "000111111113")
    for _ in range(3):
        sell(house)
    with house.work() as session:
        request = ask_for_payout(session, house.queue, house.seller_id, 717, house.seller_id)
    make_payout(house.services, request.id)
    [payout] = house.payments.inner.list_payouts(house.account_id)
    control(house, f"/_control/payouts/{payout.payout_id}/fail", code="account_closed")
    watch_payouts(house.services, house.seller_id)
    [mail] = told(house)
    assert mail.subject == "A payout came back"
    assert f"{Money(717)}" in mail.body_text
    assert "The bank account is closed." in mail.body_text


def test_a_refused_payout_is_told(house: House) -> None:
    with house.work() as session:
        request = ask_for_payout(session, house.queue, house.seller_id, 5_000, house.seller_id)
    make_payout(house.services, request.id)
    [mail] = told(house)
    assert mail.subject == "A payout could not be made"
    assert "$50.00" in mail.body_text


def test_old_news_is_not_told(house: House) -> None:
    give_back(house, sell(house))
    with frozen(now() + timedelta(days=40)):
        assert told(house) == []


def test_no_mail_holds_a_prompt_or_the_buyer(house: House) -> None:
    line = sell(house)
    give_back(house, line, 50)
    sync_dispute(house.services, dispute(house, sell(house)))
    mails = told(house)
    assert len(mails) == 2
    for mail in mails:
        assert mail.body_html is None
        for secret in (SECRET_PROMPT, "the buyer's own words", "@example.com", house.buyer_id):
            assert secret not in mail.body_text + mail.subject
