"""Payout schedules: the row first, the provider told after, and told right in the end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from marketplace.core.clock import frozen, now
from marketplace.core.errors import InvalidError
from marketplace.gateways.payments import PaymentUnavailableError
from marketplace.orders.holds import hold_seller, release_seller
from marketplace.payouts.models import PayoutSettings
from marketplace.payouts.schedules import (
    apply_schedule,
    choose_schedule,
    settings_of,
    sweep_schedules,
)
from marketplace.payouts.states import Schedule
from marketplace.task_names import TaskName
from tests.fixtures.buying import House

SETTINGS = "/v1/balance_settings"


def choose(house: House, schedule: Schedule, cents: int = 2_500) -> None:
    with house.work() as session:
        choose_schedule(session, house.queue, house.seller_id, schedule, cents)


def apply(house: House) -> str | None:
    return apply_schedule(house.services, house.seller_id)


def at_stripe(house: House) -> tuple[str, tuple[str, ...], tuple[int, ...]]:
    found = house.payments.inner.payout_schedule(house.account_id)
    return found.interval, found.weekly_days, found.monthly_days


def swept(house: House) -> bool:
    house.queue.sent.clear()
    more = True
    while more:  # other tests' sellers may fill a batch
        with house.work() as session:
            more = sweep_schedules(session, house.queue) > 0
    return (TaskName.APPLY_PAYOUT_SCHEDULE, (house.seller_id,)) in house.queue.sent


def test_new_sellers_are_taken_off_the_providers_daily_payouts(house: House) -> None:
    assert at_stripe(house)[0] == "daily"
    assert swept(house)
    assert apply(house) == "manual"
    assert at_stripe(house)[0] == "manual"
    assert not swept(house)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (Schedule.WEEKLY, ("weekly", ("monday",), ())),
        (Schedule.MONTHLY, ("monthly", (), (1,))),
        (Schedule.MANUAL, ("manual", (), ())),
        (Schedule.THRESHOLD, ("manual", (), ())),
    ],
)
def test_each_choice_reaches_the_provider(
    house: House, schedule: Schedule, expected: tuple[str, tuple[str, ...], tuple[int, ...]]
) -> None:
    choose(house, schedule)
    apply(house)
    assert at_stripe(house) == expected
    calls = house.payments.calls.count("set_payout_schedule")
    apply(house)
    assert house.payments.calls.count("set_payout_schedule") == calls, "it is known already"


def test_there_and_back_is_not_taken_for_a_repetition(house: House) -> None:
    for schedule in (Schedule.WEEKLY, Schedule.MONTHLY, Schedule.WEEKLY):
        choose(house, schedule)
        apply(house)
    assert at_stripe(house)[0] == "weekly"


def test_a_refusal_changes_the_key_and_silence_does_not(house: House) -> None:
    choose(house, Schedule.WEEKLY)
    house.bank.faults({"path": SETTINGS, "action": "500", "times": 3})
    with pytest.raises(PaymentUnavailableError):
        apply(house)
    assert version(house) == 1
    assert apply(house) == "weekly"
    assert version(house) == 1
    choose(house, Schedule.MONTHLY)
    house.bank.faults({"path": SETTINGS, "action": "refuse", "times": 1})
    assert apply(house) == "weekly", "still what the provider has confirmed"
    assert apply(house) == "monthly"
    assert version(house) == 4
    assert at_stripe(house)[0] == "monthly"


def version(house: House) -> int:
    with house.work() as session:
        return session.get_one(PayoutSettings, house.seller_id).version


def test_a_wish_granted_meanwhile_is_asked_for_again(house: House) -> None:
    choose(house, Schedule.WEEKLY)

    def somebody_else() -> None:
        choose(house, Schedule.MONTHLY)
        apply(house)

    house.payments.before["set_payout_schedule"] = somebody_else
    assert apply(house) is None, "which of the two came last is not known"
    assert apply(house) == "monthly"
    assert at_stripe(house)[0] == "monthly"


def test_while_a_person_holds_the_money_stripe_pays_nothing_by_itself(house: House) -> None:
    choose(house, Schedule.WEEKLY)
    apply(house)
    with house.work() as session:
        hold_seller(session, house.seller_id, house.buyer_id, "something is odd")
    with frozen(now() + timedelta(hours=2)):
        assert swept(house)
        assert apply(house) == "manual"
    with house.work() as session:
        release_seller(session, house.queue, house.seller_id, house.buyer_id, "all is well")
    with frozen(now() + timedelta(hours=4)):
        assert swept(house)
        assert apply(house) == "weekly"
    assert at_stripe(house)[0] == "weekly"


@pytest.mark.parametrize("cents", [0, 999, 100_001])
def test_thresholds_have_limits(house: House, cents: int) -> None:
    with pytest.raises(InvalidError, match=r"from \$10\.00 to \$1000\.00"):
        choose(house, Schedule.THRESHOLD, cents)
    with house.work() as session:
        assert settings_of(session, house.seller_id).threshold_cents == 2_500
