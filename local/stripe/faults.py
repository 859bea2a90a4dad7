"""Switches that make the emulator misbehave on request, so that tests can show what happens.

Webhook rules act when an event is made; API rules act on the next matching calls. A rule with
`times` is used up; without it, it stays until the rules are replaced. A rule with a `rate` acts on
that share of what it matches only, by chance (repeatable where the emulator is seeded).
"""

from __future__ import annotations

import random
from fnmatch import fnmatchcase
from typing import Any

from local.stripe.store import Store

WEBHOOK_ACTIONS = ("drop", "duplicate", "delay", "reorder", "hold")
API_ACTIONS = ("500", "429", "timeout", "lost_answer", "refuse")
_SETTING = "faults"
# What a `refuse` rule answers unless it names another code.
_REFUSAL = "balance_insufficient"


class BadFault(Exception):
    """A fault rule that cannot be understood; the message says why."""


def current(store: Store) -> dict[str, list[dict[str, Any]]]:
    """The rules in force: `{"webhooks": […], "api": […]}`."""
    return store.setting(_SETTING) or {"webhooks": [], "api": []}


def replace(store: Store, wanted: Any) -> dict[str, list[dict[str, Any]]]:
    """Put a new set of rules in force, and return it. An empty hash clears all.

    Raises `BadFault` for anything not understood, leaving the old rules.
    """
    if not isinstance(wanted, dict) or set(wanted) - {"webhooks", "api"}:
        raise BadFault('Send {"webhooks": [...], "api": [...]}, either of them optional.')
    rules = {
        "webhooks": [
            _rule(rule, WEBHOOK_ACTIONS, {"type": "*"}) for rule in wanted.get("webhooks", [])
        ],
        "api": [
            _rule(rule, API_ACTIONS, {"path": "*", "method": "*", "code": _REFUSAL})
            for rule in wanted.get("api", [])
        ],
    }
    store.set_setting(_SETTING, rules)
    return rules


def _rule(rule: Any, actions: tuple[str, ...], patterns: dict[str, str]) -> dict[str, Any]:
    if not isinstance(rule, dict):
        raise BadFault("A rule is a hash.")
    unknown = set(rule) - {"action", "times", "seconds", "rate", *patterns}
    if unknown:
        raise BadFault(f"Unknown in a rule: {', '.join(sorted(unknown))}.")
    action = str(rule.get("action"))
    if action not in actions:
        raise BadFault(f"The action must be one of {', '.join(actions)}.")
    times = rule.get("times")
    if times is not None and (type(times) is not int or times < 1):
        raise BadFault("times must be a whole number from 1.")
    seconds = rule.get("seconds", 30)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 3e5:
        raise BadFault("seconds must be a number from 0 to 300000.")
    rate = rule.get("rate", 1)
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate <= 1:
        raise BadFault("rate must be a number above 0, up to 1.")
    result = {"action": action, "times": times, "seconds": seconds}
    if rate != 1:
        result["rate"] = rate
    for name, default in patterns.items():
        result[name] = str(rule.get(name, default))
    return result


def for_event(store: Store, event_type: str, chance: random.Random) -> dict[str, Any] | None:
    """The first webhook rule for an event's type, using it up once."""
    return _take(store, "webhooks", chance, lambda rule: fnmatchcase(event_type, rule["type"]))


def for_call(store: Store, method: str, path: str, chance: random.Random) -> dict[str, Any] | None:
    """The first API rule for a call, using it up once."""
    return _take(
        store,
        "api",
        chance,
        lambda rule: fnmatchcase(path, rule["path"]) and fnmatchcase(method, rule["method"]),
    )


def holds(store: Store, event_type: str) -> bool:
    """Whether a rule still holds back events of this type."""
    return any(
        rule["action"] == "hold" and fnmatchcase(event_type, rule["type"])
        for rule in current(store)["webhooks"]
    )


def _take(store: Store, family: str, chance: random.Random, matches: Any) -> dict[str, Any] | None:
    rules = current(store)
    if not rules[family]:
        return None
    with store.transaction():
        rules = current(store)
        for rule in rules[family]:
            if not matches(rule) or chance.random() >= rule.get("rate", 1):
                continue
            if rule["times"] is not None:
                rule["times"] -= 1
                if rule["times"] == 0:
                    rules[family].remove(rule)
                store.set_setting(_SETTING, rules)
            return dict(rule)
    return None
