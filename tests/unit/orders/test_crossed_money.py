"""Refunds, disputes, holds and write-offs that cross each other: what random trading once found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from local.stripe import behaviour, disputes, faults
from marketplace.core.clock import frozen, now
from marketplace.core.errors import ConflictError
from marketplace.gateways.payments import PaymentUnavailableError
from marketplace.orders import debts, ledger
from marketplace.orders.dispute_calls import submit_dispute_evidence
from marketplace.orders.dispute_models import Dispute
from marketplace.orders.disputes import sync_dispute
from marketplace.orders.holds import hold_line, release_line
from marketplace.orders.models import Order
from marketplace.orders.operations import settle
from marketplace.orders.refund_booking import mark_paid_by_hand
from marketplace.orders.refund_calls import submit_refund
from marketplace.orders.refunds import refund_lines
from marketplace.orders.states import OrderState, RefundReason, RefundState, TransferState
from marketplace.orders.sweeps import sweep_transfers
from marketplace.orders.transfer_models import LineTransfer, TransferReversal, WriteOff
from marketplace.orders.transfers import transfer_line
from tests.fixtures.trading import Trade

OWNER = "0000000000001"


def give_back(trade: Trade, order_id: str, position: int = 0, cents: int | None = None) -> str:
    """The owner gives a line back; the message waits. Returns the refund's id."""
    line = trade.lines(order_id)[position]
    with trade.work() as session:
        (made,) = refund_lines(
            session, trade.services, order_id, {line.id: cents}, RefundReason.OTHER, "", OWNER
        )
        return made.id


def sold(trade: Trade) -> str:
    """A paid order whose share was never sent: its message is lost."""
    order_id = trade.open(trade.listing(299))
    trade.pay(order_id)
    settle(trade.services, order_id)
    trade._runner.lose_jobs()
    return order_id


def short_of_money(trade: Trade) -> None:
    """From now on refunds wait at Stripe for money in our balance."""
    behaviour.change(trade.bank.world, {"refund_when_short": "pending"})


def asked_while_given_back(trade: Trade, order_id: str) -> str:
    """A bank inquires, a line is given back, and the bank takes the whole all the same."""
    dispute_id = trade.dispute(order_id, inquiry=True)
    short_of_money(trade)
    give_back(trade, order_id)
    trade.run_jobs()
    disputes.escalate(trade.bank.world, dispute_id)
    trade.deliver()
    return dispute_id


def crash() -> None:
    """The process is gone."""
    raise KeyboardInterrupt


def silent() -> None:
    """Stripe does not answer."""
    raise PaymentUnavailableError("no answer")


def test_what_the_bank_gave_back_is_not_paid_by_hand_as_well(trade: Trade) -> None:
    order_id = trade.buy(trade.listing(299))
    refund_id = give_back(trade, order_id)
    trade.run_jobs()
    trade.fail_refund(str(trade.refunds(order_id)[0].refund_id))
    trade.deliver()
    dispute_id = trade.dispute(order_id, amount=19)
    trade.decide(dispute_id, "lost")
    trade.deliver()
    with trade.work() as session, pytest.raises(ConflictError, match="given back in another way"):
        mark_paid_by_hand(session, trade.services, refund_id, OWNER, "by cheque")
    assert trade.reconciled() == []


def test_a_refund_that_waits_for_money_is_not_given_a_second_time(trade: Trade) -> None:
    order_id = trade.buy(trade.listing(299))
    short_of_money(trade)
    give_back(trade, order_id, cents=200)
    trade.run_jobs()
    (refund,) = trade.refunds(order_id)
    assert refund.state is RefundState.PENDING
    assert refund.booked_at is None
    give_back(trade, order_id)
    assert [one.cents for one in trade.refunds(order_id)] == [200, 99]
    assert trade.rights(order_id) == ["revoked"]


@pytest.mark.parametrize("failing_first", [True, False])
def test_a_refund_that_fails_leaves_its_line_to_the_dispute(
    trade: Trade, failing_first: bool
) -> None:
    """A bank withdrew the whole while a refund of it was promised, and that refund failed."""
    order_id = trade.buy(trade.listing(299), trade.listing(499))
    dispute_id = asked_while_given_back(trade, order_id)
    (refund,) = trade.refunds(order_id)
    suspense = ledger.dispute_suspense(dispute_id)
    assert (trade.books()[suspense], trade.rights(order_id)) == (798, ["revoked", "suspended"])
    steps: list[Callable[[], None]] = [
        lambda: trade.fail_refund(str(refund.refund_id)),
        lambda: trade.decide(dispute_id, "lost"),
    ]
    for step in steps if failing_first else reversed(steps):
        step()
        trade.deliver()
        trade.run_jobs()
    assert trade.rights(order_id) == ["revoked", "revoked"]
    books = trade.books()
    assert suspense not in books
    assert not books.get(ledger.LOSS)
    assert all(not name.startswith("seller_held:") for name in books)
    for line in trade.lines(order_id):
        assert line.paid_to_seller_cents == 0
    disputes.appeal(trade.bank.world, dispute_id)
    trade.deliver()
    assert trade.books() == books
    assert trade.reconciled() == []


