"""Disputes: money suspended, shares called back and held, then lost or paid again."""

from __future__ import annotations

from datetime import timedelta
from typing import get_type_hints

import pytest
from sqlalchemy import select
from stripe.params._dispute_update_params import DisputeUpdateParamsEvidence

from local.stripe import balance as bank_balance
from marketplace.core.clock import frozen, now
from marketplace.core.errors import ConflictError, InvalidError, UnavailableError
from marketplace.gateways.payments import PaymentUnavailableError
from marketplace.orders import debts
from marketplace.orders.access import log_access
from marketplace.orders.dispute_calls import accept_dispute, submit_dispute_evidence
from marketplace.orders.dispute_models import Dispute, FraudWarning
from marketplace.orders.disputes import save_evidence, sync_dispute
from marketplace.orders.evidence import FIELDS, gather_evidence
from marketplace.orders.models import Entitlement, Order
from marketplace.orders.operations import settle
from marketplace.orders.refunds import refund_lines, request_refund
from marketplace.orders.risk import address_hash
from marketplace.orders.states import OrderState, RefundReason, TransferState
from marketplace.orders.sweeps_back import sweep_disputes
from marketplace.task_names import TaskName
from tests.factories.orders import SECRET_PROMPT
from tests.fixtures.trading import Trade

OWNER = "0000000000001"


def row(trade: Trade, dispute_id: str) -> Dispute:
    """Our row of a dispute."""
    with trade.work() as session:
        return session.scalars(select(Dispute).where(Dispute.dispute_id == dispute_id)).one()


def test_a_charge_that_is_spent_does_not_keep_a_seller_from_being_paid_again(trade: Trade) -> None:
    trade.bank.world.store.set_setting("behaviour", {"source_counts": "gross"})
    order_id = trade.buy(trade.listing(499))
    world = trade.bank.world
    with world.store.transaction():
        bank_balance.record(world, None, 5000, "usd", type_="topup", description="Top-up")
    dispute_id = trade.dispute(order_id)
    trade.deliver()
    trade.decide(dispute_id, "won")
    trade.deliver()
    (line,) = trade.lines(order_id)
    assert (line.transfer_state, line.paid_to_seller_cents) == (TransferState.DONE, 399)
    assert trade.reconciled() == ["a line of type topup moved $50.00"]


def test_a_dispute_after_a_refund_of_a_line_touches_the_others_only(trade: Trade) -> None:
    order_id = trade.buy(trade.listing(199), trade.listing(299))
    first = trade.lines(order_id)[0].id
    with trade.work() as session:
        why = RefundReason.OWNER_DECISION
        refund_lines(session, trade.services, order_id, {first: None}, why, "", OWNER)
    trade.run_jobs()
    dispute_id = trade.dispute(order_id)
    trade.deliver()
    assert trade.rights(order_id) == ["revoked", "suspended"]
    line, why = trade.lines(order_id)[1].id, RefundReason.OTHER
    with trade.work() as session, pytest.raises(ConflictError, match="Your bank"):
        request_refund(session, trade.services, line, trade.buyer_id, why, "")
    trade.decide(dispute_id, "won")
    trade.deliver()
    assert trade.order(order_id).state is OrderState.PARTIALLY_REFUNDED
    assert trade.reconciled() == []


def test_a_share_that_cannot_be_called_back_is_lost_as_a_debt(trade: Trade) -> None:
    order_id = trade.buy(trade.listing(199))
    seller_id = trade.lines(order_id)[0].seller_id
    trade.refuse_reversals(seller_id)
    dispute_id = trade.dispute(order_id)
    trade.deliver()
    assert trade.lines(order_id)[0].transfer_state is TransferState.REVERSAL_FAILED
    trade.decide(dispute_id, "lost")
    trade.deliver()
    with trade.work() as session:
        assert debts.seller_debt(session, seller_id) == 159
    assert trade.books()[f"seller_payable:{seller_id}"] == 159
    assert trade.reconciled() == []


def test_a_debt_for_a_dispute_ends_when_the_dispute_is_won(trade: Trade) -> None:
    order_id = trade.buy(trade.listing(199))
    seller_id = trade.lines(order_id)[0].seller_id
    trade.refuse_reversals(seller_id)
    dispute_id = trade.dispute(order_id)
    trade.deliver()
    trade.decide(dispute_id, "won")
    trade.deliver()
    with trade.work() as session:
        assert debts.seller_debt(session, seller_id) == 0
    assert trade.lines(order_id)[0].transfer_state is TransferState.DONE
    assert trade.books()["stripe_balance"] == 4 - 1500
    assert trade.reconciled() == []


def test_an_inquiry_moves_no_money(trade: Trade) -> None:
    order_id = trade.buy(trade.listing(199))
    dispute_id = trade.dispute(order_id, inquiry=True)
    trade.deliver()
    assert row(trade, dispute_id).status == "warning_needs_response"
    assert trade.order(order_id).state is OrderState.PAID
    assert trade.rights(order_id) == ["granted"]
    trade.decide(dispute_id, "warning_closed")
    trade.deliver()
    assert row(trade, dispute_id).closed_at is not None
    assert trade.reconciled() == []


