"""One API call on its way to the operation that answers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from local.stripe.errors import unsupported
from local.stripe.store import Body
from local.stripe.world import Origin, World


@dataclass(frozen=True)
class Call:
    """A checked request: parameters in Python types, ids from the address, the account it is for.

    `account` is the connected account named by the `Stripe-Account` header, None for the platform.
    """

    world: World
    params: Body
    ids: dict[str, str]
    path: str
    account: str | None
    origin: Origin


@dataclass(frozen=True)
class Refusal:
    """An error that is an outcome: a declined card. What happened on the way stays, unlike after
    a `StripeError`."""

    status: int
    error: Body


Handler = Callable[[Call], Body | Refusal]


@dataclass(frozen=True)
class Route:
    """An API route: its parameters' class in the library, and what the emulator does with them.

    `implemented` lists dotted parameter names; a name covers all below it. None means all.
    `extra` lists parameters that the library sends without having a type for them.
    """

    method: str
    rule: str
    params: str
    handler: Handler
    implemented: frozenset[str] | None = None
    on_accounts: bool = False
    extra: tuple[str, ...] = ()

    @property
    def v2(self) -> bool:
        """Whether the route belongs to the JSON-speaking second API."""
        return self.rule.startswith("/v2/")


def refuse_unsupported(route: Route, params: Body) -> None:
    """Raise for a parameter that Stripe knows and the emulator would silently ignore."""
    if route.implemented is not None:
        _refuse(route.implemented, params, "", "")


def _refuse(known: frozenset[str], node: Body, dotted: str, shown: str) -> None:
    for name, value in node.items():
        path = f"{dotted}.{name}" if dotted else name
        at = f"{shown}[{name}]" if shown else name
        if path in known:
            continue
        if not any(other.startswith(f"{path}.") for other in known):
            raise unsupported(at)
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict):
                _refuse(known, part, path, at)
