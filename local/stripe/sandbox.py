"""`python -m local.stripe.sandbox`: the same journeys here and in Stripe's sandbox, compared.

With a test key in STRIPE_SANDBOX_KEY the journeys also run against Stripe, and the fields of what
came back are compared one by one. Without one they run against the emulator alone, and its
objects are compared with the fields that the installed library documents.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import stripe

from local.stripe.config import EmulatorConfig
from local.stripe.inprocess import InProcess
from local.stripe.journeys import JOURNEYS, Met
from local.stripe.shapes import keys_of

KEY_VARIABLE = "STRIPE_SANDBOX_KEY"
NEEDED = f"""
This compared the emulator with the installed library only. To compare it with Stripe itself set
{KEY_VARIABLE} to a test key (sk_test_… or rk_test_…; a live key is refused), for example

    {KEY_VARIABLE}=sk_test_… make sandbox-check

It needs a sandbox (dashboard.stripe.com, Developers, API keys) of a platform with Connect switched
on, and the way to api.stripe.com. It makes test payments, an account and a dispute there;
no money moves."""
_OWN_KEY = "sk_test_emulatorsOwnJourneys"
# Parts that objects carry on request only, or hashes whose keys depend on the object.
_FREE = frozenset({"metadata", "last_response"})


@dataclass
class Result:
    """How one journey went: differences in sentences, or the error that ended it."""

    journey: str
    objects: int = 0
    differences: list[str] = field(default_factory=list)
    error: str | None = None


def check_key(key: str) -> None:
    """Raise `ValueError` unless this is a key of Stripe's test mode."""
    if "_live_" in key or not key.startswith(("sk_test_", "rk_test_")):
        raise ValueError(f"{KEY_VARIABLE} must begin with sk_test_ or rk_test_, never a live key.")


def keys(value: Any, at: str = "") -> set[str]:
    """The dotted names of all fields of a JSON value; of lists the first item counts."""
    found: set[str] = set()
    if isinstance(value, dict):
        for name, part in value.items():
            path = f"{at}.{name}" if at else name
            found.add(path)
            if name not in _FREE:
                found |= keys(part, path)
    elif isinstance(value, list) and value:
        found |= keys(value[0], f"{at}[]")
    return found


def differences(name: str, ours: Any, theirs: Any) -> list[str]:
    """What Stripe's answer has and ours has not, and the other way round.

    Fields below one that is null on either side are not compared.
    """
    mine, real = _plain(ours), _plain(theirs)
    if isinstance(mine, dict) and mine.get("http_status") != real.get("http_status"):
        return [f"{name}: status {mine.get('http_status')}, Stripe's {real.get('http_status')}"]
    empty = tuple(f"{path}." for path in _empty(mine) | _empty(real))
    a = {k for k in keys(mine) if not k.startswith(empty)}
    b = {k for k in keys(real) if not k.startswith(empty)}
    return [
        *(f"{name}: Stripe has {path}, the emulator has not" for path in sorted(b - a)),
        *(f"{name}: the emulator has {path}, Stripe has not" for path in sorted(a - b)),
    ]


def undocumented(name: str, thing: Any) -> list[str]:
    """Fields of an answer that the installed library does not know."""
    if not isinstance(thing, stripe.StripeObject):
        return []
    extra = set(thing.to_dict()) - keys_of(type(thing)) - {"object"}
    return [f"{name}: {path} is not documented" for path in sorted(extra)]


def _empty(value: Any, at: str = "") -> set[str]:
    """Dotted names of fields that are null or empty."""
    found: set[str] = set()
    if isinstance(value, dict):
        for name, part in value.items():
            path = f"{at}.{name}" if at else name
            found |= {path} if part in (None, [], {}) else _empty(part, path)
    elif isinstance(value, list) and value:
        found |= _empty(value[0], f"{at}[]")
    return found


def _plain(value: Any) -> Any:
    return value.to_dict() if isinstance(value, stripe.StripeObject) else value


def run(client: stripe.StripeClient, other: stripe.StripeClient | None, mark: str) -> list[Result]:
    """Run every journey against one client, and against the other where there is one."""
    results = []
    for name, journey in JOURNEYS.items():
        result = Result(name)
        results.append(result)
        own_mark = f"{mark}-{name.replace(' ', '-')}"
        try:
            ours = journey(client, own_mark)
            theirs: Met = journey(other, own_mark) if other is not None else {}
        except stripe.StripeError as error:
            # The code only: a message may quote what was sent.
            result.error = f"{type(error).__name__} {error.code or ''} {error.http_status}"
            continue
        result.objects = len(ours)
        for thing, value in ours.items():
            result.differences += undocumented(thing, value)
            if thing in theirs:
                result.differences += differences(thing, value, theirs[thing])
    return results


def main() -> int:
    """Print a line per journey and per difference; 1 when there was any."""
    stripe.enable_telemetry = False
    key = os.environ.get(KEY_VARIABLE, "")
    other = None
    if key:
        try:
            check_key(key)
        except ValueError as problem:
            print(problem, file=sys.stderr)
            return 2
        http = stripe.RequestsClient(timeout=(3, 30))
        other = stripe.StripeClient(key, max_network_retries=2, http_client=http)
    bank = InProcess(EmulatorConfig(None, _OWN_KEY))
    against = "the emulator and Stripe's sandbox" if other else "the emulator alone"
    print(f"Journeys against {against} (library {stripe.VERSION}, API {stripe.api_version})")
    results = run(bank.client(), other, f"check{int(time.time())}")
    bank.close()
    for result in results:
        state = result.error or f"{len(result.differences)} differences"
        print(f"  {result.journey:<20} {result.objects:>2} objects  {state}")
        for difference in result.differences:
            print(f"    {difference}")
    if not other:
        print(NEEDED)
    return 1 if any(result.error or result.differences for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
