"""Payouts above a threshold: asked for once, made once, whatever fails in between."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import frozen, now
from marketplace.core.errors import ConflictError
from marketplace.gateways.payments import PaymentUnavailableError, Payout
from marketplace.listings.models import Listing
from marketplace.orders.holds import hold_seller
from marketplace.orders.transfer_models import SellerPayout
from marketplace.payouts.models import PayoutRequest
from marketplace.payouts.operations import ask_for_payout, consider_payout, make_payout
from marketplace.payouts.schedules import choose_schedule, resume, settings_of
from marketplace.payouts.states import RequestState, Schedule
from marketplace.payouts.sweeps import sweep_requests, sweep_thresholds, sweep_watched
from marketplace.payouts.watching import watch_payouts
from marketplace.task_names import TaskName
from tests.fixtures.buying import House
from tests.unit.payouts.money_steps import another_seller, control, onboard, sell

PAYOUTS = "/v1/payouts"


@pytest.fixture
def earned(house: House) -> House:
    """A seller with $11.97 at the provider and a threshold of $10."""
    _, listing_id = another_seller(house)
    house.seller_id = seller_of(house, listing_id)
    onboard(house, house.account_id)
    for _ in range(3):
        sell(house, listing_id)
    with house.work() as session:
        choose_schedule(session, house.queue, house.seller_id, Schedule.THRESHOLD, 1_000)
    house.queue.sent.clear()
    return house


def seller_of(house: House, listing_id: str) -> str:

    with house.work() as session:
        seller_id = session.get_one(Listing, listing_id).seller_id
        house.account_id = str(session.get_one(SellerProfile, seller_id).stripe_account_id)
        return seller_id


def payouts_at_stripe(house: House) -> list[Payout]:
    return house.payments.inner.list_payouts(house.account_id)


def requests_of(house: House) -> list[PayoutRequest]:
    with house.work() as session:
        found = select(PayoutRequest).where(PayoutRequest.seller_id == house.seller_id)
        return list(session.scalars(found.order_by(PayoutRequest.created_at)))


def shown(house: House) -> list[SellerPayout]:
    with house.work() as session:
        found = select(SellerPayout).where(SellerPayout.seller_id == house.seller_id)
        return list(session.scalars(found.order_by(SellerPayout.created_at)))


def test_the_threshold_is_paid_out_once(earned: House) -> None:
    request = consider_payout(earned.services, earned.seller_id)
    assert request is not None
    assert (TaskName.MAKE_PAYOUT, (request.id,)) in earned.queue.sent
    assert consider_payout(earned.services, earned.seller_id) is None, "one is under way"
    for _ in range(3):
        assert make_payout(earned.services, request.id) is RequestState.DONE
    [made] = payouts_at_stripe(earned)
    assert made.amount.cents == 3 * 399
    assert [(one.payout_id, one.cents, one.automatic) for one in shown(earned)] == [
        (made.payout_id, 1197, False)
    ]
    assert consider_payout(earned.services, earned.seller_id) is None, "nothing is left"


def test_below_the_threshold_nothing_is_asked_for(earned: House) -> None:
    with earned.work() as session:
        choose_schedule(session, earned.queue, earned.seller_id, Schedule.THRESHOLD, 1_198)
    assert consider_payout(earned.services, earned.seller_id) is None
    assert requests_of(earned) == []


@pytest.mark.parametrize("schedule", [Schedule.MANUAL, Schedule.WEEKLY, Schedule.MONTHLY])
def test_other_schedules_are_not_ours_to_make(earned: House, schedule: Schedule) -> None:
    with earned.work() as session:
        choose_schedule(session, earned.queue, earned.seller_id, schedule, 1_000)
    earned.payments.calls.clear()
    assert consider_payout(earned.services, earned.seller_id) is None
    assert earned.payments.calls == []


def test_a_crash_after_the_call_pays_once(earned: House) -> None:
    request = consider_payout(earned.services, earned.seller_id)
    assert request is not None

    def crash(made: Any) -> None:
        raise SystemExit

    earned.payments.after["create_payout"] = crash
    with pytest.raises(SystemExit):
        make_payout(earned.services, request.id)
    assert requests_of(earned)[0].state is RequestState.PENDING
    with frozen(now() + timedelta(minutes=2)), earned.work() as session:
        assert sweep_requests(session, earned.queue) == 1
    assert make_payout(earned.services, request.id) is RequestState.DONE
    assert len(payouts_at_stripe(earned)) == 1


def test_a_day_later_the_provider_is_asked_what_it_made(earned: House) -> None:
    request = consider_payout(earned.services, earned.seller_id)
    assert request is not None
    earned.payments.after["create_payout"] = lambda made: (_ for _ in ()).throw(
        PaymentUnavailableError("no answer")
    )
    with pytest.raises(PaymentUnavailableError):
        make_payout(earned.services, request.id)
    earned.payments.calls.clear()
    with frozen(now() + timedelta(hours=30)):
        assert make_payout(earned.services, request.id) is RequestState.DONE
    assert "create_payout" not in earned.payments.calls
    assert len(payouts_at_stripe(earned)) == 1


def test_silence_keeps_the_request_for_another_try(earned: House) -> None:
    request = consider_payout(earned.services, earned.seller_id)
    assert request is not None
    earned.bank.faults({"path": PAYOUTS, "action": "500", "times": 3})
    with pytest.raises(PaymentUnavailableError):
        make_payout(earned.services, request.id)
    earned.bank.faults()
    assert make_payout(earned.services, request.id) is RequestState.DONE


def test_a_refusal_ends_it_for_a_day(earned: House) -> None:
    with earned.work() as session:
        request = ask_for_payout(session, earned.queue, earned.seller_id, 99_999, None)
    assert make_payout(earned.services, request.id) is RequestState.REFUSED
    assert requests_of(earned)[0].refused_code == "balance_insufficient"
    assert consider_payout(earned.services, earned.seller_id) is None
    with frozen(now() + timedelta(days=1, hours=1)):
        again = consider_payout(earned.services, earned.seller_id)
    assert again is not None
    assert make_payout(earned.services, again.id) is RequestState.DONE


def test_a_payout_that_comes_back_stops_payouts_until_the_seller_says_so(earned: House) -> None:
    request = consider_payout(earned.services, earned.seller_id)
    assert request is not None
    make_payout(earned.services, request.id)
    [made] = payouts_at_stripe(earned)
    control(earned, f"/_control/payouts/{made.payout_id}/paid")
    watch_payouts(earned.services, earned.seller_id)
    assert [one.status for one in shown(earned)] == ["paid"]
    control(earned, f"/_control/payouts/{made.payout_id}/fail", code="account_closed")
    watch_payouts(earned.services, earned.seller_id)
    [failed] = shown(earned)
    assert (failed.status, failed.failure_code) == ("failed", "account_closed")
    assert consider_payout(earned.services, earned.seller_id) is None
    with earned.work() as session, pytest.raises(ConflictError, match="bank details"):
        ask_for_payout(session, earned.queue, earned.seller_id, 1_197, earned.seller_id)
    with earned.work() as session:
        resume(session, earned.queue, earned.seller_id)
    assert consider_payout(earned.services, earned.seller_id) is not None


def test_held_money_is_not_paid_out(earned: House) -> None:
    with earned.work() as session:
        hold_seller(session, earned.seller_id, earned.buyer_id, "something is odd")
    assert consider_payout(earned.services, earned.seller_id) is None
    with earned.work() as session, pytest.raises(ConflictError, match="looking at your account"):
        ask_for_payout(session, earned.queue, earned.seller_id, 1_197, earned.seller_id)


def test_the_sweeps_find_sellers_who_were_paid(earned: House) -> None:
    job = (TaskName.CONSIDER_PAYOUT, (earned.seller_id,))
    for expected in (1, 0):
        earned.queue.sent.clear()
        with earned.work() as session:
            sweep_thresholds(session, earned.queue)
        assert earned.queue.sent.count(job) == expected
    request = consider_payout(earned.services, earned.seller_id)
    assert request is not None
    make_payout(earned.services, request.id)
    watching = (TaskName.WATCH_PAYOUTS, (earned.seller_id,))
    for days, expected in ((0, 1), (0, 0), (2, 1), (2, 0), (30, 0)):
        earned.queue.sent.clear()
        with frozen(now() + timedelta(days=days)), earned.work() as session:
            sweep_watched(session, earned.queue)
        assert earned.queue.sent.count(watching) == expected


def test_a_payout_that_the_provider_made_is_found_without_news(earned: House) -> None:
    """All that is known is one that failed; whether there is another, only asking tells."""
    watching = (TaskName.WATCH_PAYOUTS, (earned.seller_id,))
    with earned.work() as session:
        choose_schedule(session, earned.queue, earned.seller_id, Schedule.WEEKLY, 2_500)
    for hours, expected in ((1, 1), (2, 0), (24 * 30, 1)):
        earned.queue.sent.clear()
        with frozen(now() + timedelta(hours=hours)), earned.work() as session:
            sweep_watched(session, earned.queue)
        assert earned.queue.sent.count(watching) == expected


def test_the_settings_of_a_seller_who_never_chose(earned: House) -> None:
    with earned.work() as session:
        assert settings_of(session, earned.buyer_id).schedule is Schedule.THRESHOLD
