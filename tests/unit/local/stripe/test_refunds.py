"""Refunds: whole, partial, pending, failing later, refused; and what they leave in the balance."""

import pytest
import stripe

from local.stripe import behaviour, refunds
from tests.unit.local.stripe.till import Till

DAY = 86_400


def refund(till: Till, **params) -> stripe.Refund:
    return till.client.v1.refunds.create(params)


def test_a_whole_refund_keeps_the_fee(till: Till):
    charge = till.buy(199)
    till.hooks()
    made = refund(till, charge=charge.id, reason="requested_by_customer", metadata={"line_id": "1"})
    assert (made.status, made.amount, made.reason) == ("succeeded", 199, "requested_by_customer")
    assert made.metadata["line_id"] == "1"
    after = till.client.v1.charges.retrieve(charge.id, {"expand": ["refunds"]})
    assert (after.amount_refunded, after.refunded) == (199, True)
    assert [r.id for r in after.refunds.data] == [made.id]
    booked = till.client.v1.balance_transactions.retrieve(made.balance_transaction)
    assert (booked.type, booked.net, booked.fee, booked.source) == ("refund", -199, 0, made.id)
    assert till.total() == till.booked() == -36
    assert till.hooks() == ["refund.created", "charge.refunded"]


def test_partial_refunds_add_up_and_stop_at_the_charge(till: Till):
    charge = till.buy(199)
    for cents in (50, 50, 98):
        refund(till, charge=charge.id, amount=cents)
    with pytest.raises(stripe.InvalidRequestError, match=r"\$0\.02.*unrefunded.*\$0\.01") as caught:
        refund(till, charge=charge.id, amount=2)
    assert caught.value.param == "amount"
    assert refund(till, payment_intent=charge.payment_intent).amount == 1
    with pytest.raises(stripe.InvalidRequestError) as caught:
        refund(till, charge=charge.id)
    assert caught.value.code == "charge_already_refunded"
    assert till.total() == till.booked() == 163 - 199


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({}, None),
        ({"charge": "ch_none"}, "charge"),
        ({"payment_intent": "pi_none"}, "payment_intent"),
        ({"reason": "because"}, "reason"),
        ({"amount": 0}, "amount"),
        ({"amount": "1.99"}, "amount"),
        ({"reverse_transfer": True}, "reverse_transfer"),
        ({"refund_application_fee": True}, "refund_application_fee"),
        ({"colour": "red"}, "colour"),
        ({"instructions_email": "a@example.com"}, "instructions_email"),
    ],
)
def test_what_stripe_refuses(till: Till, params, param):
    given = (
        {"charge": till.buy().id}
        if params and not {"charge", "payment_intent"} & set(params)
        else {}
    )
    with pytest.raises(stripe.InvalidRequestError) as caught:
        refund(till, **given | params)
    assert (caught.value.http_status, caught.value.param) == (400, param)
    assert till.client.v1.refunds.list().data == []


def test_a_charge_that_failed_cannot_be_refunded(till: Till):
    session = till.session()
    till.bank.pay(session.id, "pm_card_visa_chargeDeclined")
    failed = till.client.v1.charges.list().data[0]
    with pytest.raises(stripe.InvalidRequestError) as caught:
        refund(till, charge=failed.id)
    assert caught.value.code == "charge_not_refundable"


def test_a_pending_refund_succeeds_in_time(till: Till):
    made = refund(till, charge=till.buy(card="pm_card_pendingRefund").id)
    assert (made.status, made.pending_reason) == ("pending", "processing")
    till.hooks()
    till.bank.advance(3 * DAY)
    assert till.client.v1.refunds.retrieve(made.id).status == "succeeded"
    assert till.hooks() == ["refund.updated", "charge.refund.updated"]
    assert till.total() == till.booked() == -36


def test_a_refund_that_fails_gives_the_money_back_to_the_platform(till: Till):
    charge = till.buy(card="pm_card_refundFail")
    made = refund(till, charge=charge.id)
    assert made.status == "succeeded"
    till.hooks()
    till.bank.advance(3 * DAY)
    failed = till.client.v1.refunds.retrieve(
        made.id, {"expand": ["failure_balance_transaction", "charge"]}
    )
    assert (failed.status, failed.failure_reason) == ("failed", "unknown")
    assert failed.failure_balance_transaction.type == "refund_failure"
    assert failed.failure_balance_transaction.net == 199
    assert (failed.charge.amount_refunded, failed.charge.refunded) == (0, False)
    assert till.hooks() == ["refund.updated", "charge.refund.updated", "refund.failed"]
    assert till.total() == till.booked() == 163


def test_a_failed_refund_can_be_made_again_but_not_fail_twice(till: Till):
    charge = till.buy()
    made = refund(till, charge=charge.id)
    refunds.fail(till.bank.world, made.id, "lost_or_stolen_card")
    with pytest.raises(Exception, match="failed already"):
        refunds.fail(till.bank.world, made.id)
    assert refund(till, charge=charge.id).amount == 199
    assert till.total() == till.booked() == -36


def test_a_refund_waits_for_money_where_that_is_switched_on(till: Till):
    behaviour.change(till.bank.world, {"refund_when_short": "pending"})
    made = refund(till, charge=till.buy(199).id)
    assert (made.status, made.pending_reason) == ("pending", "insufficient_funds")
    assert made.balance_transaction is None
    till.buy(499)
    till.bank.advance(DAY)
    settled = till.client.v1.refunds.retrieve(made.id)
    assert settled.status == "succeeded"
    assert settled.balance_transaction
    assert till.total() == till.booked() == 163 + 455 - 199


def test_lists_and_metadata(till: Till):
    one, two = till.buy(), till.buy()
    first, second = refund(till, charge=one.id), refund(till, charge=two.id)
    assert [r.id for r in till.client.v1.refunds.list().data] == [second.id, first.id]
    assert [r.id for r in till.client.v1.refunds.list({"charge": one.id}).data] == [first.id]
    by_intent = till.client.v1.refunds.list({"payment_intent": two.payment_intent})
    assert [r.id for r in by_intent.data] == [second.id]
    till.client.v1.refunds.update(first.id, {"metadata": {"a": "1", "b": "2"}})
    assert till.client.v1.refunds.update(first.id, {"metadata": {"a": ""}}).metadata.to_dict() == {
        "b": "2"
    }
    with pytest.raises(stripe.InvalidRequestError, match="requires_action"):
        till.client.v1.refunds.cancel(first.id)
