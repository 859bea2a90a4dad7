"""What every part of the emulator shares: the store, the clock, the settings and new events."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import stripe

from local.stripe import deliveries
from local.stripe.config import EmulatorConfig
from local.stripe.ids import Ids
from local.stripe.shapes import shape, whole
from local.stripe.store import Body, Store

_ADVANCED = "clock.advanced"
_SKEW = "clock.skew"


@dataclass
class Origin:
    """The API request that is being answered; hosted pages and the clock have none."""

    request_id: str | None = None
    idempotency_key: str | None = None


@dataclass
class World:
    """One running emulator. `wakers` tell the delivery threads that there is something to send.

    `clock` is where time comes from, `time.time` unless a test holds its own; `shift` adds to it
    for good, as if the time had passed.
    """

    config: EmulatorConfig
    store: Store
    base_url: str = ""
    wakers: list[threading.Event] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        seed = self.config.seed
        if seed is None:
            self.ids = Ids()
            self.random = random.Random()
        else:
            # A restart must not make the ids of before again.
            (row,) = self.store.rows("SELECT COALESCE(MAX(seq), 0) AS last FROM objects")
            self.ids = Ids(f"{seed}:{row['last']}")
            self.random = random.Random(f"faults:{seed}:{row['last']}")
        self._advanced = float(self.store.setting(_ADVANCED) or 0)

    def time(self) -> float:
        """Seconds since 1970 in this world."""
        return self.clock() + self._advanced

    def now(self) -> int:
        """The same in whole seconds, as Stripe's timestamps are."""
        return int(self.time())

    def shift(self, seconds: float) -> None:
        """Move this world's clock forwards for good; see `agenda.advance` for what then happens."""
        self._advanced += seconds
        self.store.set_setting(_ADVANCED, self._advanced)

    @property
    def advanced(self) -> float:
        """By how many seconds this world is ahead of the machine's clock."""
        return self._advanced

    @property
    def skew(self) -> float:
        """By how many seconds the timestamps in webhook signatures are wrong."""
        return float(self.store.setting(_SKEW) or 0)

    @skew.setter
    def skew(self, seconds: float) -> None:
        self.store.set_setting(_SKEW, seconds)

    def wake(self) -> None:
        """Let the delivery threads look at the outbox now."""
        for waker in self.wakers:
            waker.set()

    def emit(
        self,
        type_: str,
        subject: Body,
        *,
        account: str | None = None,
        previous: Body | None = None,
        origin: Origin | None = None,
    ) -> Body:
        """Store an event and its deliveries; call it inside the transaction of the change.

        `account` is the connected account the event happened in: such events go to the Connect
        endpoints, all others to the platform's.
        """
        origin = origin or Origin()
        data: Body = {"object": subject}
        if previous is not None:
            data["previous_attributes"] = previous
        targets = [
            e.name
            for e in self.config.endpoints
            if not e.thin and e.connect == (account is not None)
        ]
        values: dict[str, Any] = {
            "id": self.ids.new("evt"),
            "api_version": stripe.api_version,
            "created": self.now(),
            "data": whole(data),
            "livemode": False,
            "pending_webhooks": len(targets),
            "request": {"id": origin.request_id, "idempotency_key": origin.idempotency_key},
            "type": type_,
        }
        if account is not None:
            values["account"] = account
        event = shape(stripe.Event, values, omit=("account", "context"))
        self.store.add(event, account=account)
        self.send(event, targets)
        return event

    def send(self, event: Body, targets: list[str]) -> None:
        """Queue a stored event for endpoints."""
        if targets:
            deliveries.schedule(self.store, event, targets, self.time(), self.random)
            self.wake()
