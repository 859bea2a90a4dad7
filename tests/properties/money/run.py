"""A sequence of random events from a seed, each followed by an audit."""

from __future__ import annotations

import traceback
from collections import Counter, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from random import Random

from local.stripe import faults
from local.stripe.errors import StripeError
from tests.properties.money import (
    acts_bank,  # noqa: F401 - registers its acts
    acts_buying,  # noqa: F401
    acts_desk,  # noqa: F401
    acts_work,
)
from tests.properties.money import broker as messages
from tests.properties.money.acts import ACTS
from tests.properties.money.at_rest import check_at_rest
from tests.properties.money.audit import Audit
from tests.properties.money.chaos import Crash
from tests.properties.money.rules import Rule, Violation
from tests.properties.money.town import Town

NAMES = list(ACTS)
WEIGHTS = [ACTS[name].weight for name in NAMES]
REST_EVERY = 120
"""So many acts come between two rests, on average."""
DEATHS, CROSSINGS = 0.12, 0.06
"""Share of our own acts in which a process may die, or another comes between."""
DEADLY_POINTS = (1, 2, 3, 3, 4, 5, 5, 6, 7, 8, 9, 10, 12)
MEANWHILE = ("work", "work", "work", "deliver", "sweep", "come_back", "give_back")
STEPS = (0.01, 0.5, 3, 20)
"""Seconds from one event to the next."""
GAPS = (0, 65, 3700, 22000, 3700, 65)
"""Seconds between the rounds of a rest: as long as sweeps wait before they look again."""
KEPT_SECONDS = 2 * 86400
"""The bank forgets its events after so long."""
EXPECTED = (*acts_work.QUIET, StripeError)
TOLD = 40


@dataclass
class Run:
    """One town and its history.

    Args:
        skip: numbers of chosen acts that are left out, to find out which ones matter.
        after_each: called after each event that was found in order.
    """

    town: Town
    seed: int
    skip: Collection[int] = ()
    after_each: Callable[[], None] = lambda: None
    events: int = 0
    chosen: int = 0
    rests: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    deaths: Counter[str] = field(default_factory=Counter)
    """Where processes died."""
    journal: deque[str] = field(default_factory=lambda: deque(maxlen=400))
    _old: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.audit = Audit(self.town)

    def go(self, events: int) -> None:
        """Let events happen until there are so many, and come to rest.

        Raises:
            Violation: a rule is broken.
        """
        while self.events < events:
            self.choose()
        self.rest()

    def choose(self) -> None:
        """Let chance choose the next act; it counts where there was something to do."""
        self.chosen += 1
        if self.chosen in self.skip:
            return
        rng = Random(f"{self.seed}:{self.chosen}")
        if rng.random() < 1 / REST_EVERY:
            self.rest()
            return
        (name,) = rng.choices(NAMES, WEIGHTS)
        entry = ACTS[name]
        if entry.ours:
            self._arm(rng)
        if not self.event(name, lambda: entry.act(self.town, rng), rng.choice(STEPS)):
            self.events -= 1
            self.counts[name] -= 1

    def event(self, name: str, act: Callable[[], str], step: float = STEPS[0]) -> str:
        """One event, and the audit after it; returns what happened, "" for nothing.

        Raises:
            Violation: a rule is broken.
        """
        self.events += 1
        self.counts[name] += 1
        town = self.town
        town.clock.passes(step)
        town.seed_ids(f"{self.seed}:{self.events}")
        try:
            with town.clock.now():
                said = act()
        except Crash as crash:
            said = f"CRASH {crash}"
            self.deaths[f"{name}: {crash}"] += 1
        except EXPECTED as error:
            said = f"{type(error).__name__} {error}"[:150]
        except Exception as error:
            raise self._surprised(name, error) from None
        finally:
            town.chaos.calm()
        if said:
            self._note(name, said)
            self._checked(self.audit.check)
            self.after_each()
            self._meet()
        return said

    def rest(self) -> None:
        """Nothing fails any more, every message arrives, and every sweep looks.

        Raises:
            Violation: a rule is broken, or something never comes to its end.
        """
        self.event("mend", lambda: f"mended: {faults.replace(self.town.world.store, {})}")
        for gap in GAPS:
            if gap:
                self.event("wait", lambda gap=gap: str(self.town.clock.passes(gap)))
                self.event("sweep all", self._sweep_all)
            self._quiet()
        self.rests += 1
        rng = Random(f"{self.seed}:rest:{self.rests}")
        self._checked(lambda: check_at_rest(self.town, self.audit, rng))
        before = set(self.town.orders)
        self.town.renew(rng)
        self._old |= before - set(self.town.orders)
        self.town.bank.forget_events(KEPT_SECONDS)

    def _arm(self, rng: Random) -> None:
        chaos, dice = self.town.chaos, rng.random()
        if dice < DEATHS:
            chaos.kill_at(rng.choice(DEADLY_POINTS))
        elif dice < DEATHS + CROSSINGS:
            chaos.cross_at(rng.randint(1, 4), lambda: self._cross(rng))

    def _cross(self, rng: Random) -> None:
        """Another process does something while the first waits for the bank."""
        name = rng.choice(MEANWHILE)
        try:
            said = ACTS[name].act(self.town, rng)
        except EXPECTED as error:
            said = type(error).__name__
        self.journal.append(f"    meanwhile {name}: {said}")

    def _sweep_all(self) -> str:
        services = self.town.services
        found = {name: messages.sweep(services, name) for name in messages.SWEEPS}
        found |= {f"fetch {name}": fetch(services) for name, fetch in messages.FETCHES.items()}
        return f"found { ({name: many for name, many in found.items() if many}) }"

    def _quiet(self) -> None:
        """Deliver and do until nothing is left."""
        town = self.town
        while True:
            row = acts_work.next_webhook(town)
            if row is not None:
                self.event("deliver", lambda row=row: acts_work.deliver_one(town, row))
            elif town.broker.jobs:
                job = town.broker.jobs.pop(0)
                self.event("work", lambda job=job: acts_work.work_on(town, job, Random(0)))
            else:
                return

    def _meet(self) -> None:
        """Orders of this event become part of what may be acted upon; sales are counted."""
        for order_id in self.audit.touched:
            if order_id not in self.town.orders and order_id not in self._old:
                self.town.orders.append(order_id)
        for seller in self.town.sellers:
            seller.sales = self.audit.sales.get(seller.id, 0)

    def _note(self, name: str, said: str) -> None:
        self.journal.append(f"{self.events:6} #{self.chosen} {name}: {said}")

    def _checked(self, check: Callable[[], None]) -> None:
        try:
            check()
        except Violation as violation:
            raise self._told(violation) from None

    def _surprised(self, name: str, error: Exception) -> Violation:
        said = f"{type(error).__name__}: {error}".partition("[SQL")[0]
        self._note(name, said.splitlines()[0])
        steps = [one.strip().splitlines()[0] for one in traceback.format_tb(error.__traceback__)]
        ours = [step for step in steps if "/marketplace/" in step or "/money/" in step]
        return self._told(Violation(Rule.NO_ERROR, "\n  ".join([said, *ours])))

    def _told(self, violation: Violation) -> Violation:
        violation.add_note(f"seed {self.seed}, event {self.events} (act {self.chosen}); before it:")
        for line in list(self.journal)[-TOLD:]:
            violation.add_note("  " + line)
        return violation
