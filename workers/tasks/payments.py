"""Money's background work; every task may run twice, late or not at all without harm."""

from __future__ import annotations

import logging

from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.payments import PaymentError, PaymentUnavailableError
from marketplace.orders import operations, sweeps, transfers
from marketplace.stripe_events.operations import process_event, sweep_events
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
    try:
        operations.settle(services(), order_id)
    except (PaymentUnavailableError, PaymentError) as error:
        log.warning("order %s not settled: %s", order_id, type(error).__name__)


@app.task(name=TaskName.TRANSFER_LINE.value)
def transfer_line(line_id: str) -> None:
    """Pay one seller for one line; the line stays pending when there is no answer."""
    try:
        transfers.transfer_line(services(), line_id)
    except PaymentUnavailableError:
        log.warning("transfer of line %s not made: no answer", line_id)


@app.task(name=TaskName.SWEEP_PAYMENTS.value)
def sweep_payments() -> None:
    """Find from the rows what no message brought: each kind of work in a transaction of its own."""
    parts = services()
    with unit_of_work(parts.database) as session:
        sweep_events(session, parts.queue)
    with unit_of_work(parts.database) as session:
        sweeps.sweep_orders(session, parts.queue)
    with unit_of_work(parts.database) as session:
        sweeps.sweep_drafts(session)
    with unit_of_work(parts.database) as session:
        sweeps.sweep_transfers(session, parts.queue)
    with unit_of_work(parts.database) as session:
        sweeps.sweep_held(session, parts.queue)
