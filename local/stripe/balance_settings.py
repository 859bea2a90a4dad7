"""Balance settings: the payout schedule, and how long money stays pending."""

from __future__ import annotations

from typing import Any

import stripe

from local.stripe import payouts
from local.stripe.call import Call
from local.stripe.errors import invalid
from local.stripe.shapes import shape, whole
from local.stripe.store import Body
from local.stripe.world import World

IMPLEMENTED = frozenset(
    {
        "expand",
        "payments.debit_negative_balances",
        "payments.payouts.minimum_balance_by_currency",
        "payments.payouts.schedule.interval",
        "payments.payouts.schedule.monthly_payout_days",
        "payments.payouts.schedule.weekly_payout_days",
        "payments.payouts.statement_descriptor",
        "payments.settlement_timing.delay_days_override",
    }
)
_DELAY_DAYS = 2


def _name(account: str | None) -> str:
    return f"balance_settings.{account or ''}"


def retrieve(call: Call) -> Body:
    """`GET /v1/balance_settings`."""
    return _view(call.world, call.account)


def update(call: Call) -> Body:
    """`POST /v1/balance_settings`: what is given replaces what was."""
    payments: Body = call.params.get("payments", {})
    stored: Body = call.world.store.setting(_name(call.account)) or {}
    given: Body = payments.get("payouts", {})
    if "schedule" in given:
        stored["schedule"] = _checked(given["schedule"])
    for name in ("statement_descriptor", "minimum_balance_by_currency"):
        if name in given:
            stored[name] = given[name] or None
    if "debit_negative_balances" in payments:
        stored["debit_negative_balances"] = payments["debit_negative_balances"]
    if "delay_days_override" in payments.get("settlement_timing", {}):
        stored["delay_days_override"] = _delay(payments["settlement_timing"]["delay_days_override"])
    call.world.store.set_setting(_name(call.account), stored)
    payouts.start_schedule(call.world, call.account or "")
    shown = _view(call.world, call.account)
    call.world.emit("balance_settings.updated", shown, account=call.account, origin=call.origin)
    return shown


def _delay(given: Any) -> int | None:
    if given == "":
        return None
    if not _DELAY_DAYS <= given <= 31:
        raise invalid(
            f"delay_days_override must be from {_DELAY_DAYS} to 31.",
            "payments[settlement_timing][delay_days_override]",
        )
    return int(given)


def _checked(schedule: Body) -> Body:
    at = "payments[payouts][schedule]"
    interval = schedule.get("interval")
    if interval is None:
        raise invalid(f"Missing required param: {at}[interval].", f"{at}[interval]")
    for needs, name in (("weekly", "weekly_payout_days"), ("monthly", "monthly_payout_days")):
        if interval == needs and not schedule.get(name):
            raise invalid(f"{at}[{name}] is required for {needs} payouts.", f"{at}[{name}]")
        if interval != needs and name in schedule:
            raise invalid(f"{at}[{name}] is for {needs} payouts only.", f"{at}[{name}]")
    if any(not 1 <= day <= 31 for day in schedule.get("monthly_payout_days", [])):
        raise invalid("Days of a month are 1 to 31.", f"{at}[monthly_payout_days]")
    return schedule


def _view(world: World, account: str | None) -> Body:
    stored: Body = world.store.setting(_name(account)) or {}
    schedule = payouts.schedule_of(world, account)
    override = stored.get("delay_days_override")
    paying: Body = {
        "schedule": {
            "interval": schedule["interval"],
            "monthly_payout_days": schedule.get("monthly_payout_days"),
            "weekly_payout_days": schedule.get("weekly_payout_days"),
        },
        "statement_descriptor": stored.get("statement_descriptor"),
        "status": "enabled",
    }
    # The library cannot read null here, so Stripe must leave them out when there are none.
    if stored.get("minimum_balance_by_currency"):
        paying["minimum_balance_by_currency"] = stored["minimum_balance_by_currency"]
    values: Body = {
        "payments": {
            "debit_negative_balances": stored.get("debit_negative_balances", False),
            "payouts": whole(paying),
            "settlement_timing": {
                "delay_days": override or _DELAY_DAYS,
                "delay_days_override": override,
            },
        }
    }
    return shape(stripe.BalanceSettings, values)
