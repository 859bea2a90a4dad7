"""Sellers' accounts: what is remembered, and what they are told about it, once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import frozen, now
from marketplace.core.errors import NotFoundError
from marketplace.gateways.payments import TransfersStatus
from marketplace.orders.states import TransferState
from marketplace.payouts.accounts import (
    CHECK_GAP,
    account_state,
    check_account,
    sweep_accounts,
)
from marketplace.task_names import TaskName
from tests.fixtures.buying import House
from tests.unit.payouts.money_steps import control, line_now, mails_to, sell, work_off

DOCUMENT = "identity.individual.documents.primary_verification"


def set_account(house: House, status: str, **more: object) -> None:
    control(house, f"/_control/accounts/{house.account_id}/status", status=status, **more)


def test_what_is_missing_is_remembered_and_told_once(house: House) -> None:
    check_account(house.services, house.seller_id)
    assert mails_to(house, house.seller_id) == []
    set_account(house, "restricted", due=[DOCUMENT], error="It could not be read.")
    state = check_account(house.services, house.seller_id)
    check_account(house.services, house.seller_id)
    assert state.status is TransfersStatus.ONBOARDING
    assert [need.words for need in state.needs] == [
        "A photo of your passport, driving licence or identity card"
    ]
    [mail] = mails_to(house, house.seller_id)
    assert "passport" in mail.body_text
    assert "/sell/onboarding" in mail.body_text
    with house.work() as session:
        profile = session.get_one(SellerProfile, house.seller_id)
        assert account_state(session, profile).needs == state.needs

    set_account(house, "active")
    assert check_account(house.services, house.seller_id).needs == []
    set_account(house, "restricted", due=[DOCUMENT], error="It could not be read.")
    check_account(house.services, house.seller_id)
    assert len(mails_to(house, house.seller_id)) == 2, "the same need, mended between, is news"


def test_a_seller_who_has_just_begun_is_left_alone_for_a_day(house: House) -> None:
    set_account(house, "onboarding")
    assert check_account(house.services, house.seller_id).needs
    assert mails_to(house, house.seller_id) == []
    with frozen(now() + timedelta(days=2)):
        check_account(house.services, house.seller_id)
    [mail] = mails_to(house, house.seller_id)
    assert "bank account" in mail.body_text


def test_a_closed_account_is_told_and_needs_nothing(house: House) -> None:
    control(house, f"/_control/accounts/{house.account_id}/close")
    state = check_account(house.services, house.seller_id)
    assert state.closed
    [mail] = mails_to(house, house.seller_id)
    assert "closed" in mail.subject


def test_becoming_active_sets_held_shares_going(house: House) -> None:
    set_account(house, "restricted")
    line = sell(house)
    assert line.transfer_state is TransferState.HELD
    check_account(house.services, house.seller_id)
    set_account(house, "active")
    check_account(house.services, house.seller_id)
    work_off(house)
    assert line_now(house, line.order_id).transfer_state is TransferState.DONE


def test_the_sweep_asks_once_a_day_and_after_a_change(house: House) -> None:
    def mine() -> int:
        house.queue.sent.clear()
        more = True
        while more:  # other tests' sellers may fill a batch
            with house.work() as session:
                more = sweep_accounts(session, house.queue) > 0
        return house.queue.sent.count((TaskName.CHECK_SELLER_ACCOUNT, (house.seller_id,)))

    assert mine() == 1
    assert mine() == 0, "asked already; the answer is on its way"
    check_account(house.services, house.seller_id)
    assert mine() == 0
    with frozen(now() + CHECK_GAP + timedelta(minutes=1)):
        assert mine() == 1
    with house.work() as session:
        session.get_one(
            SellerProfile, house.seller_id
        ).transfers_status = TransfersStatus.RESTRICTED
    with frozen(now() + 2 * CHECK_GAP - timedelta(minutes=1)):
        assert mine() == 1, "the status differs from what was remembered"


def test_nobody_is_not_found(house: House) -> None:
    with pytest.raises(NotFoundError):
        check_account(house.services, "0000000000000")
