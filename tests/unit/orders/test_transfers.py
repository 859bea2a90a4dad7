"""Paying sellers exactly once, through refusals, silence and crashes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import frozen, now
from marketplace.core.money import Money
from marketplace.gateways.payments import PaymentUnavailableError, Transfer, TransfersStatus
from marketplace.orders import ledger
from marketplace.orders.models import LedgerEntry, Order, OrderLine
from marketplace.orders.operations import settle
from marketplace.orders.states import TransferState
from marketplace.orders.sweeps import sweep_held, sweep_transfers
from marketplace.orders.transfers import transfer_line
from tests.fixtures.buying import House
from tests.unit.orders.buying_steps import line_of, paid_checkout

TRANSFERS = "/v1/transfers"


@pytest.fixture
def sold(house: House) -> Order:
    """A paid order whose transfer is due; its message was lost."""
    order = paid_checkout(house)
    settle(house.services, order.id)
    house.lose_jobs()
    return order


def pay_seller(house: House, order: Order) -> TransferState:
    return transfer_line(house.services, line_of(house, order).id)


def owed(house: House) -> int:
    with house.work() as session:
        return -ledger.balance(session, ledger.seller_payable(house.seller_id))


def test_the_seller_gets_their_share_out_of_the_charge(house: House, sold: Order) -> None:
    assert owed(house) == 239
    assert pay_seller(house, sold) is TransferState.DONE
    (made,) = house.bank.transfers(sold.id)
    line = line_of(house, sold)
    assert (made["id"], made["amount"], made["destination"]) == (
        line.transfer_id,
        239,
        house.account_id,
    )
    assert made["metadata"] == {"line_id": line.id, "attempt": "1"}
    assert owed(house) == 0


def test_asking_again_transfers_nothing_more(house: House, sold: Order) -> None:
    for _ in range(3):
        assert pay_seller(house, sold) is TransferState.DONE
    assert len(house.bank.transfers(sold.id)) == 1
    assert house.payments.calls.count("create_transfer") == 1


def test_a_lost_answer_pays_nobody_twice(house: House, sold: Order) -> None:
    house.bank.faults({"path": TRANSFERS, "method": "POST", "action": "lost_answer", "times": 3})
    with pytest.raises(PaymentUnavailableError):
        pay_seller(house, sold)
    house.bank.faults()
    assert pay_seller(house, sold) is TransferState.DONE
    assert len(house.bank.transfers(sold.id)) == 1


def test_two_workers_at_once_make_one_transfer(house: House, sold: Order) -> None:
    line_id = line_of(house, sold).id
    house.payments.before["create_transfer"] = lambda: transfer_line(house.services, line_id)
    assert transfer_line(house.services, line_id) is TransferState.DONE
    assert len(house.bank.transfers(sold.id)) == 1
    with house.work() as session:
        entries = session.scalars(select(LedgerEntry).where(LedgerEntry.kind == "transfer")).all()
    assert len(entries) == 1
    assert owed(house) == 0


@pytest.mark.parametrize("action", ["500", "429"])
def test_silence_keeps_the_key(house: House, sold: Order, action: str) -> None:
    house.bank.faults({"path": TRANSFERS, "action": action, "times": 3})
    with pytest.raises(PaymentUnavailableError):
        pay_seller(house, sold)
    line = line_of(house, sold)
    assert (line.transfer_state, line.transfer_attempt) == (TransferState.PENDING, 1)


def test_a_seller_without_account_is_owed_the_money(house: House, sold: Order) -> None:
    with house.work() as session:
        session.get_one(SellerProfile, house.seller_id).stripe_account_id = None
    pay_seller(house, sold)
    line = line_of(house, sold)
    assert (line.transfer_state, line.held_code) == (TransferState.HELD, "no_connected_account")
    assert line.transfer_attempt == 1
    assert "create_transfer" not in house.payments.calls


def test_a_transfer_that_differs_from_what_is_owed_is_not_booked(house: House, sold: Order) -> None:
    house.payments.after["create_transfer"] = lambda made: Transfer(
        made.transfer_id, Money(1), made.destination
    )
    assert pay_seller(house, sold) is TransferState.HELD
    assert line_of(house, sold).held_code == "existing_transfer_differs"
    assert owed(house) == 239


def test_the_sweep_sends_lost_transfers_again_and_waits_in_between(
    house: House, sold: Order
) -> None:
    with house.work() as session:
        assert sweep_transfers(session, house.queue) == 0  # the first message may still come
    later = now() + timedelta(minutes=2)
    with frozen(later), house.work() as session:
        assert sweep_transfers(session, house.queue) == 1
        assert sweep_transfers(session, house.queue) == 0
    house.run_jobs()
    assert line_of(house, sold).transfer_state is TransferState.DONE


def test_a_hold_recorded_after_the_good_news_is_released_by_the_sweep(
    house: House, sold: Order
) -> None:
    house.bank.set_account(house.account_id, "restricted")
    pay_seller(house, sold)
    house.bank.set_account(house.account_id, "active")  # and its event came before the hold
    with house.work() as session:
        assert sweep_held(session, house.queue) == 0
    with frozen(now() + timedelta(hours=2)), house.work() as session:
        session.get_one(SellerProfile, house.seller_id).transfers_status = TransfersStatus.ACTIVE
        session.flush()
        assert sweep_held(session, house.queue) == 1
    house.run_jobs()
    assert line_of(house, sold).transfer_state is TransferState.DONE


def test_an_unpaid_line_is_never_transferred(house: House) -> None:
    order = paid_checkout(house)  # paid, but not settled
    assert pay_seller(house, order) is TransferState.NOT_DUE
    with house.work() as session:
        assert session.scalars(select(OrderLine.transfer_tried_at)).all() == [None]
    assert house.bank.transfers(order.id) == []
