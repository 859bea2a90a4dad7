"""Threads that deliver the outbox: one per endpoint, at least once, signed as Stripe signs."""

from __future__ import annotations

import hashlib
import hmac
import logging
import threading
import time

import requests

from local.stripe import deliveries
from local.stripe.config import Endpoint
from local.stripe.world import World

log = logging.getLogger("stripe")

# An endpoint that needs longer than this to answer is taken for broken, and tried again.
_TIMEOUT = (3.0, 10.0)
_LONGEST_SLEEP = 5.0


def signature(payload: str, secret: str, timestamp: int) -> str:
    """The `Stripe-Signature` header: HMAC-SHA256 over `timestamp.payload`."""
    digest = hmac.new(secret.encode(), f"{timestamp}.{payload}".encode(), hashlib.sha256)
    return f"t={timestamp},v1={digest.hexdigest()}"


class Courier:
    """Delivers one endpoint's events until the world stops."""

    def __init__(self, world: World, endpoint: Endpoint) -> None:
        self.world = world
        self.endpoint = endpoint
        self.session = requests.Session()
        # A proxy of the environment has no business with loopback addresses.
        self.session.trust_env = False
        self.wake = threading.Event()
        world.wakers.append(self.wake)
        self.thread = threading.Thread(
            target=self._run, name=f"courier-{endpoint.name}", daemon=True
        )

    def _run(self) -> None:
        with self.session:
            self._deliver_until_stopped()

    def _deliver_until_stopped(self) -> None:
        while not self.world.stopping.is_set():
            self.wake.clear()
            with self.world.store.transaction():
                delivery = deliveries.next_due(self.world.store, self.endpoint.name)
            wait = _LONGEST_SLEEP if delivery is None else delivery["next_at"] - self.world.time()
            if delivery is None or wait > 0:
                self.wake.wait(min(wait, _LONGEST_SLEEP))
                continue
            event = self.world.store.find(delivery["event"])
            if event is None:
                raise LookupError(f"the outbox names an event that is gone: {delivery['event']}")
            status, error = self._send(deliveries.payload(event))
            if status is None or status >= 300:
                log.warning(
                    "webhook %s (%s) to %s: %s",
                    event["type"],
                    event["id"],
                    self.endpoint.name,
                    error or f"answered {status}",
                )
            with self.world.store.transaction():
                deliveries.record(self.world.store, delivery, status, error, self.world.time())

    def _send(self, payload: str) -> tuple[int | None, str | None]:
        # The machine's clock, not the world's: a receiver checks signatures against its own.
        stamp = int(time.time() + self.world.skew)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature(payload, self.endpoint.secret, stamp),
        }
        try:
            answer = self.session.post(
                self.endpoint.url,
                data=payload.encode(),
                headers=headers,
                timeout=_TIMEOUT,
                allow_redirects=False,
            )
            answer.close()
        except requests.RequestException as problem:
            return None, type(problem).__name__
        return answer.status_code, None
