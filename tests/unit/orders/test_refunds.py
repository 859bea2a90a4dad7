"""Money back: exact to the cent, once, and whoever had a share of it gives that back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from marketplace.core.clock import frozen, now
from marketplace.core.errors import ConflictError, InvalidError, NotFoundError
from marketplace.gateways.payments import PaymentUnavailableError
from marketplace.listings.models import ListingVersion
from marketplace.orders import debts
from marketplace.orders.operations import settle
from marketplace.orders.refund_calls import submit_refund
from marketplace.orders.refunds import (
    decide_refund_request,
    refund_lines,
    refund_listing_buyers,
    refund_order,
    refund_parked,
    request_refund,
)
from marketplace.orders.states import (
    OrderState,
    RefundReason,
    RefundState,
    RequestState,
    TransferState,
)
from marketplace.orders.sweeps_back import sweep_failed_listings, sweep_refunds, sweep_reversals
from tests.fixtures.trading import Trade

OWNER = "0000000000001"
WHY = RefundReason.OWNER_DECISION


def give_back(trade: Trade, order_id: str, **parts: int | None) -> None:
    """Refund lines by position (line0=…), whole for None; all of the order without any."""
    lines = trade.lines(order_id)
    with trade.work() as session:
        if parts:
            wanted = {lines[int(name[4:])].id: cents for name, cents in parts.items()}
            refund_lines(session, trade.services, order_id, wanted, WHY, "", OWNER)
        else:
            refund_order(session, trade.services, order_id, WHY, "", OWNER)


def test_a_part_given_back_before_the_transfer_lessens_it(trade: Trade) -> None:
    order_id = trade.open(trade.listing(299))
    trade.pay(order_id)
    settle(trade.services, order_id)
    give_back(trade, order_id, line0=100)
    trade.run_jobs()
    (line,) = trade.lines(order_id)
    assert (line.transfer_state, line.transferred_cents) == (TransferState.DONE, 239 - 79)
    assert trade.reconciled() == []


def test_a_refused_reversal_is_a_debt_netted_from_the_next_sale_then_written_off(
    trade: Trade,
) -> None:
    seller_id = trade.seller()
    first = trade.buy(trade.listing(499, seller_id))
    trade.refuse_reversals(seller_id)
    give_back(trade, first)
    trade.run_jobs()
    assert trade.lines(first)[0].transfer_state is TransferState.REVERSAL_FAILED
    with trade.work() as session:
        assert debts.seller_debt(session, seller_id) == 399
        assert debts.debtors(session) == [(seller_id, 399)]
    second = trade.buy(trade.listing(299, seller_id))
    (line,) = trade.lines(second)
    assert (line.transfer_state, line.netted_cents, line.transfer_id) == (
        TransferState.DONE,
        239,
        None,
    )
    assert trade.books()[f"seller_payable:{seller_id}"] == 399 - 239
    third = trade.buy(trade.listing(299, seller_id))
    assert trade.lines(third)[0].transferred_cents == 239 - 160
    assert trade.lines(first)[0].transfer_state is TransferState.REVERSED
    # What had paid the debt is given back to its buyer: the debt is there again.
    give_back(trade, second)
    trade.run_jobs()
    with trade.work() as session:
        assert debts.seller_debt(session, seller_id) == 239
        with pytest.raises(InvalidError, match=r"owes \$2.39"):
            debts.write_off(session, trade.queue, seller_id, 240, "gone", OWNER)
    with trade.work() as session:
        actor = trade.buyer_id
        debts.write_off(session, trade.queue, seller_id, 239, "account closed", actor)
    books = trade.books()
    assert (books["loss"], books.get(f"seller_payable:{seller_id}", 0)) == (239, 0)
    assert trade.reconciled() == []


def test_a_debt_is_called_back_once_the_seller_has_a_balance(trade: Trade) -> None:
    order_id = trade.buy(trade.listing(499))
    seller_id = trade.lines(order_id)[0].seller_id
    trade.refuse_reversals(seller_id)
    give_back(trade, order_id)
    trade.run_jobs()
    trade.refuse_reversals(seller_id, "default")
    with trade.work() as session:
        assert debts.retry_refused(session, trade.queue, seller_id) == 1
        assert debts.seller_debt(session, seller_id) == 0
    trade.run_jobs()
    assert trade.lines(order_id)[0].transfer_state is TransferState.REVERSED
    assert trade.books() == {"stripe_fees": 44, "stripe_balance": -44}
    assert trade.reconciled() == []


def crash(_: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("call", ["create_refund", "create_reversal"])
def test_a_crash_after_the_call_gives_nothing_back_twice(trade: Trade, call: str) -> None:
    order_id = trade.buy(trade.listing(299))
    give_back(trade, order_id)
    trade.payments.after[call] = crash
    with pytest.raises(KeyboardInterrupt):
        trade.run_jobs()
    with frozen(now() + timedelta(minutes=3)), trade.work() as session:
        found = sweep_refunds(session, trade.queue) + sweep_reversals(session, trade.queue)
        assert found == 1
    trade.run_jobs()
    assert trade.payments.calls.count(call) == 2
    assert trade.books() == {"stripe_fees": 39, "stripe_balance": -39}
    assert trade.reconciled() == []


def test_a_late_retry_asks_before_it_gives_back(trade: Trade) -> None:
    order_id = trade.buy(trade.listing(299))
    give_back(trade, order_id)
    trade.payments.after["create_refund"] = crash
    with pytest.raises(KeyboardInterrupt):
        trade.run_jobs()
    with frozen(now() + timedelta(hours=21)):
        submit_refund(trade.services, trade.refunds(order_id)[0].id)
    assert trade.payments.calls.count("create_refund") == 1
    assert trade.payments.calls.count("find_refund") == 1
    assert trade.order(order_id).state is OrderState.REFUNDED


def test_no_answer_leaves_the_refund_to_do(trade: Trade) -> None:
    order_id = trade.buy(trade.listing(299))
    give_back(trade, order_id)

    def silence() -> None:
        raise PaymentUnavailableError("silence")

    trade.payments.before["create_refund"] = silence
    with pytest.raises(PaymentUnavailableError):
        trade.run_jobs()
    (refund,) = trade.refunds(order_id)
    assert (refund.state, refund.attempt) == (RefundState.SUBMITTED, 1)
    assert submit_refund(trade.services, refund.id) is RefundState.SUCCEEDED


def test_a_transfer_in_flight_when_the_refund_comes_is_called_back(trade: Trade) -> None:
    order_id = trade.open(trade.listing(299))
    trade.pay(order_id)
    settle(trade.services, order_id)
    trade.payments.before["create_transfer"] = lambda: give_back(trade, order_id)
    trade.run_jobs()
    (line,) = trade.lines(order_id)
    assert (line.transferred_cents, line.reversed_cents) == (239, 239)
    assert line.transfer_state is TransferState.REVERSED
    assert trade.books() == {"stripe_fees": 39, "stripe_balance": -39}
    assert trade.reconciled() == []


def test_a_buyer_asks_and_a_person_answers(trade: Trade) -> None:
    order_id = trade.buy(trade.listing(299), trade.listing(199))
    line = trade.lines(order_id)[0]
    ask: Callable[..., Any] = lambda session, who=trade.buyer_id: request_refund(  # noqa: E731
        session, trade.services, line.id, who, RefundReason.DOES_NOT_WORK, "It draws a cat."
    )
    with trade.work() as session, pytest.raises(NotFoundError):
        ask(session, "0000000000000")
    with trade.work() as session:
        request = ask(session)
        assert (request.state, request.note) == (RequestState.OPEN, "It draws a cat.")
    with trade.work() as session, pytest.raises(ConflictError, match="asked already"):
        ask(session)
    with trade.work() as session, pytest.raises(InvalidError, match="why not"):
        decide_refund_request(session, trade.services, request.id, OWNER, False, " ")
    with trade.work() as session:
        decide_refund_request(session, trade.services, request.id, OWNER, True, "Sorry!", 150)
    trade.run_jobs()
    assert trade.lines(order_id)[0].refunded_cents == 150
    assert trade.rights(order_id) == ["granted", "granted"]
    with trade.work() as session, pytest.raises(ConflictError, match="answered"):
        decide_refund_request(session, trade.services, request.id, OWNER, True, "")
    assert trade.reconciled() == []


def test_whose_prompt_failed_its_re_verification_is_paid_back_on_asking(trade: Trade) -> None:
    order_id = trade.buy(trade.listing(299))
    (line,) = trade.lines(order_id)
    with trade.work() as session:
        version = session.get_one(ListingVersion, line.version_id)
        version.degraded_since, version.fix_by = now(), now() + timedelta(days=14)
        request = request_refund(
            session, trade.services, line.id, trade.buyer_id, RefundReason.OTHER, ""
        )
        assert request.state is RequestState.APPROVED
    trade.run_jobs()
    assert trade.order(order_id).state is OrderState.REFUNDED


def test_who_bought_shortly_before_is_paid_back_unasked_when_it_was_not_mended(
    trade: Trade,
) -> None:
    order_id = trade.buy(trade.listing(299))
    (line,) = trade.lines(order_id)
    with trade.work() as session:
        version = session.get_one(ListingVersion, line.version_id)
        version.degraded_since, version.fix_by = now(), now() + timedelta(days=14)
    with trade.work() as session:
        assert sweep_failed_listings(session, trade.services) == 0
    with frozen(now() + timedelta(days=15)), trade.work() as session:
        assert sweep_failed_listings(session, trade.services) == 1
        assert sweep_failed_listings(session, trade.services) == 0
    trade.run_jobs()
    assert trade.order(order_id).state is OrderState.REFUNDED


def test_everyone_who_bought_a_listing_gets_their_money_back_once(trade: Trade) -> None:
    listing_id = trade.listing(299)
    first = trade.buy(listing_id, trade.listing(199))
    for expected in (1, 0):
        with trade.work() as session:
            made = refund_listing_buyers(session, trade.services, listing_id, WHY, "law", OWNER)
            assert len(made) == expected
    trade.run_jobs()
    assert [line.refunded_cents for line in trade.lines(first)] == [299, 0]


def test_what_was_given_back_can_be_bought_again(trade: Trade) -> None:
    listing_id = trade.listing(299)
    first = trade.buy(listing_id)
    give_back(trade, first)
    trade.run_jobs()
    second = trade.buy(listing_id)
    assert trade.rights(first) + trade.rights(second) == ["revoked", "granted"]
    # And when the first refund falls back, one right is still enough.
    trade.fail_refund(str(trade.refunds(first)[0].refund_id))
    trade.deliver()
    assert trade.rights(first) + trade.rights(second) == ["revoked", "granted"]
    assert trade.reconciled() == []


@pytest.mark.parametrize("cents", [0, -1, 300])
def test_no_more_than_was_paid(trade: Trade, cents: int) -> None:
    order_id = trade.buy(trade.listing(299))
    with pytest.raises(InvalidError, match=r"\$2.99 can be given back"):
        give_back(trade, order_id, line0=cents)
    give_back(trade, order_id, line0=299)
    with pytest.raises(ConflictError):
        give_back(trade, order_id)


def test_money_in_review_is_given_back_whole(trade: Trade) -> None:
    order_id = trade.open(trade.listing(299))
    with trade.work() as session:
        session.get_one(type(trade.order(order_id)), order_id).total_cents = 300
    trade.pay(order_id)
    assert settle(trade.services, order_id) is OrderState.REVIEW
    assert trade.books()[f"in_review:{order_id}"] == -299
    with trade.work() as session:
        refund_parked(session, trade.services, order_id, "a mistake of ours", OWNER)
    with trade.work() as session, pytest.raises(ConflictError):
        refund_parked(session, trade.services, order_id, "again", OWNER)
    trade.run_jobs()
    assert trade.order(order_id).state is OrderState.REFUNDED
    assert trade.books() == {"stripe_fees": 39, "stripe_balance": -39}