def test_a_loss_that_the_house_bore_is_turned_round_on_appeal(trade: Trade) -> None:
    order_id = trade.buy(trade.listing(299))
    dispute_id = asked_while_given_back(trade, order_id)
    trade.decide(dispute_id, "lost")
    trade.deliver()
    assert trade.books()[ledger.LOSS] == 299
    disputes.appeal(trade.bank.world, dispute_id)
    trade.decide(dispute_id, "won")
    trade.deliver()
    assert ledger.LOSS not in trade.books()
    assert ledger.dispute_suspense(dispute_id) not in trade.books()
    assert trade.reconciled() == []


def test_a_share_is_not_due_again_while_its_refund_waits_for_money(trade: Trade) -> None:
    order_id = sold(trade)
    short_of_money(trade)
    with trade.work() as session:
        hold_line(session, trade.lines(order_id)[0].id, OWNER, "wait")
    behaviour.change(trade.bank.world, {"refund_when_short": "pending"})
    give_back(trade, order_id)
    trade.run_jobs()
    assert trade.refunds(order_id)[0].booked_at is None
    assert trade.lines(order_id)[0].transfer_state is TransferState.CANCELLED


def test_a_dispute_of_money_in_review_gives_nobody_a_right(trade: Trade) -> None:
    order_id = trade.open(trade.listing(299))
    with trade.work() as session:
        session.get_one(Order, order_id).state = OrderState.EXPIRED
    trade.pay(order_id)
    trade.deliver()
    assert trade.order(order_id).state is OrderState.REVIEW
    trade.dispute(order_id)
    trade.deliver()
    assert trade.rights(order_id) == []
    assert trade.reconciled() == []


@pytest.mark.parametrize("lost", [crash, silent])
def test_a_call_that_a_hold_overtook_is_looked_up(trade: Trade, lost: Callable[[], None]) -> None:
    """The transfer was made and never recorded; then a person held the share."""
    order_id = sold(trade)
    line_id = trade.lines(order_id)[0].id
    trade.payments.after["create_transfer"] = lambda made: lost()
    with pytest.raises((KeyboardInterrupt, PaymentUnavailableError)):
        transfer_line(trade.services, line_id)
    with trade.work() as session:
        hold_line(session, line_id, OWNER, "wait")
    with frozen(now() + timedelta(minutes=5)):
        with trade.work() as session:
            assert sweep_transfers(session, trade.queue) == 1
        trade.run_jobs()
    assert trade.lines(order_id)[0].transfer_state is TransferState.DONE
    assert trade.reconciled() == []


def test_a_call_that_never_arrived_does_not_pass_a_hold(trade: Trade) -> None:
    order_id = sold(trade)
    line_id = trade.lines(order_id)[0].id
    trade.payments.before["create_transfer"] = crash
    with pytest.raises(KeyboardInterrupt):
        transfer_line(trade.services, line_id)
    with trade.work() as session:
        hold_line(session, line_id, OWNER, "wait")
    assert transfer_line(trade.services, line_id) is TransferState.HELD  # may be on its way
    with frozen(now() + timedelta(minutes=5)):
        assert transfer_line(trade.services, line_id) is TransferState.HELD
        with trade.work() as session:
            states = session.scalars(select(LineTransfer.state)).all()
            release_line(session, trade.queue, line_id, OWNER, "fine")
        trade.run_jobs()
    assert states == ["refused"]
    assert trade.lines(order_id)[0].transferred_cents == 239


def test_a_transfer_that_a_refund_overtook_is_found_out_by_the_sweep(trade: Trade) -> None:
    """The sweep's own mark must not look like a call under way."""
    order_id = sold(trade)
    trade.payments.before["create_transfer"] = crash
    with pytest.raises(KeyboardInterrupt):
        transfer_line(trade.services, trade.lines(order_id)[0].id)
    give_back(trade, order_id)
    trade._runner.lose_jobs()
    with frozen(now() + timedelta(minutes=5)):
        with trade.work() as session:
            sweep_transfers(session, trade.queue)
        trade.run_jobs()
    assert trade.lines(order_id)[0].transfer_state is TransferState.CANCELLED


