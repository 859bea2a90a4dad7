"""Messages, webhooks, sweeps, time, and an interface that fails."""

from __future__ import annotations

import time
from random import Random
from typing import Any

from local.stripe import deliveries, faults
from local.stripe.courier import signature
from marketplace.core.errors import DomainError
from marketplace.core.task_queue import enqueue
from marketplace.gateways.payments import PaymentError, PaymentUnavailableError
from marketplace.stripe_events.operations import store_event
from marketplace.task_names import TaskName
from tests.properties.money import broker as messages
from tests.properties.money.acts import act
from tests.properties.money.chaos import Crash
from tests.properties.money.town import SECRETS, Town

QUIET = (DomainError, PaymentError, PaymentUnavailableError)
"""What a worker's task may end with: its rows say that it is unfinished."""
_WAITING = "SELECT * FROM deliveries WHERE state = 'pending' ORDER BY next_at, seq LIMIT 1 OFFSET ?"
_COUNT = "SELECT COUNT(*) AS n FROM deliveries WHERE state = 'pending'"


def waiting(town: Town) -> int:
    """How many webhooks are on their way."""
    return int(town.world.store.rows(_COUNT)[0]["n"])


def next_webhook(town: Town) -> Any:
    """The one that has waited longest; None where all have arrived."""
    return next(iter(town.world.store.rows(_WAITING, 0)), None)


def _some_webhook(town: Town, rng: Random) -> Any:
    """Mostly an old one; sometimes any, so that news overtake each other."""
    many = waiting(town)
    if not many:
        return None
    reach = many if rng.random() < 0.15 else min(5, many)
    return town.world.store.rows(_WAITING, rng.randrange(reach))[0]


@act(22)
def deliver(town: Town, rng: Random) -> str:
    """One webhook arrives: verified, stored, answered."""
    row = _some_webhook(town, rng)
    if row is None:
        return ""
    return deliver_one(town, row, heard=rng.random() > 0.06)


def deliver_one(town: Town, row: Any, *, heard: bool = True) -> str:
    """Bring one webhook to its endpoint.

    Args:
        heard: whether Stripe hears our answer; otherwise it sends the webhook again.
    """
    world = town.world
    event = world.store.find(row["event"])
    body = deliveries.payload(event)
    # The library compares with the machine's clock, not with ours.
    signed = signature(body, SECRETS[row["endpoint"]], int(time.time()))
    gateway, status = town.services.payments, None
    try:
        if row["endpoint"] == "v2":
            read = gateway.read_thin_webhook(body.encode(), signed)
        else:
            read = gateway.read_webhook(body.encode(), signed, row["endpoint"] == "connect")
        with town.work() as session:
            if store_event(session, read):
                enqueue(session, town.broker, TaskName.PROCESS_STRIPE_EVENT, read.event_id)
        status = 200 if heard else None
    finally:
        with world.store.transaction():
            deliveries.record(world.store, row, status, None, world.time())
    return f"{event['type']} {event['id']}"


@act(1.2, ours=False)
def lose_webhook(town: Town, rng: Random) -> str:
    """Stripe gives one up: only asking it will tell."""
    row = _some_webhook(town, rng)
    if row is None:
        return ""
    town.world.store.execute("UPDATE deliveries SET state = 'failed' WHERE seq = ?", row["seq"])
    return str(row["event"])


@act(0.8, ours=False)
def repeat_webhook(town: Town, rng: Random) -> str:
    """Something that was delivered comes once more."""
    rows = town.world.store.rows(
        "SELECT event FROM deliveries ORDER BY seq DESC LIMIT 1 OFFSET ?", rng.randrange(120)
    )
    if not rows:
        return ""
    deliveries.redeliver(town.world.store, rows[0]["event"], town.world.time())
    return str(rows[0]["event"])


@act(26)
def work(town: Town, rng: Random) -> str:
    """A worker takes a message, an old one mostly, and does what it says."""
    job = town.broker.take(rng)
    if job is None:
        return ""
    if rng.random() < 0.05:
        town.broker.jobs.append(job)  # it will come twice
    return work_on(town, job, rng)


def work_on(town: Town, job: messages.Job, rng: Random) -> str:
    """Do one message; where the worker dies the broker mostly sends it again."""
    said = f"{job[0]} {job[1][0]}"
    try:
        return f"{said}: {messages.do(town.services, job)}"
    except Crash:
        if rng.random() < 0.6:
            town.broker.jobs.append(job)
        raise
    except QUIET as error:
        return f"{said}: {type(error).__name__} {getattr(error, 'code', '')}"


@act(1, ours=False)
def lose_message(town: Town, rng: Random) -> str:
    """The broker forgets one message, or all."""
    if rng.random() < 0.2:
        town.broker.jobs.clear()
        return "all"
    job = town.broker.take(rng)
    return f"{job[0]} {job[1][0]}" if job else ""


@act(4)
def sweep(town: Town, rng: Random) -> str:
    """One sweep looks for what no message brought."""
    name = rng.choice(list(messages.SWEEPS))
    return f"{name}: {messages.sweep(town.services, name)}"


@act(0.8)
def fetch(town: Town, rng: Random) -> str:
    """Stripe is asked for what it could not deliver, for accounts, and for its lines."""
    name = rng.choice(list(messages.FETCHES))
    try:
        return f"{name}: {messages.FETCHES[name](town.services)}"
    except QUIET as error:
        return f"{name}: {type(error).__name__}"


PATHS = (
    *["/v1/transfers", "/v1/refunds", "/v1/transfers/*/reversals", "/v1/checkout/sessions*"],
    *["/v1/disputes/*", "/v1/payouts", "/v1/refunds/*", "*", "*"],
)


@act(3, ours=False)
def break_interface(town: Town, rng: Random) -> str:
    """The next calls fail: refused for now, broken, unanswered before or after their effect."""
    if rng.random() < 0.3:
        faults.replace(town.world.store, {})
        return "mended"
    action = rng.choice(("429", "500", "timeout", "lost_answer", "lost_answer"))
    rule = {"action": action, "path": rng.choice(PATHS), "times": rng.randint(1, 4)}
    faults.replace(town.world.store, {"api": [rule]})
    return str(rule)


@act(0.25, ours=False)
def refuse_once(town: Town, rng: Random) -> str:
    """The next transfer, reversal or refund is refused, as if the balance were short."""
    rule = {
        "action": "refuse",
        "method": rng.choice(("POST", "POST", "*")),
        "path": rng.choice(PATHS[:3]),
        "code": rng.choice(("balance_insufficient", "account_closed", "processing_error")),
        "times": 1,
    }
    faults.replace(town.world.store, {"api": [rule]})
    return str(rule)


@act(3, ours=False)
def pass_time(town: Town, rng: Random) -> str:
    """Minutes, hours or days go by."""
    seconds = rng.choice((70, 70, 600, 2500, 4000, 30000, 90000, 200000))
    town.clock.passes(seconds)
    return f"{seconds} s"
