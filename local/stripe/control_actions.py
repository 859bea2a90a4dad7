"""The control API's actions: what banks, buyers, sellers and time do on request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from local.stripe import (
    accounts,
    agenda,
    balance,
    behaviour,
    checkout,
    deliveries,
    disputes,
    fraud_warnings,
    payouts,
    refunds,
)
from local.stripe.errors import StripeError
from local.stripe.store import Body
from local.stripe.world import World

Answer = str | Response | AnyResponse | tuple[Response, int]

REVERSAL_POLICIES = ("default", "negative", "refuse", "refuse_all")
LONGEST_STEP_SECONDS = 400 * balance.DAY

# What can be done to a dispute, and what it then becomes.
_VERDICTS = {"win": "won", "lose": "lost", "close": "warning_closed"}


def register(control: Blueprint, world: World) -> None:
    """Add the actions to the control page's blueprint."""
    _time(control, world)
    _events(control, world)
    _accounts(control, world)
    _disputes(control, world)
    _refunds_and_payouts(control, world)


def _values() -> dict[str, Any]:
    """What was sent: the page's buttons send forms, tests send JSON."""
    if request.form:
        return request.form.to_dict()
    given = request.get_json(silent=True)
    return given if isinstance(given, dict) else {}


def _done(world: World, **values: Any) -> Answer:
    world.wake()
    return redirect("/", 303) if "from_page" in request.form else jsonify(values)


def _bad(message: str) -> StripeError:
    return StripeError(message, executed=False)


def _number(values: dict[str, Any], name: str, default: float | None = None) -> float:
    text = values.get(name, default)
    try:
        if isinstance(text, bool) or text is None:
            raise ValueError
        return float(text)
    except (TypeError, ValueError):
        raise _bad(f"{name} must be a number.") from None


def _cents(values: dict[str, Any]) -> int:
    amount = _number(values, "amount")
    if amount != int(amount) or amount < 1:
        raise _bad("amount must be whole cents from 1.")
    return int(amount)


def _time(control: Blueprint, world: World) -> None:
    @control.get("/_control/clock")
    def show_clock() -> Answer:
        return jsonify(now=world.now(), advanced=world.advanced, skew=world.skew)

    @control.post("/_control/clock")
    def set_clock() -> Answer:
        """`advance` lets seconds pass; `skew` makes signatures' timestamps wrong."""
        values = _values()
        step = _number(values, "advance", 0)
        if not 0 <= step <= LONGEST_STEP_SECONDS:
            raise _bad(f"advance must be from 0 to {LONGEST_STEP_SECONDS} seconds.")
        if "skew" in values:
            world.skew = _number(values, "skew")
        jobs = agenda.advance(world, step)
        checkout.expire_overdue(world)
        return _done(world, now=world.now(), advanced=world.advanced, skew=world.skew, jobs=jobs)

    @control.get("/_control/behaviour")
    def show_behaviour() -> Answer:
        return jsonify(behaviour.of(world))

    @control.post("/_control/behaviour")
    def set_behaviour() -> Answer:
        wanted: dict[str, Any] = {k: v for k, v in _values().items() if k != "from_page"}
        if request.form:
            wanted = {name: value or None for name, value in wanted.items()}
        try:
            return _done(world, **behaviour.change(world, wanted))
        except behaviour.BadChoiceError as problem:
            raise _bad(str(problem)) from None


def _events(control: Blueprint, world: World) -> None:
    @control.post("/_control/release")
    def release() -> Answer:
        released = deliveries.release_held(world.store, world.time(), all_of_them=True)
        return _done(world, released=released)

    @control.post("/_control/events/<event_id>/redeliver")
    def redeliver(event_id: str) -> Answer:
        if world.store.find(event_id) is None:
            return jsonify(error="There is no such event."), 404
        return _done(world, queued=deliveries.redeliver(world.store, event_id, world.time()))

    @control.post("/_control/sessions/<session_id>/expire")
    def expire(session_id: str) -> Answer:
        return _done(world, status=checkout.expire_now(world, session_id)["status"])


