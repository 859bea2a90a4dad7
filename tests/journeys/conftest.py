"""One shop for all journeys: its people, the pictures they upload, and a listing on sale."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from marketplace.accounts.operations import create_user
from marketplace.accounts.queries import user_by_email
from marketplace.core.database import Database
from marketplace.core.unit_of_work import unit_of_work
from tests.fixtures.stack import KEPT, ROOT, RunningStack, eventually
from tests.journeys.offers import SHOP, TO_MAKE, Account, Offer
from tests.journeys.visitor import Visitor, path_of

SELLER, MODERATOR, ADMIN = (
    Account("sally"),
    Account("moritz", ("moderator",)),
    Account("ada", ("admin",)),
)
THIEVES = tuple(Account(name) for name in ("theo", "thea", "ted"))
"""A new one for each forgery: strikes would suspend one who forges again and again."""
SECOND_SELLER, CART_BUYER = Account("sonja"), Account("cora")
BUYERS = tuple(
    Account(name)
    for name in ("bea", "ben", "bill", "bob", "bree", "buck", "bess", "bart", "bix", "boz")
)
STAFF = (MODERATOR, ADMIN)
OTHERS = (SELLER, *THIEVES, SECOND_SELLER, CART_BUYER, *BUYERS)


class Darkroom:
    """The pictures that sellers upload, made by the house model in a process beside the tests."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        orders = [picture for offer in TO_MAKE for picture in offer.pictures()]
        environment = {name: os.environ[name] for name in KEPT if name in os.environ}
        environment |= {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1"}
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.journeys.darkroom", str(folder)],
                stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT,
                env=environment, cwd=ROOT,
            )  # fmt: skip
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(orders).encode())
        self.process.stdin.close()

    def __call__(self, offer: Offer) -> list[Path]:
        """The pictures of an offer; waits until they are made.

        Raises:
            AssertionError: with the program's own words, when the model cannot make them.
        """
        paths = [
            self._folder / f"{offer.picture_name(number)}.png"
            for number in range(len(offer.samples))
        ]

        def made() -> bool:
            failed = self.process.poll() not in {None, 0}
            assert not failed, f"the house model made no pictures:\n{self.log()}"
            return all(path.exists() for path in paths)

        eventually(made, f"pictures of {offer.key}", 180)
        return paths

    def log(self) -> str:
        """What the program has printed."""
        return (self._folder / "log").read_text()[-2000:]


@dataclass(frozen=True)
class Shop:
    """A running marketplace with one listing on sale."""

    stack: RunningStack
    listing_id: str
    path: str
    title: str = SHOP.title


@pytest.fixture(scope="session")
def darkroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Darkroom]:
    """Starts making all pictures at once; they come in the order of offers.TO_MAKE."""
    room = Darkroom(tmp_path_factory.mktemp("darkroom"))
    yield room
    room.process.kill()
    room.process.wait()


@pytest.fixture(scope="session")
def people(stack: RunningStack) -> RunningStack:
    """The stack with everybody's account: the staff's as an operator makes them."""
    commands: list[list[str]] = []
    for account in STAFF:
        name, password = account.name, account.password
        create = ["users", "create", account.email, "--name", name, "--password", password]
        grants = [["users", "grant-role", account.email, role] for role in account.roles]
        commands += [create, *grants]
    stack.flask(*commands)
    _add_people(stack)
    return stack


def _add_people(stack: RunningStack) -> None:
    """The others have the staff's password, whose hash takes long on purpose."""
    database = Database(stack.database_url, pool_size=1)
    with unit_of_work(database) as session:
        staff = user_by_email(session, ADMIN.email)
        assert staff is not None
        for account in OTHERS:
            assert account.password == ADMIN.password
            create_user(session, account.email, staff.password, account.name)
    database.dispose()


@pytest.fixture(scope="session")
def visitor(people: RunningStack) -> Callable[[Account | None], Visitor]:
    """Make a person's browser: logged in, or a stranger's. A person keeps one browser."""
    known: dict[str, Visitor] = {}

    def make(account: Account | None = None) -> Visitor:
        if account is None:
            return Visitor(people)
        if account.name not in known:
            known[account.name] = Visitor(people).log_in(account)
        return known[account.name]

    return make


@pytest.fixture(scope="session")
def seller(visitor: Callable[[Account | None], Visitor]) -> Visitor:
    """A seller who can be paid."""
    sally = visitor(SELLER)
    sally.start_selling()
    return sally


@pytest.fixture(scope="session")
def shop(darkroom: Darkroom, seller: Visitor, visitor: Callable[[Account | None], Visitor]) -> Shop:
    """One listing, proved by the worker and published by a moderator."""
    listing_id = seller.offer(SHOP, darkroom(SHOP))
    seller.wait_for_review(listing_id, 180)
    visitor(MODERATOR).approve(listing_id)
    return Shop(seller.stack, listing_id, path_of(seller.stack, listing_id))
