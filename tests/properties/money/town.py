"""The marketplace, the bank in this process, and the people of both."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import psycopg

from local.stripe import accounts, balance, payouts
from local.stripe.config import EmulatorConfig, Endpoint
from local.stripe.inprocess import InProcess
from marketplace.accounts.models import SellerProfile
from marketplace.core import ids
from marketplace.core.container import Services
from marketplace.core.database import Database
from marketplace.core.unit_of_work import unit_of_work
from marketplace.core.vault import PromptVault
from marketplace.gateways.blobs import open_blobs
from marketplace.gateways.mail import RecordingMailer
from marketplace.gateways.stripe_payments import StripePayments
from marketplace.offers.operations import Offer, make_code, start_sale
from marketplace.offers.pricing import Reduction
from tests.factories.orders import make_buyer, make_live_listing, make_seller
from tests.fixtures.app import settings_for
from tests.properties.money.broker import Broker
from tests.properties.money.chaos import Chaos, Gateway
from tests.properties.money.clock import Clock, start_time

API_KEY = "sk_test_forProofsOnly"
SECRETS = {"platform": "whsec_platform", "connect": "whsec_connect", "v2": "whsec_v2"}
PRICES = (199, 299, 499, 233, 357, 401)
SELLERS, BUYERS, LISTINGS_EACH, ORDERS_KEPT = 5, 16, 4, 50
DISPUTE_FEES = (1500, 20)
"""At Stripe's price disputes eat up all that a house of small prices earns, and it is always short.
In every second town they are cheap, so that there is money to pay out, and to fall short of."""
OPENING_WEEKS = timedelta(weeks=8)
SALES_OF_A_CAREER = 60
"""So many sales, and a seller gives way to a new one: what is looked at stays small."""


@dataclass
class Seller:
    """Somebody with something for sale."""

    id: str
    account: str
    listings: list[str] = field(default_factory=list)
    sales: int = 0
    closed: bool = False


class _SeededChoice:
    """Stands in for the secrets module, so that ids are the same again."""

    def __init__(self) -> None:
        self.rng = Random(0)

    def choice(self, letters: str) -> str:
        return letters[int(self.rng.random() * len(letters))]


@dataclass
class Town:
    """Everything a run of events acts upon."""

    services: Services
    bank: InProcess
    clock: Clock
    chaos: Chaos
    broker: Broker
    books: psycopg.Connection
    """For looking only."""
    clerk: str = ""
    """The person at the orders desk."""
    sellers: list[Seller] = field(default_factory=list)
    former: list[Seller] = field(default_factory=list)
    buyers: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    """Discount codes that people know of, old ones too."""
    bundles: list[str] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    """Those in which something may still happen, oldest first."""

    @property
    def world(self) -> Any:
        """The bank's inside."""
        return self.bank.world

    def work(self) -> Any:
        """A unit of work of the marketplace's."""
        return unit_of_work(self.services.database)

    def seed_ids(self, seed: str) -> None:
        """The ids that the marketplace gives from now on."""
        ids.secrets.rng.seed(seed)  # type: ignore[attr-defined]

    def settle_in(self, sellers: int, buyers: int) -> None:
        """The first people move in."""
        with self.clock.now(), self.work() as session:
            self.clerk = make_buyer(session).id
        for _ in range(sellers):
            self.new_seller()
        while len(self.buyers) < buyers:
            self.new_buyer()

    def new_buyer(self) -> None:
        """Somebody opens an account."""
        with self.clock.now(), self.work() as session:
            self.buyers.append(make_buyer(session).id)

    def new_seller(self) -> None:
        """Somebody who can be paid, with a few listings."""
        gateway = self.services.payments.inner  # type: ignore[attr-defined]
        with self.clock.now():
            account = gateway.create_seller_account(ids.new_id(), "s@example.com", "Paper Fox")
            accounts.set_status(self.world, account, "active")
            payouts.give_bank(self.world, account)
            with self.work() as session:
                seller = Seller(make_seller(session, account).user_id, account)
            self.sellers.append(seller)
            first = len(self.former) + len(self.sellers)
            for number in range(LISTINGS_EACH):
                self.new_listing(seller, PRICES[(first + number) % len(PRICES)])
            self._open_with_less(seller, first)

    def _open_with_less(self, seller: Seller, number: int) -> None:
        """Two of three sellers open with a sale or a code, so that what is paid is often less.

        Those that chance brings come late, and are over before much has been bought by them.
        """
        offer = Offer(Reduction(percent=15), None, None, self.clock.moment + OPENING_WEEKS)
        with self.work() as session:
            if number % 3 == 0:
                start_sale(session, seller.id, offer)
            elif number % 3 == 1:
                self.codes.append(make_code(session, seller.id, "", offer, None, None).label)

    def new_listing(self, seller: Seller, cents: int) -> None:
        """One more thing for sale."""
        with self.clock.now(), self.work() as session:
            profile = session.get_one(SellerProfile, seller.id)
            seller.listings.append(make_live_listing(session, profile, cents).id)

    def renew(self, rng: Random) -> None:
        """Old orders rest, sellers with many sales give way to new ones, and so do buyers."""
        del self.orders[:-ORDERS_KEPT]
        for seller in [one for one in self.sellers if one.sales >= SALES_OF_A_CAREER]:
            self.sellers.remove(seller)
            self.former.append(seller)
            self.new_seller()
        for buyer in rng.sample(self.buyers, 2):
            self.buyers.remove(buyer)
            self.new_buyer()


