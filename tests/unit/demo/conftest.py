"""The demo's stage over a fresh database and the Stripe emulator."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo import accounts
from demo.reading import read_script
from demo.script import DemoScript
from marketplace.core.container import Services
from marketplace.core.database import Database
from marketplace.core.unit_of_work import unit_of_work
from marketplace.core.vault import PromptVault
from marketplace.gateways.blobs import open_blobs
from marketplace.gateways.mail import RecordingMailer
from marketplace.gateways.stripe_payments import StripePayments
from marketplace.listings.catalogue import load_catalogue
from tests.fixtures.app import settings_for
from tests.fixtures.buying import API_KEY, CONNECT_SECRET, PLATFORM_SECRET, Bank
from tests.unit.demo.stage import PaintingEngine, Stage, WorkingQueue
from workers.tasks import verification


@pytest.fixture(scope="session")
def script() -> DemoScript:
    """The demo as it ships."""
    return read_script()


@pytest.fixture
def stage(
    fresh_database: Database,
    fresh_database_url: str,
    bank: Bank,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Stage:
    """An empty marketplace with its catalogue; hashing passwords is left to one test."""
    settings = settings_for(
        fresh_database_url,
        tmp_path,
        STRIPE_API_KEY=API_KEY,
        STRIPE_API_BASE=bank.url,
        STRIPE_WEBHOOK_SECRET=PLATFORM_SECRET,
        STRIPE_CONNECT_WEBHOOK_SECRET=CONNECT_SECRET,
    )
    queue = WorkingQueue()
    services = Services(
        settings=settings,
        database=fresh_database,
        queue=queue,
        blobs=open_blobs(settings.blobs_url),
        mailer=RecordingMailer(),
        payments=StripePayments(
            api_key=settings.stripe_api_key,
            api_base=settings.stripe_api_base,
            webhook_secret=settings.stripe_webhook_secret,
            connect_webhook_secret=settings.stripe_connect_webhook_secret,
            livemode=False,
        ),
        vault=PromptVault(settings.prompt_keys),
    )
    queue.parts = services
    workers_engine = PaintingEngine()
    monkeypatch.setattr(verification, "engines", lambda: workers_engine)
    monkeypatch.setattr(accounts, "hash_password", lambda password: "!")
    with unit_of_work(services.database) as session:
        load_catalogue(session)
    return Stage(services, queue, PaintingEngine())
