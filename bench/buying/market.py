"""A whole market on this machine, for benches of buying: the stack, its stock, and the books.

The processes are those of `make up` without the engines: PostgreSQL, Valkey, mail catcher, Stripe
emulator, web server, a worker and the scheduler, in a folder that is deleted afterwards.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import requests
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from local.environment import Choices
from local.ports import free_port
from local.supervisor import Supervisor
from local.up import assemble
from marketplace.accounts.models import SellerProfile
from marketplace.accounts.operations import create_user
from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.factory import create_app
from marketplace.gateways.payments import TransfersStatus
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.states import ListingState
from marketplace.moderation.models import Case
from marketplace.moderation.states import CaseState
from marketplace.orders import ledger
from marketplace.orders.models import OrderLine
from marketplace.orders.reconciliation import reconcile
from marketplace.orders.states import TransferState
from marketplace.prompts import parse, public_variables, skeleton
from marketplace.settings import load_settings
from marketplace.stripe_events.models import InboxState, StripeEvent
from marketplace.wiring import build_services

KEPT = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR", "TZ")
PASSWORD = "a password of the bench"
PROMPT = "A [thing=lantern] over a quiet sea"
TIMEOUT = 60
QUIET_WITHIN = 300.0

Result = TypeVar("Result")


@dataclass(frozen=True)
class Ware:
    """One listing for sale."""

    id: str
    path: str
    cents: int


@dataclass
class Market:
    """The running market, seen from outside and from its database."""

    site: str
    emulator: str
    services: Services
    wares: list[Ware] = field(default_factory=list)
    buyers: list[str] = field(default_factory=list)
    """E-mail addresses, all with the password PASSWORD."""

    def control(self, action: str, body: dict[str, Any] | None = None) -> None:
        """POST to the emulator's control API."""
        url = f"{self.emulator}/_control/{action}"
        requests.post(url, json=body or {}, timeout=TIMEOUT).raise_for_status()

    def at_stripe(self, kind: str) -> list[dict[str, Any]]:
        """Everything of one kind that the emulator has (its newest thousand)."""
        url = f"{self.emulator}/_control/state?limit=1000"
        return list(requests.get(url, timeout=TIMEOUT).json()[kind])

    def wait_until_quiet(self) -> bool:
        """Wait until every webhook is finished and every share transferred; False if it is not."""
        deadline = time.monotonic() + QUIET_WITHIN
        while time.monotonic() < deadline:
            with unit_of_work(self.services.database) as session:
                if not _unfinished(session):
                    return True
            time.sleep(0.5)
        return False

    def difference_cents(self) -> int:
        """What ledger, Stripe's lines and its balance disagree by; 0 where all agree.

        Raises:
            RuntimeError: they agree in sum, and yet single lines differ.
        """
        found = reconcile(self.services, now().date())
        with unit_of_work(self.services.database) as session:
            trial = ledger.trial_balance(session)
        apart = [found.difference_cents, found.balance_cents - found.ledger_cents, trial]
        if found.differences and not any(apart):
            raise RuntimeError(found.differences[0].message)
        return sum(map(abs, apart))


