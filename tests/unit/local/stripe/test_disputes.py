"""Disputes, inquiries and early fraud warnings, from a test card to the bank's decision."""

import pytest
import stripe

from local.stripe import disputes
from tests.unit.local.stripe.till import Till

DAY = 86_400
EVIDENCE = {"evidence": {"access_activity_log": "10:00 downloaded", "product_description": "x"}}


@pytest.fixture
def dispute(till: Till) -> stripe.Dispute:
    charge = till.buy(card="pm_card_createDispute")
    (made,) = till.client.v1.disputes.list({"charge": charge.id}).data
    return made


def test_a_dispute_takes_the_money_and_a_fee(till: Till, dispute):
    assert (dispute.status, dispute.reason, dispute.amount) == ("needs_response", "fraudulent", 199)
    (taken,) = dispute.balance_transactions
    assert (taken.amount, taken.fee, taken.net) == (-199, 1500, -1699)
    assert (taken.type, taken.reporting_category, taken.source) == (
        "adjustment",
        "dispute",
        dispute.id,
    )
    charge = till.client.v1.charges.retrieve(dispute.charge)
    assert charge.disputed is True
    with pytest.raises(stripe.InvalidRequestError) as caught:
        till.client.v1.refunds.create({"charge": charge.id})
    assert caught.value.code == "charge_disputed"
    assert till.total() == till.booked() == 163 - 1699
    assert till.hooks()[-2:] == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]


def test_evidence_can_be_staged_and_sent(till: Till, dispute):
    staged = till.client.v1.disputes.update(dispute.id, EVIDENCE | {"submit": False})
    assert staged.status == "needs_response"
    assert staged.evidence_details.has_evidence is True
    assert staged.evidence_details.submission_count == 0
    sent = till.client.v1.disputes.update(dispute.id, {"submit": True})
    assert (sent.status, sent.evidence_details.submission_count) == ("under_review", 1)
    assert sent.evidence.access_activity_log == "10:00 downloaded"
    with pytest.raises(stripe.InvalidRequestError, match="no longer"):
        till.client.v1.disputes.update(dispute.id, EVIDENCE)


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"evidence": {"colour": "red"}}, "evidence[colour]"),
        ({"evidence": {"receipt": "file_none"}}, "evidence[receipt]"),
        ({"evidence": {"access_activity_log": "x" * 20_001}}, "evidence[access_activity_log]"),
        ({"submit": True}, "evidence"),
        ({"submit": "yes"}, "submit"),
    ],
)
def test_evidence_is_checked(till: Till, dispute, params, param):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        till.client.v1.disputes.update(dispute.id, params)
    assert caught.value.param == param
    assert till.client.v1.disputes.retrieve(dispute.id).status == "needs_response"


def test_a_dispute_that_is_won_gives_the_amount_back_but_not_the_fee(till: Till, dispute):
    till.client.v1.disputes.update(
        dispute.id, {"evidence": {"uncategorized_text": "winning_evidence"}}
    )
    won = till.client.v1.disputes.retrieve(dispute.id)
    assert won.status == "won"
    assert [t.net for t in won.balance_transactions] == [-1699, 199]
    assert won.balance_transactions[1].reporting_category == "dispute_reversal"
    assert till.total() == till.booked() == 163 - 1500
    assert till.hooks()[-2:] == ["charge.dispute.funds_reinstated", "charge.dispute.closed"]
    assert till.client.v1.refunds.create({"charge": dispute.charge}).amount == 199


def test_giving_up_loses_it(till: Till, dispute):
    assert till.client.v1.disputes.close(dispute.id).status == "lost"
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        till.client.v1.disputes.close(dispute.id)
    with pytest.raises(stripe.InvalidRequestError, match="charged back"):
        till.client.v1.refunds.create({"charge": dispute.charge})
    assert till.total() == till.booked() == 163 - 1699
    assert till.hooks()[-1] == "charge.dispute.closed"


def test_nobody_answers_in_time(till: Till, dispute):
    till.bank.advance(7 * DAY)
    lost = till.client.v1.disputes.retrieve(dispute.id)
    assert (lost.status, lost.evidence_details.past_due) == ("lost", True)


def test_a_lost_dispute_can_be_appealed_once(till: Till, dispute):
    world = till.bank.world
    disputes.decide(world, dispute.id, "lost")
    assert disputes.appeal(world, dispute.id)["status"] == "appeal_needs_response"
    sent = till.client.v1.disputes.update(
        dispute.id, {"evidence": {"appeal": {"card": {"reason_for_filing": "The buyer agreed."}}}}
    )
    assert sent.status == "appeal_under_review"
    disputes.decide(world, dispute.id, "won")
    assert [t.net for t in till.client.v1.disputes.retrieve(dispute.id).balance_transactions] == [
        -1699,
        199,
    ]
    with pytest.raises(Exception, match="Only a lost dispute"):
        disputes.appeal(world, dispute.id)


def test_an_inquiry_moves_no_money_until_it_escalates(till: Till):
    charge = till.buy(card="pm_card_createInquiry")
    (inquiry,) = till.client.v1.disputes.list({"payment_intent": charge.payment_intent}).data
    assert (inquiry.status, inquiry.balance_transactions) == ("warning_needs_response", [])
    assert till.total() == 163
    assert disputes.escalate(till.bank.world, inquiry.id)["status"] == "needs_response"
    assert till.total() == till.booked() == 163 - 1699


def test_a_refund_under_inquiry_is_allowed_and_time_closes_it(till: Till):
    charge = till.buy(card="pm_card_createInquiry")
    assert till.client.v1.refunds.create({"charge": charge.id}).status == "succeeded"
    till.bank.advance(121 * DAY)
    (inquiry,) = till.client.v1.disputes.list({"charge": charge.id}).data
    assert inquiry.status == "warning_closed"
    assert till.total() == till.booked() == -36


def test_only_what_is_left_of_a_charge_can_be_disputed(till: Till):
    charge = till.buy(499)
    till.client.v1.refunds.create({"charge": charge.id, "amount": 300})
    with pytest.raises(Exception, match="from 1 to 199"):
        disputes.open_dispute(till.bank.world, charge.id, amount=200)
    made = disputes.open_dispute(till.bank.world, charge.id)
    assert made["amount"] == 199
    with pytest.raises(Exception, match="disputed already"):
        disputes.open_dispute(till.bank.world, charge.id)


def test_an_early_fraud_warning_is_settled_by_a_refund(till: Till):
    charge = till.buy(card="pm_card_createIssuerFraudRecord")
    (warning,) = till.client.v1.radar.early_fraud_warnings.list({"charge": charge.id}).data
    assert (warning.actionable, warning.payment_intent) == (True, charge.payment_intent)
    assert till.hooks()[-1] == "radar.early_fraud_warning.created"
    till.client.v1.refunds.create({"charge": charge.id})
    again = till.client.v1.radar.early_fraud_warnings.retrieve(warning.id)
    assert again.actionable is False
    assert till.hooks()[-1] == "radar.early_fraud_warning.updated"
