"""Plays the demo's script: sellers offer, the worker verifies, the moderator decides, buyers buy.

The loader only ever does what a person could do on the site; verification is the real worker's,
in another process, and is waited for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import text

from demo.accounts import ensure_payable, ensure_people
from demo.buying import buy
from demo.deciding import decide
from demo.loopback import PageRefusedError
from demo.offering import offer
from demo.progress import pulse, standing, tally, verified
from demo.reviewing import review
from demo.samples import Studio
from demo.script import BuyerScript, DemoScript, ListingScript, Outcome, Purchase
from demo.stored import find_listing
from marketplace.core.container import Services
from marketplace.core.errors import DomainError
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.payments import PaymentError, PaymentUnavailableError
from marketplace.listings.states import TURNED_AWAY, ListingState

AHEAD = 3
"""Listings that may wait for the worker at once: a person's own upload waits behind so many."""
POLL = 0.5  # seconds between two looks at the rows
PATIENCE = 180.0  # seconds without any progress after which the worker is taken for absent
LOCK = 0x42524B44  # any fixed number: two loaders on one database must not both make pictures

DECIDED = {ListingState.LIVE, *TURNED_AWAY, ListingState.WITHDRAWN}

Say = Callable[[str], None]
OUTSIDE_TROUBLE = (PaymentError, PaymentUnavailableError, PageRefusedError)


class LoaderError(RuntimeError):
    """The demo cannot go on now; running it again continues where it stopped."""


@dataclass
class Loader:
    """One performance of the script. Everything it did is found again from the rows."""

    services: Services
    script: DemoScript
    studio: Studio
    say: Say
    poll: float = POLL
    patience: float = PATIENCE
    _under_way: dict[str, ListingScript] = field(default_factory=dict)

    def run(self) -> None:
        """Play everything that has not been played yet.

        Raises:
            LoaderError: another loader is at work, or the worker does nothing.
            EngineError: the house model cannot run.
        """
        with _alone(self.services):
            made = ensure_people(self.services, self.script)
            if made:
                self.say(f"{made} accounts are there.")
            self._let_sellers_be_paid()
            for listing in self.script.listings:
                self._offer(listing)
                self._wait(at_most=AHEAD)
            self._wait(at_most=0)
            self._let_buyers_buy()
            with unit_of_work(self.services.database) as session:
                self.say(f"Demo: {tally(standing(session, self.script))}.")

    def _let_sellers_be_paid(self) -> None:
        """Before anything is for sale; without it the listings can be looked at, not bought."""
        for seller in self.script.sellers:
            try:
                ensure_payable(self.services, seller)
            except OUTSIDE_TROUBLE as error:
                self.say(f"{seller.name} cannot be paid yet: {type(error).__name__}.")

    def _offer(self, listing: ListingScript) -> None:
        before = self._state_of(listing)
        waits = before is ListingState.IN_REVIEW and listing.outcome is Outcome.WAIT
        if waits or before in DECIDED:
            return
        listing_id = offer(self.services, self.studio, listing)
        if listing_id is None:
            return
        if before not in {ListingState.VERIFYING, ListingState.IN_REVIEW}:
            self.say(f"{listing.title}: submitted with {len(listing.samples)} samples.")
        self._under_way[listing_id] = listing

    def _state_of(self, listing: ListingScript) -> ListingState | None:
        with unit_of_work(self.services.database) as session:
            stored = find_listing(session, listing)
            return stored.state if stored else None

    def _wait(self, at_most: int) -> None:
        """Decide what is verified until no more than so many listings are still under way."""
        last, since = self._look(), time.monotonic()
        while len(self._under_way) > at_most:
            time.sleep(self.poll)
            seen = self._look()
            if seen != last:
                last, since = seen, time.monotonic()
            elif time.monotonic() - since > self.patience:
                raise LoaderError(
                    f"Verification has not moved for {self.patience:.0f} seconds: is the engine "
                    "worker running? Run `flask demo load` again to go on."
                )

    def _look(self) -> tuple[int, ...]:
        """Decide everything that verification is done with; returns the worker's pulse."""
        with unit_of_work(self.services.database) as session:
            done = verified(session, self._under_way)
        for listing_id in [key for key in self._under_way if key in done]:
            listing = self._under_way.pop(listing_id)
            self.say(f"{listing.title}: {decide(self.services, listing, listing_id)}.")
        with unit_of_work(self.services.database) as session:
            return (len(self._under_way), *pulse(session, self._under_way))

    def _let_buyers_buy(self) -> None:
        for buyer in self.script.buyers:
            for purchase in buyer.purchases:
                listing = self.script.listing(purchase.listing)
                try:
                    happened = buy(self.services, buyer, purchase, listing)
                except (DomainError, *OUTSIDE_TROUBLE) as error:
                    happened = f"not bought: {type(error).__name__}"
                if happened is not None:
                    self.say(f"{buyer.person} and {listing.title}: {happened}.")
                self._let_review(buyer, purchase, listing)

    def _let_review(self, buyer: BuyerScript, purchase: Purchase, listing: ListingScript) -> None:
        try:
            happened = review(self.services, buyer, purchase, listing)
        except DomainError as error:
            happened = f"not reviewed: {type(error).__name__}"
        if happened is not None:
            self.say(f"{buyer.person} and {listing.title}: {happened}.")


@contextmanager
def _alone(services: Services) -> Iterator[None]:
    """Hold the database's word that no other loader is at work; it ends with the connection."""
    with services.database.engine.connect().execution_options(
        isolation_level="AUTOCOMMIT"  # no transaction stays open for the minutes this takes
    ) as connection:
        if not connection.scalar(text("select pg_try_advisory_lock(:n)"), {"n": LOCK}):
            raise LoaderError("Another `flask demo load` is at work on this database.")
        try:
            yield
        finally:
            connection.execute(text("select pg_advisory_unlock(:n)"), {"n": LOCK})
