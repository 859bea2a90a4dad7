"""Payouts: by hand, on a schedule, failing before and after they were paid; balance settings."""

import json

import pytest
import stripe

from local.stripe import behaviour, payouts
from tests.unit.local.stripe.till import Till

DAY = 86_400
MANUAL = {"payments": {"payouts": {"schedule": {"interval": "manual"}}}}


def settle(till: Till, account: str, cents: int = 159) -> dict[str, str]:
    """Give an account available money that nobody pays out; the options to call for it."""
    theirs = {"stripe_account": account}
    till.client.v1.balance_settings.update(MANUAL, theirs)
    till.transfer(till.buy(card="pm_card_bypassPending").id, account, cents)
    return theirs


def pay(till: Till, cents: int, options: dict[str, str], **more) -> stripe.Payout:
    return till.client.v1.payouts.create({"amount": cents, "currency": "usd", **more}, options)


def test_a_payout_by_hand_arrives_after_two_days(till: Till):
    account = till.seller()
    theirs = settle(till, account)
    till.hooks()
    made = pay(till, 159, theirs, metadata={"batch": "1"})
    assert (made.status, made.automatic, made.type) == ("pending", False, "bank_account")
    assert till.total(account) == till.booked(account) == 0
    till.bank.advance(DAY)
    assert till.client.v1.payouts.retrieve(made.id, options=theirs).status == "in_transit"
    till.bank.advance(DAY)
    paid = till.client.v1.payouts.retrieve(made.id, {"expand": ["destination"]}, theirs)
    assert (paid.status, paid.trace_id.status) == ("paid", "supported")
    assert paid.destination.last4 == "6789"
    assert till.hooks("connect") == ["payout.created", "payout.updated", "payout.paid"]
    assert till.client.v1.payouts.list().data == []  # the platform has none


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"amount": 160}, "balance_insufficient", None),
        ({"amount": 0}, "parameter_invalid_integer", "amount"),
        ({"method": "instant"}, "instant_payouts_unsupported", "method"),
        ({"speed": "fast"}, "parameter_unknown", "speed"),
    ],
)
def test_what_stripe_refuses(till: Till, changes, code, param):
    theirs = settle(till, till.seller())
    with pytest.raises(stripe.InvalidRequestError) as caught:
        till.client.v1.payouts.create({"amount": 1, "currency": "usd"} | changes, theirs)
    assert (caught.value.code, caught.value.param) == (code, param)


def test_pending_money_cannot_be_paid_out(till: Till):
    account = till.seller()
    till.transfer(till.buy().id, account)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        pay(till, 1, {"stripe_account": account})
    assert caught.value.code == "balance_insufficient"


def test_a_payout_may_fail_even_after_it_was_paid(till: Till):
    account = till.seller()
    theirs = settle(till, account)
    made = pay(till, 100, theirs)
    till.bank.advance(3 * DAY)
    assert till.client.v1.payouts.retrieve(made.id, options=theirs).status == "paid"
    till.hooks()
    payouts.fail(till.bank.world, made.id, "account_closed")
    failed = till.client.v1.payouts.retrieve(
        made.id, {"expand": ["failure_balance_transaction"]}, theirs
    )
    assert (failed.status, failed.failure_code) == ("failed", "account_closed")
    assert failed.failure_balance_transaction.type == "payout_failure"
    assert till.total(account) == till.booked(account) == 159
    assert till.hooks("connect") == ["payout.failed"]
    with pytest.raises(Exception, match="cannot fail"):
        payouts.fail(till.bank.world, made.id)


def test_a_bank_that_is_faster_than_planned(till: Till):
    made = pay(till, 100, settle(till, till.seller()))
    payouts.step(till.bank.world, made.id, "paid")
    till.bank.advance(3 * DAY)
    assert payouts.fail(till.bank.world, made.id)["status"] == "failed"