@contextmanager
def founded(
    database: Database,
    seed: int,
    folder: Path | None = None,
    sellers: int = SELLERS,
    buyers: int = BUYERS,
) -> Iterator[Town]:
    """A town in an empty, migrated database of its own.

    Args:
        folder: where the bank keeps its objects; None for memory, which long runs would fill.
    """
    endpoints = tuple(
        Endpoint(name, f"http://127.0.0.1:9/{name}", secret, name == "connect", name == "v2")
        for name, secret in SECRETS.items()
    )
    config = EmulatorConfig(folder, API_KEY, endpoints=endpoints, seed=seed, durable=False)
    bank, chaos, broker = InProcess(config, start_time), Chaos(), Broker()
    url = database.engine.url.render_as_string(hide_password=False)
    original, ids.secrets = ids.secrets, _SeededChoice()  # type: ignore[assignment]
    fee, balance.DISPUTE_FEE = balance.DISPUTE_FEE, DISPUTE_FEES[seed % len(DISPUTE_FEES)]
    pool, pinged = database.engine.pool, database.engine.pool._pre_ping
    pool._pre_ping = False  # nobody restarts this server: a round trip less
    try:
        with (
            tempfile.TemporaryDirectory() as blobs,
            psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as books,
            chaos.installed(),
            _without_log_lines("marketplace", "stripe"),
        ):
            books.execute("SET jit = off")
            services = _services(database, url, Path(blobs), bank, chaos, broker)
            town = Town(services, bank, Clock(bank, books), chaos, broker, books)
            town.seed_ids(f"{seed}:people")
            town.settle_in(sellers, buyers)
            # Of how the first people moved in nobody needs to hear.
            bank.world.store.execute("UPDATE deliveries SET state = 'delivered'")
            yield town
    finally:
        ids.secrets, balance.DISPUTE_FEE = original, fee
        pool._pre_ping = pinged
        bank.close()


@contextmanager
def _without_log_lines(*names: str) -> Iterator[None]:
    """Every planned failure would say so; whoever comes after in this process is heard again."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _services(
    database: Database, url: str, blobs: Path, bank: InProcess, chaos: Chaos, broker: Broker
) -> Services:
    settings = settings_for(
        url,
        blobs,
        STRIPE_API_KEY=API_KEY,
        STRIPE_WEBHOOK_SECRET=SECRETS["platform"],
        STRIPE_CONNECT_WEBHOOK_SECRET=SECRETS["connect"],
        STRIPE_V2_WEBHOOK_SECRET=SECRETS["v2"],
        SELLER_RESERVE_DAYS="3",
        SELLER_YOUNG_SALES="3",
        BUYER_DECLINES_PER_HOUR="1000",
        ADDRESS_DECLINES_PER_HOUR="1000",
        CARD_DECLINES_PER_DAY="100000",
    )
    gateway = StripePayments(
        api_key=API_KEY,
        api_base=bank.world.base_url,
        webhook_secret=SECRETS["platform"],
        connect_webhook_secret=SECRETS["connect"],
        livemode=False,
        v2_webhook_secret=SECRETS["v2"],
        http_client=bank.http,
    )
    return Services(
        settings=settings,
        database=database,
        queue=broker,
        blobs=open_blobs(settings.blobs_url),
        mailer=RecordingMailer(),
        payments=Gateway(gateway, chaos),  # type: ignore[arg-type]
        vault=PromptVault(settings.prompt_keys),
    )