def test_a_refused_question_does_not_count_as_a_refused_transfer(trade: Trade) -> None:
    """Else the next try would go out under a fresh key, and pay a second time."""
    order_id = sold(trade)
    line_id = trade.lines(order_id)[0].id
    trade.payments.after["create_transfer"] = lambda made: crash()
    with pytest.raises(KeyboardInterrupt):
        transfer_line(trade.services, line_id)
    with frozen(now() + timedelta(days=2)):
        rule = {"action": "refuse", "method": "GET", "path": "/v1/transfers", "times": 1}
        faults.replace(trade.bank.world.store, {"api": [rule]})
        with pytest.raises(PaymentUnavailableError):
            transfer_line(trade.services, line_id)
        assert transfer_line(trade.services, line_id) is TransferState.DONE
    assert trade.lines(order_id)[0].transferred_cents == 239
    assert trade.reconciled() == []


def test_a_write_off_is_taken_back_when_the_share_is_due_after_all(trade: Trade) -> None:
    order_id = trade.buy(trade.listing(299))
    seller_id = trade.lines(order_id)[0].seller_id
    trade.refuse_reversals(seller_id)
    dispute_id = trade.dispute(order_id)
    trade.deliver()
    with trade.work() as session:
        debts.write_off(session, trade.queue, seller_id, 100, "a trifle", trade.buyer_id)
    trade.decide(dispute_id, "won")
    trade.deliver()
    line = trade.lines(order_id)[0]
    assert (line.transferred_cents, line.recovered_cents) == (239, 0)
    assert line.transfer_state is TransferState.DONE
    assert trade.books() == {
        "commission": -60,
        "dispute_fees": 1500,
        "stripe_fees": 39,
        "stripe_balance": 299 - 39 - 239 - 1500,
    }
    with trade.work() as session:
        assert session.scalars(select(WriteOff.taken_back_cents)).all() == [100]
        assert session.scalars(select(TransferReversal.written_off_cents)).all() == [0]
        assert debts.seller_debt(session, seller_id) == 0
        assert ledger.trial_balance(session) == 0
    assert trade.reconciled() == []


def test_a_dispute_falls_on_what_is_not_on_its_way_back(trade: Trade) -> None:
    """A refund that waits for money is Stripe's already: no bank takes that part again."""
    order_id = trade.buy(trade.listing(199), trade.listing(299))
    short_of_money(trade)
    give_back(trade, order_id, position=0)
    trade.run_jobs()
    assert trade.refunds(order_id)[0].booked_at is None
    dispute_id = trade.dispute(order_id)
    trade.deliver()
    with trade.work() as session:
        dispute = session.scalars(select(Dispute).where(Dispute.dispute_id == dispute_id)).one()
        assert [(part.cents, part.line_id) for part in dispute.lines] == [
            (299, trade.lines(order_id)[1].id)
        ]


def test_what_is_disputed_waits_until_a_refund_under_way_is_known(trade: Trade) -> None:
    order_id = trade.buy(trade.listing(199), trade.listing(299))
    refund_id = give_back(trade, order_id, position=0)
    trade._runner.lose_jobs()
    trade.payments.after["create_refund"] = lambda made: crash()
    with pytest.raises(KeyboardInterrupt):
        submit_refund(trade.services, refund_id)
    dispute_id = str(disputes.open_dispute(trade.bank.world, trade.order(order_id).charge_id)["id"])
    with pytest.raises(PaymentUnavailableError):
        sync_dispute(trade.services, dispute_id)
    submit_refund(trade.services, refund_id)
    found = sync_dispute(trade.services, dispute_id)
    assert found is not None
    assert found.withdrawn_cents == 299
    trade.decide(dispute_id, "lost")
    trade.deliver()
    assert trade.books().get("loss", 0) == 0
    assert trade.reconciled() == []


def test_evidence_is_sent_even_while_a_refund_is_under_way(trade: Trade) -> None:
    order_id = trade.buy(trade.listing(199))
    dispute_id = trade.dispute(order_id, inquiry=True)
    trade.deliver()
    refund_id = give_back(trade, order_id)
    trade._runner.lose_jobs()
    trade.payments.before["create_refund"] = crash
    with pytest.raises(KeyboardInterrupt):
        submit_refund(trade.services, refund_id)
    disputes.escalate(trade.bank.world, dispute_id)
    with trade.work() as session:
        known = session.scalars(select(Dispute)).one()
    assert submit_dispute_evidence(trade.services, known.id, None, OWNER).submitted_at is not None
