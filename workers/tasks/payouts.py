"""Sellers' accounts and payouts; every task may run twice, late or not at all without harm."""

from __future__ import annotations

import logging
from collections.abc import Callable

from marketplace.core.container import Services
from marketplace.core.errors import DomainError
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.payments import PaymentError, PaymentUnavailableError
from marketplace.payouts import accounts, notices, operations, schedules, sweeps, watching
from marketplace.task_names import TaskName
from workers.app import app, services

log = logging.getLogger(__name__)


@app.task(name=TaskName.CHECK_SELLER_ACCOUNT.value)
def check_account(seller_id: str) -> None:
    """Ask how a seller's account stands."""
    _try(accounts.check_account, seller_id)


@app.task(name=TaskName.APPLY_PAYOUT_SCHEDULE.value)
def apply_schedule(seller_id: str) -> None:
    """Tell the provider when a seller is to be paid out."""
    _try(schedules.apply_schedule, seller_id)


@app.task(name=TaskName.CONSIDER_PAYOUT.value)
def consider_payout(seller_id: str) -> None:
    """Compare a seller's balance with their threshold."""
    _try(operations.consider_payout, seller_id)


@app.task(name=TaskName.MAKE_PAYOUT.value)
def make_payout(request_id: str) -> None:
    """Pay a seller out; the request stays pending when there is no answer."""
    _try(operations.make_payout, request_id)


@app.task(name=TaskName.WATCH_PAYOUTS.value)
def watch_payouts(seller_id: str) -> None:
    """Read what became of a seller's payouts."""
    _try(watching.watch_payouts, seller_id)


@app.task(name=TaskName.SWEEP_PAYOUTS.value)
def sweep_payouts() -> None:
    """Find from the rows what no message brought: each kind of work in a transaction of its own."""
    parts = services()
    for sweep in (
        accounts.sweep_accounts,
        schedules.sweep_schedules,
        sweeps.sweep_requests,
        sweeps.sweep_thresholds,
        sweeps.sweep_watched,
    ):
        with unit_of_work(parts.database) as session:
            sweep(session, parts.queue)
    with unit_of_work(parts.database) as session:
        notices.sweep_notices(session, parts)


def _try(work: Callable[[Services, str], object], row_id: str) -> None:
    """Do it; the rows remember what is still to be done when the provider gives no answer."""
    try:
        work(services(), row_id)
    except (PaymentUnavailableError, PaymentError, DomainError) as error:
        log.warning("%s of %s not done: %s", work.__name__, row_id, type(error).__name__)