def test_evidence_is_gathered_without_a_word_of_the_prompt(trade: Trade) -> None:
    order_id = trade.open(trade.listing(199))
    here = address_hash(trade.services.settings.secret_key, "192.0.2.7")
    with trade.work() as session:
        order = session.get_one(Order, order_id)
        order.terms_accepted_at, order.terms_version = now(), "2026-11"
        order.buyer_address_hash = here
    trade.pay(order_id)
    settle(trade.services, order_id)
    trade.run_jobs()
    with trade.work() as session:
        right = session.scalars(select(Entitlement)).one()
        assert log_access(session, right.id, here)
        assert not log_access(session, right.id, here)
    trade.dispute(order_id)
    trade.deliver()
    with trade.work() as session:
        dispute = session.scalars(select(Dispute)).one()
        evidence = gather_evidence(session, dispute.id)
        assert dispute.evidence == evidence
    assert "Paper fox" in evidence["product_description"]
    assert "from the network address of the purchase" in evidence["access_activity_log"]
    assert "version 2026-11" in evidence["refund_policy_disclosure"]
    for word in ("velvet", "paper-cut", SECRET_PROMPT, "192.0.2.7"):
        assert word not in str(evidence)


def test_our_fields_of_evidence_are_the_librarys() -> None:
    assert set(FIELDS) <= set(get_type_hints(DisputeUpdateParamsEvidence))


def test_evidence_is_sent_once_and_a_lost_dispute_can_be_accepted(trade: Trade) -> None:
    order_id = trade.buy(trade.listing(199))
    dispute_id = trade.dispute(order_id)
    trade.deliver()
    own = row(trade, dispute_id).id
    with trade.work() as session, pytest.raises(InvalidError, match="shoe_size"):
        save_evidence(session, own, {"shoe_size": "44"}, OWNER)

    def silence() -> None:
        raise PaymentUnavailableError("silence")

    trade.payments.before["submit_evidence"] = silence
    answer = {"product_description": "A prompt, delivered."}
    with pytest.raises(UnavailableError):
        submit_dispute_evidence(trade.services, own, answer, OWNER)
    assert row(trade, dispute_id).evidence == answer  # nothing typed is lost
    sent = submit_dispute_evidence(trade.services, own, answer, OWNER)
    assert (sent.status, sent.evidence_sent) == ("under_review", True)
    with pytest.raises(ConflictError):
        submit_dispute_evidence(trade.services, own, answer, OWNER)
    with pytest.raises(ConflictError):
        accept_dispute(trade.services, own, OWNER)


def test_accepting_a_dispute_loses_it(trade: Trade) -> None:
    order_id = trade.buy(trade.listing(199))
    dispute_id = trade.dispute(order_id)
    trade.deliver()
    done = accept_dispute(trade.services, row(trade, dispute_id).id, OWNER)
    assert (done.status, done.accepted_by) == ("lost", OWNER)
    assert trade.order(order_id).state is OrderState.CHARGED_BACK
    trade.deliver()
    assert trade.reconciled() == []


def test_close_to_the_deadline_the_gathered_evidence_is_sent_by_itself(trade: Trade) -> None:
    order_id = trade.buy(trade.listing(199))
    dispute_id = trade.dispute(order_id)
    trade.deliver()
    due = row(trade, dispute_id).due_by
    assert due is not None
    with trade.work() as session:
        assert sweep_disputes(session, trade.queue) == 1
    assert (TaskName.SUBMIT_EVIDENCE.value, (row(trade, dispute_id).id,)) not in trade.queue.sent
    with frozen(due - timedelta(hours=40)), trade.work() as session:
        assert sweep_disputes(session, trade.queue) == 1
    trade.run_jobs()
    answered = row(trade, dispute_id)
    assert (answered.status, answered.submitted_by) == ("under_review", None)


def test_a_fraud_warning_gives_everything_back_at_once(trade: Trade) -> None:
    order_id = trade.buy(trade.listing(199), trade.listing(299))
    trade.warn(order_id)
    trade.deliver()
    assert trade.order(order_id).state is OrderState.REFUNDED
    assert {refund.reason for refund in trade.refunds(order_id)} == {RefundReason.FRAUD_WARNING}
    with trade.work() as session:
        assert session.scalars(select(FraudWarning)).one().refunded
    trade.deliver()
    assert len(trade.refunds(order_id)) == 2
    assert trade.reconciled() == []


def test_what_was_bought_twice_and_disputed_is_given_back_once_the_dispute_is_won(
    trade: Trade,
) -> None:
    listing_id = trade.listing(199)
    first, second = trade.open(listing_id), trade.open(listing_id)
    trade.buy(trade.listing(299))
    for order_id in (first, second):
        trade.pay(order_id)
    settle(trade.services, first)
    settle(trade.services, second)
    # Before the worker gives the second sum back, the bank takes it.
    dispute_id = trade.dispute(second)
    sync_dispute(trade.services, dispute_id)
    trade.run_jobs()
    assert trade.order(second).state is OrderState.DISPUTED
    trade.decide(dispute_id, "won")
    trade.deliver()
    assert trade.order(second).state is OrderState.REFUNDED
    assert (trade.rights(first), trade.rights(second)) == (["granted"], [])
    assert trade.reconciled() == []


def test_a_right_passes_on_to_the_other_payment_for_the_same_thing(trade: Trade) -> None:
    listing_id = trade.listing(199)
    first = trade.buy(listing_id)
    with trade.work() as session:
        line, why = trade.lines(first)[0].id, RefundReason.OWNER_DECISION
        refund_lines(session, trade.services, first, {line: None}, why, "", OWNER)
    trade.run_jobs()
    second = trade.buy(listing_id)
    trade.fail_refund(str(trade.refunds(first)[0].refund_id))
    trade.deliver()
    with trade.work() as session:
        line = trade.lines(second)[0].id
        refund_lines(session, trade.services, second, {line: None}, why, "", OWNER)
    trade.run_jobs()
    assert (trade.rights(first), trade.rights(second)) == (["granted"], ["revoked"])
    assert trade.reconciled() == []
