"""The emulator without sockets or threads: for tests that drive very many events through it.

bank = InProcess(api_key)
client = bank.client()             # the unmodified library's StripeClient
bank.pay(session.id)               # what the buyer does on the hosted page
for hook in bank.webhooks(): ...   # what would be delivered, signed, in order
bank.advance(2 * 86400)            # time passes: money settles, payouts arrive
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import stripe

from local.stripe import agenda, checkout, deliveries, idempotency
from local.stripe.cards import Card, card_named
from local.stripe.config import EmulatorConfig
from local.stripe.courier import signature
from local.stripe.dispatch import Dispatcher, NoAnswerError, Request
from local.stripe.store import Store
from local.stripe.world import World

BASE = "http://stripe.invalid"


class InProcessClient(stripe.HTTPClient):
    """The library's transport, short-circuited: a call goes straight to the dispatcher."""

    name = "emulator"

    def __init__(self, dispatcher: Dispatcher) -> None:
        super().__init__()
        self._dispatcher = dispatcher

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        **options: Any,
    ) -> tuple[str, int, Mapping[str, str]]:
        """Answer a request, or raise as the library does when there is no answer."""
        parts = urlsplit(url)
        lower = {name.lower(): value for name, value in (headers or {}).items()}
        call = Request(method.upper(), parts.path, parts.query, lower, post_data or "")
        try:
            reply = self._dispatcher.handle(call)
        except NoAnswerError:
            silence = "the emulator gave no answer, on purpose"
            raise stripe.APIConnectionError(silence, should_retry=True) from None  # type: ignore[no-untyped-call]
        # The library looks headers up in lower case.
        return reply.text, reply.status, {k.lower(): v for k, v in reply.headers.items()}

    def _sleep_time_seconds(self, num_retries: int) -> float:
        """Between two tries nobody needs to wait: there is no network to recover."""
        return 0.0

    def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True)
class Hook:
    """One webhook as it would arrive: at which endpoint, with which body and signature."""

    endpoint: str
    event_id: str
    type: str
    body: bytes
    signature: str
    _done: Callable[[int | None], None]

    def answer(self, status: int | None) -> None:
        """Say how the endpoint answered: 2xx ends it, anything else (None: not at all) retries."""
        self._done(status)


class InProcess:
    """One emulator in this process.

    Args:
        config: settings; `state_dir=None` keeps everything in memory, `seed` makes ids and faults
            repeatable. Endpoints say what `webhooks` yields.
        clock: where time comes from; a test's own for runs that do not depend on the hour.
    """

    def __init__(self, config: EmulatorConfig, clock: Callable[[], float] | None = None) -> None:
        store = Store(config.state_dir, durable=config.durable)
        self.world = World(config, store, base_url=config.public_base or BASE)
        if clock is not None:
            self.world.clock = clock
        self.dispatcher = Dispatcher(self.world)
        self.http = InProcessClient(self.dispatcher)

    def client(self, **options: Any) -> stripe.StripeClient:
        """The library's client, two retries by default as the application has them."""
        base = self.world.base_url
        return stripe.StripeClient(
            self.world.config.api_key,
            http_client=self.http,
            base_addresses={"api": base, "connect": base, "files": base, "meter_events": base},
            **({"max_network_retries": 2} | options),
        )

    def pay(
        self, session_id: str, card: str | Card = "pm_card_visa", email: str = "buyer@example.com"
    ) -> checkout.Attempt:
        """The buyer presses Pay with a test card, by number or by token."""
        found = card if isinstance(card, Card) else card_named(card)
        if found is None:
            raise LookupError(f"no such test card: {card}")
        return checkout.pay(self.world, session_id, found, email)

    def authenticate(self, session_id: str, *, passed: bool) -> checkout.Attempt:
        """The buyer answers a 3-D Secure challenge."""
        return checkout.answer_challenge(self.world, session_id, passed=passed)

    def advance(self, seconds: float) -> int:
        """Let time pass; returns how many planned things happened on the way."""
        done = agenda.advance(self.world, seconds)
        checkout.expire_overdue(self.world)
        idempotency.purge(self.world.store, self.world.time())
        return done

    def forget_events(self, older_than: float = deliveries.EVENTS_KEPT_SECONDS) -> int:
        """Drop delivered events that are older than so many seconds, to save memory; how many."""
        return deliveries.forget_events(self.world.store, self.world.time() - older_than)

    def webhooks(self, *, early: bool = False) -> Iterator[Hook]:
        """What is due for delivery, in order, one at a time; `early` ignores the due times.

        Each must be answered before the next is asked for; an unanswered one counts as failed.
        """
        secrets = {endpoint.name: endpoint.secret for endpoint in self.world.config.endpoints}
        last = self.world.store.rows("SELECT COALESCE(MAX(seq), 0) AS n FROM deliveries")[0]["n"]
        seen: set[int] = set()
        while True:
            row = self._next(early, last, seen)
            if row is None:
                return
            event = self.world.store.find(row["event"])
            if event is None:
                raise LookupError(f"the outbox names an event that is gone: {row['event']}")
            answers: list[int | None] = []
            payload = deliveries.payload(event)
            stamp = int(self.world.clock() + self.world.skew)
            yield Hook(
                row["endpoint"],
                event["id"],
                event["type"],
                payload.encode(),
                signature(payload, secrets[row["endpoint"]], stamp),
                answers.append,
            )
            status = answers[-1] if answers else None
            with self.world.store.transaction():
                error = None if status is not None else "NoAnswer"
                deliveries.record(self.world.store, row, status, error, self.world.time())
            if status is None or not 200 <= status < 300:
                seen.add(row["seq"])

    def _next(self, early: bool, last: int, seen: set[int]) -> Any:
        rows = self.world.store.rows(
            "SELECT * FROM deliveries WHERE state = 'pending' AND seq <= ? AND next_at <= ?"
            " ORDER BY next_at, seq LIMIT ?",
            last,
            1e18 if early else self.world.time(),
            len(seen) + 1,
        )
        return next((row for row in rows if row["seq"] not in seen), None)

    def close(self) -> None:
        """Let go of the database."""
        self.world.store.close()
