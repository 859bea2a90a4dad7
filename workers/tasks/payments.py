"""Money's background work; every task may run twice, late or not at all without harm."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, timedelta

from marketplace.core.clock import now
from marketplace.core.errors import DomainError
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.payments import PaymentError, PaymentUnavailableError
from marketplace.orders import (
    dispute_calls,
    disputes,
    operations,
    reconciliation,
    refund_calls,
    reversals,
    sweeps,
    sweeps_back,
    transfers,
)
from marketplace.orders.books import copy_lines
from marketplace.stripe_events.operations import fetch_undelivered, process_event, sweep_events
from marketplace.stripe_events.sweeps import refresh_held_accounts
from marketplace.task_names import TaskName
from workers.app import app, services

log = logging.getLogger(__name__)


@app.task(name=TaskName.PROCESS_STRIPE_EVENT.value)
def process_stripe_event(event_id: str) -> None:
    """Act on one stored webhook; its row remembers failures."""
    process_event(services(), event_id)


@app.task(name=TaskName.SETTLE_ORDER.value)
def settle_order(order_id: str) -> None:
    """Ask Stripe about one order; the sweep asks again when there is no answer."""
    _try("order", order_id, lambda: operations.settle(services(), order_id))


@app.task(name=TaskName.TRANSFER_LINE.value)
def transfer_line(line_id: str) -> None:
    """Pay one seller for one line; the line stays pending when there is no answer."""
    _try("transfer of line", line_id, lambda: transfers.transfer_line(services(), line_id))


@app.task(name=TaskName.SUBMIT_REFUND.value)
def submit_refund(refund_id: str) -> None:
    """Give one sum back; the row stays as it is when there is no answer."""
    _try("refund", refund_id, lambda: refund_calls.submit_refund(services(), refund_id))


@app.task(name=TaskName.REVERSE_TRANSFER.value)
def reverse_transfer(reversal_id: str) -> None:
    """Call one sum back from its seller."""
    _try("reversal", reversal_id, lambda: reversals.reverse_transfer(services(), reversal_id))


@app.task(name=TaskName.SYNC_DISPUTE.value)
def sync_dispute(dispute_id: str) -> None:
    """Ask Stripe about one dispute."""
    _try("dispute", dispute_id, lambda: disputes.sync_dispute(services(), dispute_id))


@app.task(name=TaskName.SUBMIT_EVIDENCE.value)
def submit_evidence(dispute_id: str) -> None:
    """Answer one dispute with what was gathered, because its deadline is near."""
    _try(
        "evidence",
        dispute_id,
        lambda: dispute_calls.submit_dispute_evidence(services(), dispute_id, None, None),
    )


@app.task(name=TaskName.RECONCILE.value)
def reconcile(day: str = "") -> None:
    """Hold the books against Stripe's; without a day, yesterday's."""
    which = date.fromisoformat(day) if day else now().date() - timedelta(days=1)
    _try("reconciliation", str(which), lambda: reconciliation.reconcile(services(), which))


@app.task(name=TaskName.FETCH_EVENTS.value)
def fetch_events() -> None:
    """Take in what Stripe could not deliver, sellers' readiness, and lines of our balance."""
    _try("fetching", "undelivered events", lambda: fetch_undelivered(services()))
    _try("fetching", "accounts", lambda: refresh_held_accounts(services()))
    _try("fetching", "balance lines", lambda: copy_lines(services()))


@app.task(name=TaskName.SWEEP_PAYMENTS.value)
def sweep_payments() -> None:
    """Find from the rows what no message brought: each kind of work in a transaction of its own."""
    parts = services()
    for sweep in (
        sweep_events,
        sweeps.sweep_orders,
        sweeps.sweep_transfers,
        sweeps.sweep_held,
        sweeps.sweep_holds,
        sweeps_back.sweep_refunds,
        sweeps_back.sweep_reversals,
        sweeps_back.sweep_disputes,
    ):
        with unit_of_work(parts.database) as session:
            sweep(session, parts.queue)
    with unit_of_work(parts.database) as session:
        sweeps.sweep_drafts(session)
    with unit_of_work(parts.database) as session:
        sweeps.sweep_stuck(session)
    with unit_of_work(parts.database) as session:
        sweeps_back.sweep_failed_listings(session, parts)


def _try(what: str, which: str, work: Callable[[], object]) -> None:
    """Do it; when Stripe does not answer, or will not, the rows say so and a sweep comes back."""
    try:
        work()
    except (PaymentUnavailableError, PaymentError, DomainError) as error:
        log.warning("%s %s not done: %s", what, which, type(error).__name__)
