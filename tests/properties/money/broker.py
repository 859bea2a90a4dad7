"""Messages as a careless broker handles them, and what each of them means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.core.task_queue import TaskQueue
from marketplace.core.unit_of_work import unit_of_work
from marketplace.orders import sweeps, sweeps_back
from marketplace.orders.books import copy_lines
from marketplace.orders.dispute_calls import submit_dispute_evidence
from marketplace.orders.disputes import sync_dispute
from marketplace.orders.operations import settle
from marketplace.orders.refund_calls import submit_refund
from marketplace.orders.reversals import reverse_transfer
from marketplace.orders.transfers import transfer_line
from marketplace.payouts import accounts, operations, schedules, watching
from marketplace.payouts import sweeps as payout_sweeps
from marketplace.stripe_events.operations import fetch_undelivered, process_event, sweep_events
from marketplace.stripe_events.sweeps import refresh_held_accounts
from marketplace.task_names import TaskName

Job = tuple[str, tuple[str, ...]]
Sweep = Callable[[Session, TaskQueue], int]

TASKS: dict[str, Callable[[Services, str], object]] = {
    TaskName.PROCESS_STRIPE_EVENT: process_event,
    TaskName.SETTLE_ORDER: settle,
    TaskName.TRANSFER_LINE: transfer_line,
    TaskName.SUBMIT_REFUND: submit_refund,
    TaskName.REVERSE_TRANSFER: reverse_transfer,
    TaskName.SYNC_DISPUTE: sync_dispute,
    TaskName.SUBMIT_EVIDENCE: lambda parts, i: submit_dispute_evidence(parts, i, None, None),
    TaskName.CHECK_SELLER_ACCOUNT: accounts.check_account,
    TaskName.APPLY_PAYOUT_SCHEDULE: schedules.apply_schedule,
    TaskName.CONSIDER_PAYOUT: operations.consider_payout,
    TaskName.MAKE_PAYOUT: operations.make_payout,
    TaskName.WATCH_PAYOUTS: watching.watch_payouts,
}
"""Every message that moves money, as workers/tasks has it."""
SWEEPS: dict[str, Sweep] = {
    "events": sweep_events,
    "orders": sweeps.sweep_orders,
    "transfers": sweeps.sweep_transfers,
    "held": sweeps.sweep_held,
    "holds": sweeps.sweep_holds,
    "refunds": sweeps_back.sweep_refunds,
    "reversals": sweeps_back.sweep_reversals,
    "disputes": sweeps_back.sweep_disputes,
    "stuck": lambda session, queue: sweeps.sweep_stuck(session),
    "drafts": lambda session, queue: sweeps.sweep_drafts(session),
    "accounts": accounts.sweep_accounts,
    "schedules": schedules.sweep_schedules,
    "payout requests": payout_sweeps.sweep_requests,
    "thresholds": payout_sweeps.sweep_thresholds,
    "payouts": payout_sweeps.sweep_watched,
}
FETCHES: dict[str, Callable[[Services], int]] = {
    "events": fetch_undelivered,
    "accounts": refresh_held_accounts,
    "lines": copy_lines,
}


@dataclass
class Broker:
    """A queue whose messages are taken out in any order, doubled, or dropped."""

    jobs: list[Job] = field(default_factory=list)

    def send(
        self,
        name: str,
        *args: str,
        countdown: float = 0,
        to: str | None = None,
        expires: float | None = None,
    ) -> None:
        """Keep what moves money; mail and pictures are not looked at here."""
        if str(name) in TASKS:
            self.jobs.append((str(name), args))

    def answers(self) -> bool:
        """Always reachable."""
        return True

    def take(self, rng: Random) -> Job | None:
        """One message: mostly an old one, sometimes any."""
        if not self.jobs:
            return None
        reach = len(self.jobs) if rng.random() < 0.2 else min(4, len(self.jobs))
        return self.jobs.pop(rng.randrange(reach))


def do(services: Services, job: Job) -> object:
    """Do what a message says."""
    name, (row_id,) = job
    return TASKS[name](services, row_id)


def sweep(services: Services, name: str) -> int:
    """Run one sweep in a transaction of its own."""
    with unit_of_work(services.database) as session:
        return SWEEPS[name](session, services.queue)