@pytest.mark.parametrize(
    ("answers", "switch", "seen"),
    [
        ({"account_number": "000111111116"}, None, ["in_transit", "failed", "failed"]),
        ({}, "fails", ["in_transit", "failed", "failed"]),
        ({}, "fails_after_paid", ["in_transit", "paid", "failed"]),
    ],
)
def test_banks_that_send_money_back(till: Till, answers, switch, seen):
    theirs = settle(till, till.seller(**answers))
    behaviour.change(till.bank.world, {"payout": switch})
    made = pay(till, 159, theirs)
    found = []
    for days in (1, 1, 2):
        till.bank.advance(days * DAY)
        found.append(till.client.v1.payouts.retrieve(made.id, options=theirs).status)
    assert found == seen


def test_a_pending_payout_can_be_canceled(till: Till):
    account = till.seller()
    theirs = settle(till, account)
    made = pay(till, 159, theirs)
    assert till.client.v1.payouts.cancel(made.id, options=theirs).status == "canceled"
    assert till.total(account) == till.booked(account) == 159
    till.bank.advance(3 * DAY)
    assert till.client.v1.payouts.retrieve(made.id, options=theirs).status == "canceled"


def test_the_schedule_pays_what_is_available(till: Till):
    account = till.seller()
    theirs = {"stripe_account": account}
    till.transfer(till.buy().id, account)
    till.bank.advance(3 * DAY)
    (automatic,) = till.client.v1.payouts.list(options=theirs).data
    assert (automatic.amount, automatic.automatic) == (159, True)
    weekly = {"interval": "weekly", "weekly_payout_days": ["friday"]}
    till.client.v1.balance_settings.update({"payments": {"payouts": {"schedule": weekly}}}, theirs)
    till.transfer(till.buy(card="pm_card_bypassPending").id, account)
    till.bank.advance(8 * DAY)
    assert len(till.client.v1.payouts.list(options=theirs).data) == 2


def test_the_platform_is_paid_out_too(till: Till):
    till.buy(card="pm_card_bypassPending")
    made = pay(till, 163, {})
    assert till.client.v1.balance_transactions.retrieve(made.balance_transaction).type == "payout"
    assert till.total() == till.booked() == 0


def test_balance_settings(till: Till):
    account = till.seller()
    theirs = {"stripe_account": account}
    before = till.client.v1.balance_settings.retrieve(options=theirs)
    assert before.payments.payouts.schedule.interval == "daily"
    changed = till.client.v1.balance_settings.update(
        {
            "payments": MANUAL["payments"]
            | {"settlement_timing": {"delay_days_override": 7}, "debit_negative_balances": True}
        },
        theirs,
    )
    assert changed.payments.payouts.schedule.interval == "manual"
    assert changed.payments.settlement_timing.delay_days == 7
    assert changed.payments.debit_negative_balances is True
    assert till.client.v1.balance_settings.retrieve().payments.payouts.schedule.interval == "manual"
    for schedule, param in (
        ({"interval": "weekly"}, "payments[payouts][schedule][weekly_payout_days]"),
        ({"interval": "hourly"}, "payments[payouts][schedule][interval]"),
        (
            {"interval": "daily", "monthly_payout_days": [1]},
            "payments[payouts][schedule][monthly_payout_days]",
        ),
    ):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            till.client.v1.balance_settings.update(
                {"payments": {"payouts": {"schedule": schedule}}}, theirs
            )
        assert caught.value.param == param


def test_balances_tell_when_money_becomes_available(till: Till):
    account = till.seller()
    till.client.v1.balance_settings.update(MANUAL, {"stripe_account": account})
    till.transfer(till.buy().id, account)
    till.bank.advance(2 * DAY)
    told = [
        (hook.endpoint, json.loads(hook.body)["data"]["object"]["available"][0]["amount"])
        for hook in till.bank.webhooks()
        if hook.type == "balance.available"
    ]
    assert told == [("platform", 4), ("connect", 159)]
