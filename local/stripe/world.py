"""What every part of the emulator shares: the store, the clock, the settings and new events."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

import stripe

from local.stripe import deliveries
from local.stripe.config import EmulatorConfig
from local.stripe.shapes import shape, whole
from local.stripe.store import Body, Store, new_id


@dataclass
class Origin:
    """The API request that is being answered; hosted pages and the clock have none."""

    request_id: str | None = None
    idempotency_key: str | None = None


@dataclass
class World:
    """One running emulator. `wakers` tell the delivery threads that there is something to send."""

    config: EmulatorConfig
    store: Store
    base_url: str = ""
    wakers: list[threading.Event] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def now(self) -> int:
        """Seconds since 1970, whole, as Stripe's timestamps are."""
        return int(time.time())

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
        targets = [e for e in self.config.endpoints if e.connect == (account is not None)]
        values: dict[str, Any] = {
            "id": new_id("evt"),
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
        deliveries.schedule(self.store, event, [target.name for target in targets])
        self.wake()
        return event
