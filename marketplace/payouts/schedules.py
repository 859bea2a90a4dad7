"""When a seller is paid out: what they chose, and telling the provider. Row first, call second."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import case, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.errors import InvalidError
from marketplace.core.money import CURRENCY, Money
from marketplace.core.task_queue import TaskQueue, enqueue
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.payments import PaymentError, PayoutSchedule, TransfersStatus
from marketplace.orders.holds import open_hold
from marketplace.orders.transfer_models import SellerHold
from marketplace.payouts.models import (
    DEFAULT_THRESHOLD_CENTS,
    MAX_THRESHOLD_CENTS,
    MIN_THRESHOLD_CENTS,
    PayoutSettings,
)
from marketplace.payouts.states import Schedule
from marketplace.task_names import TaskName

MANUAL, WEEKLY, MONTHLY = "manual", "weekly", "monthly"
PAYOUT_WEEKDAY, PAYOUT_MONTH_DAY = "monday", 1
RETRY_GAP = timedelta(hours=1)
BATCH = 100

# The provider's interval for each choice: above a threshold it is we who ask.
_INTERVALS = {
    Schedule.THRESHOLD: MANUAL,
    Schedule.MANUAL: MANUAL,
    Schedule.WEEKLY: WEEKLY,
    Schedule.MONTHLY: MONTHLY,
}


@dataclass(frozen=True)
class _Wish:
    """What one call to the provider needs to know."""

    account_id: str
    interval: str
    version: int


_HOUSE = {
    "schedule": Schedule.THRESHOLD,
    "threshold_cents": DEFAULT_THRESHOLD_CENTS,
    "currency": CURRENCY,
    "version": 0,
}


def settings_of(session: Session, seller_id: str) -> PayoutSettings:
    """A seller's payout settings; the house's own, not stored, where they never chose."""
    known = session.get(PayoutSettings, seller_id)
    return known if known is not None else PayoutSettings(seller_id=seller_id, **_HOUSE)


def lock_settings(session: Session, seller_id: str) -> PayoutSettings:
    """The same, stored and held: whatever pays a seller out does so one after the other."""
    session.execute(
        insert(PayoutSettings)
        .values(seller_id=seller_id, **_HOUSE)
        .on_conflict_do_nothing(index_elements=[PayoutSettings.seller_id])
    )
    return session.get_one(
        PayoutSettings, seller_id, with_for_update={"key_share": True}, populate_existing=True
    )


def choose_schedule(
    session: Session, queue: TaskQueue, seller_id: str, schedule: Schedule, threshold_cents: int
) -> PayoutSettings:
    """A seller chooses when they are paid out; the provider is told after the commit.

    Raises:
        InvalidError: the threshold is out of range.
    """
    if not MIN_THRESHOLD_CENTS <= threshold_cents <= MAX_THRESHOLD_CENTS:
        limits = f"{Money(MIN_THRESHOLD_CENTS)} to {Money(MAX_THRESHOLD_CENTS)}"
        raise InvalidError(
            f"Choose an amount from {limits}.", "threshold_out_of_range", field="threshold"
        )
    row = lock_settings(session, seller_id)
    row.schedule, row.threshold_cents = schedule, threshold_cents
    row.changed_at = now()
    row.considered_at = row.tried_at = None  # what was chosen takes effect at once
    enqueue(session, queue, TaskName.APPLY_PAYOUT_SCHEDULE, seller_id)
    enqueue(session, queue, TaskName.CONSIDER_PAYOUT, seller_id)
    return row


def resume(session: Session, queue: TaskQueue, seller_id: str) -> None:
    """The seller says that their bank details are right again: pay out as before."""
    row = lock_settings(session, seller_id)
    row.resumed_at, row.considered_at = now(), None
    enqueue(session, queue, TaskName.CONSIDER_PAYOUT, seller_id)


def apply_schedule(services: Services, seller_id: str) -> str | None:
    """Make the provider's schedule what it should be; returns the interval that is in force.

    While a person keeps a seller's money back, the provider must not pay it out by itself.

    Raises:
        PaymentUnavailableError: no answer; the sweep tries again under the same key.
    """
    with unit_of_work(services.database) as session:
        wish = _claim(session, seller_id)
        if wish is None:
            return lock_settings(session, seller_id).applied
    try:
        services.payments.set_payout_schedule(
            wish.account_id,
            _provider_schedule(wish.interval),
            f"payout-schedule-{seller_id}-{wish.version}",
        )
    except PaymentError as error:
        with unit_of_work(services.database) as session:
            row = lock_settings(session, seller_id)
            if row.version == wish.version:
                # The refused key repeats its refusal for a day; the next try needs a fresh one.
                row.version, row.asked, row.refused_code = row.version + 1, None, error.code[:80]
            return row.applied
    with unit_of_work(services.database) as session:
        row = lock_settings(session, seller_id)
        if row.version == wish.version:
            row.applied, row.refused_code = wish.interval, None
        else:
            # Another wish was granted meanwhile, and which of the two came last is not known:
            # ask once more, under a key that has no answer yet.
            row.applied = row.asked = row.tried_at = None
        return row.applied


def _claim(session: Session, seller_id: str) -> _Wish | None:
    profile = session.get_one(SellerProfile, seller_id)
    row = lock_settings(session, seller_id)
    interval = MANUAL if open_hold(session, seller_id) else _INTERVALS[row.schedule]
    if profile.stripe_account_id is None or row.applied == interval:
        return None
    if row.asked != interval:
        row.asked, row.version = interval, row.version + 1
    row.tried_at = now()
    return _Wish(profile.stripe_account_id, interval, row.version)


def _provider_schedule(interval: str) -> PayoutSchedule:
    return PayoutSchedule(
        interval=interval,
        weekly_days=(PAYOUT_WEEKDAY,) if interval == WEEKLY else (),
        monthly_days=(PAYOUT_MONTH_DAY,) if interval == MONTHLY else (),
    )


def sweep_schedules(session: Session, queue: TaskQueue) -> int:
    """Have the provider told what it does not know yet: new sellers, changes, holds."""
    held = (
        select(SellerHold.id)
        .where(SellerHold.seller_id == SellerProfile.user_id, SellerHold.released_at.is_(None))
        .exists()
    )
    wanted = case(
        (held | PayoutSettings.schedule.is_(None), MANUAL),
        *((PayoutSettings.schedule == one, _INTERVALS[one]) for one in Schedule),
    )
    tried = PayoutSettings.tried_at
    seller_ids = session.scalars(
        select(SellerProfile.user_id)
        .outerjoin(PayoutSettings, PayoutSettings.seller_id == SellerProfile.user_id)
        .where(
            SellerProfile.transfers_status == TransfersStatus.ACTIVE,
            SellerProfile.stripe_account_id.is_not(None),
            func.coalesce(PayoutSettings.applied, "") != wanted,
            or_(tried.is_(None), tried < now() - RETRY_GAP),
        )
        .order_by(SellerProfile.user_id)
        .limit(BATCH)
    ).all()
    for seller_id in seller_ids:
        lock_settings(session, seller_id).tried_at = now()
        enqueue(session, queue, TaskName.APPLY_PAYOUT_SCHEDULE, seller_id)
    return len(seller_ids)