def open_market(
    work: Callable[[Market], Result], *, wares: int, sellers: int, buyers: int
) -> Result:
    """Start everything, put `wares` listings of `sellers` on sale, and let `work` run.

    Returns what `work` returns; whatever it raises is raised here, after everything has stopped.
    """
    ends: list[Result | BaseException] = []
    with tempfile.TemporaryDirectory(prefix="bracket-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        choices = Choices(free_port(), folder, False, None, None)
        kept = {key: os.environ[key] for key in KEPT if key in os.environ}
        # All buyers come from one address here, as they never do.
        stack = assemble(choices, kept | {"RATE_LIMITS": "false"})
        children = [child for child in stack.children() if child.name != "engine"]

        def business() -> None:
            try:
                services = build_services(load_settings(dict(stack.environment)), pool_size=5)
                market = Market(choices.site, stack.addresses.stripe_api, services)
                _stock(market, wares, sellers, buyers)
                ends.append(work(market))
                services.database.dispose()
            except BaseException as error:
                ends.append(error)
            finally:
                os.kill(os.getpid(), signal.SIGTERM)

        with (folder / "log").open("wb") as log:
            Supervisor(children, log).run(threading.Thread(target=business, daemon=True).start)
        if not ends or isinstance(ends[0], BaseException):
            print((folder / "log").read_text(errors="replace")[-4000:], file=sys.stderr)
    if not ends:
        raise SystemExit("the market did not open")
    if isinstance(ends[0], BaseException):
        raise ends[0]
    return ends[0]


def _unfinished(session: Session) -> int:
    waiting = StripeEvent.state.in_([InboxState.RECEIVED, InboxState.FAILED])
    moving = OrderLine.transfer_state == TransferState.PENDING
    events = session.scalar(select(func.count()).select_from(StripeEvent).where(waiting))
    lines = session.scalar(select(func.count()).select_from(OrderLine).where(moving))
    return int(events or 0) + int(lines or 0)


def _stock(market: Market, wares: int, sellers: int, buyers: int) -> None:
    from flask_security import hash_password  # needs the application it belongs to

    with create_app(services=market.services).app_context():
        password = hash_password(PASSWORD)
    with unit_of_work(market.services.database) as session:
        for number in range(buyers):
            email = f"buyer{number}@example.com"
            create_user(session, email, password, f"Buyer {number}")
            market.buyers.append(email)
    shops = [_open_shop(market, number, password) for number in range(sellers)]
    with unit_of_work(market.services.database) as session:
        for number in range(wares):
            cents = (199, 299, 499)[number % 3]
            market.wares.append(
                _put_on_sale(session, market.services, shops[number % sellers], number, cents)
            )


def _open_shop(market: Market, number: int, password: str) -> str:
    """A seller whose account at the emulator can be paid; their id."""
    with unit_of_work(market.services.database) as session:
        name = f"Seller {number}"
        user = create_user(session, f"seller{number}@example.com", password, name)
        email, seller_id = user.email, user.id
    account = market.services.payments.create_seller_account(seller_id, email, name)
    with unit_of_work(market.services.database) as session:
        profile = SellerProfile(
            user_id=seller_id,
            handle=f"shop-{number}",
            display_name=name,
            bio="",
            stripe_account_id=account,
            transfers_status=TransfersStatus.ACTIVE,
        )
        session.add(profile)
    market.control(f"accounts/{account}/status", {"status": "active"})
    return seller_id


def _put_on_sale(
    session: Session, services: Services, seller: str, number: int, cents: int
) -> Ware:
    """A live listing. Without a re-run it needs a moderator's explained override."""
    template = parse(PROMPT)
    listing = Listing(
        seller_id=seller,
        slug=f"lantern-{number}",
        title=f"Lantern {number}",
        description="A lantern over a quiet sea.",
        tags=[],
        category_slug="wallpapers",
        price_cents=cents,
        currency="usd",
        state=ListingState.DRAFT,
    )
    session.add(listing)
    session.flush()
    version = ListingVersion(
        listing_id=listing.id,
        number=1,
        prompt_sealed=services.vault.seal(PROMPT),
        prompt_fingerprint=services.vault.fingerprint(f"{PROMPT} {number}"),
        skeleton=list(skeleton(template)),
        variables=list(public_variables(template)),
        word_count=7,
        target_model_slug="house-full",
        scheduler="dpmpp_2m",
        steps=20,
        guidance=4.0,
        width=256,
        height=256,
    )
    session.add(version)
    session.flush()
    session.add(
        Case(
            listing_id=listing.id,
            version_id=version.id,
            state=CaseState.APPROVED,
            decided_by=seller,
            decided_at=now(),
            override=True,
            decision_note="made for a bench, without pictures",
        )
    )
    session.flush()
    listing.version_id = listing.live_version_id = version.id
    listing.published_at, listing.state = now(), ListingState.LIVE
    session.flush()
    return Ware(listing.id, f"/p/{listing.path}", cents)