def _accounts(control: Blueprint, world: World) -> None:
    @control.post("/_control/accounts/<account_id>/status")
    def set_status(account_id: str) -> Answer:
        """`due` lists what the account must provide now, `error` why it did not suffice."""
        values = _values()
        status = values.get("status")
        if status not in accounts.STATUSES:
            known = ", ".join(accounts.STATUSES)
            return jsonify(error=f"The status must be one of {known}."), 400
        due = values.get("due", [])
        if not isinstance(due, list) or not all(isinstance(name, str) for name in due):
            raise _bad("due must be a list of requirement descriptions.")
        account = accounts.set_status(
            world, account_id, status, due=tuple(due), error=values.get("error")
        )
        return _done(world, id=account["id"], status=status)

    @control.post("/_control/accounts/<account_id>/close")
    def close(account_id: str) -> Answer:
        account = accounts.close_now(world, account_id)
        return _done(world, id=account["id"], closed=account["closed"])

    @control.post("/_control/accounts/<account_id>/reversals")
    def set_policy(account_id: str) -> Answer:
        policy = _values().get("policy")
        if policy not in REVERSAL_POLICIES:
            raise _bad(f"The policy must be one of {', '.join(REVERSAL_POLICIES)}.")
        accounts.account(world, account_id)
        world.store.remember(account_id, reversals=policy)
        return _done(world, id=account_id, policy=policy)


def _disputes(control: Blueprint, world: World) -> None:
    @control.post("/_control/charges/<charge_id>/dispute")
    def dispute(charge_id: str) -> Answer:
        values = _values()
        amount = _cents(values) if values.get("amount") else None
        made = disputes.open_dispute(
            world,
            charge_id,
            amount=amount,
            reason=values.get("reason", "fraudulent"),
            inquiry=values.get("inquiry") in (True, "true", "1"),
        )
        return _done(world, **made)

    @control.post("/_control/charges/<charge_id>/warn")
    def warn(charge_id: str) -> Answer:
        return _done(world, **fraud_warnings.create(world, charge_id))

    @control.post("/_control/disputes/<dispute_id>/<action>")
    def decide(dispute_id: str, action: str) -> Answer:
        more: dict[str, Callable[[], Body]] = {
            "escalate": lambda: disputes.escalate(world, dispute_id),
            "appeal": lambda: disputes.appeal(world, dispute_id),
        }
        if action in more:
            return _done(world, **more[action]())
        if action not in _VERDICTS:
            known = ", ".join([*_VERDICTS, *more])
            raise StripeError(f"The action must be one of {known}.", status=404)
        return _done(world, **disputes.decide(world, dispute_id, _VERDICTS[action]))


def _refunds_and_payouts(control: Blueprint, world: World) -> None:
    @control.post("/_control/refunds/<refund_id>/<outcome>")
    def refund(refund_id: str, outcome: str) -> Answer:
        if outcome == "succeed":
            return _done(world, **refunds.succeed(world, refund_id))
        reason = _values().get("reason", "unknown")
        if outcome != "fail" or reason not in refunds.FAILURES:
            raise _bad(f"Send /fail with a reason of {', '.join(refunds.FAILURES)}, or /succeed.")
        return _done(world, **refunds.fail(world, refund_id, reason))

    @control.post("/_control/payouts")
    def pay_out() -> Answer:
        """Pay an account (by default the platform) out, whatever its schedule says."""
        values = _values()
        account, amount = values.get("account") or None, _cents(values)
        if account is not None:
            accounts.account(world, account)
        if amount > balance.available(world, account, "usd"):
            raise _bad("There is not that much available.")
        with world.store.transaction():
            made = payouts.pay_out(world, account, amount)
        return _done(world, **made)

    @control.post("/_control/payouts/<payout_id>/<outcome>")
    def end_payout(payout_id: str, outcome: str) -> Answer:
        if outcome == "fail":
            code = _values().get("code", "account_closed")
            return _done(world, **payouts.fail(world, payout_id, code))
        if outcome not in ("paid", "in_transit"):
            raise _bad("A payout can become paid or in_transit, or fail.")
        return _done(world, **payouts.step(world, payout_id, outcome))

    @control.post("/_control/fees")
    def charge_fee() -> Answer:
        """Stripe bills the platform, as it does for Connect, Radar and Tax."""
        return _book("stripe_fee", -1, "Connect (active account fee)")

    @control.post("/_control/topups")
    def top_up() -> Answer:
        """The platform puts money of its own into its balance."""
        return _book("topup", 1, "Top-up")

    def _book(type_: str, sign: int, default: str) -> Answer:
        values = _values()
        with world.store.transaction():
            booked = balance.record(
                world,
                None,
                sign * _cents(values),
                "usd",
                type_=type_,
                description=values.get("description", default),
            )
        return _done(world, **booked)
