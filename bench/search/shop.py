"""A database that holds a catalogue's public texts as live listings, and nothing else of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet
from sqlalchemy import text
from sqlalchemy.orm import Session

from bench.search.judged import Text
from local.ports import free_port
from local.postgres import Postgres
from marketplace.core import migrate
from marketplace.core.container import Services
from marketplace.core.database import Database
from marketplace.core.ids import slugify
from marketplace.core.task_queue import RecordingQueue
from marketplace.core.unit_of_work import unit_of_work
from marketplace.core.vault import PromptVault
from marketplace.gateways.local_blobs import LocalBlobs
from marketplace.gateways.mail import RecordingMailer
from marketplace.gateways.stripe_payments import StripePayments
from marketplace.listings.catalogue import load_catalogue
from marketplace.settings import load_settings

SELLER = "0000000000sel"
_ROWS = text("""
    INSERT INTO listings (id, seller_id, slug, title, description, tags, category_slug, price_cents,
                          currency, state, version_id, live_version_id, created_at, published_at)
    VALUES (:id, :seller, :slug, :title, :description, :tags, :category, :price, 'usd', 'live',
            :id, :id, now() - interval '90 days', now() - :age * interval '1 day')
""")
_VERSIONS = text("""
    INSERT INTO listing_versions (id, listing_id, number, prompt_sealed, prompt_fingerprint,
        skeleton, variables, word_count, target_model_slug, scheduler, steps, guidance, width,
        height, created_at)
    VALUES (:id, :id, 1, '', '', '[]', '[]', 1, :model, '', 1, 0, 64, 64, now())
""")


@dataclass(frozen=True)
class Shop:
    """The services over a filled database, and whose listing is whose."""

    parts: Services
    keys: dict[str, str]
    """Listing id to the text's key."""


@contextmanager
def open_shop(texts: Sequence[Text]) -> Iterator[Shop]:
    """A throw-away PostgreSQL with these listings live; search is not built yet."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = Postgres(folder / "postgres", free_port(), durable=False)
        server.start()
        try:
            migrate.upgrade(server.url())
            yield fill(services_over(server.url(), folder), texts)
        finally:
            server.stop()


def services_over(database_url: str, folder: Path) -> Services:
    """What search needs: a database and settings; nothing else is ever reached."""
    settings = load_settings(
        {
            "BRACKET_ENV": "test",
            "PUBLIC_URL": "http://localhost",
            "SECRET_KEY": "only for benches, which nobody reaches",
            "DATABASE_URL": database_url,
            "BROKER_URL": "redis://127.0.0.1:9/0",
            "BLOBS_URL": f"file://{folder}/blobs",
            "MAIL_URL": "smtp://127.0.0.1:9",
            "STRIPE_API_KEY": "sk_test_bench",
            "STRIPE_WEBHOOK_SECRET": "whsec_one",
            "STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_two",
            "PROMPT_KEYS": Fernet.generate_key().decode(),
            "PROOF_SIGNING_KEY": "YSBwcm9vZiBrZXkgb25seSB0ZXN0cyBldmVyIHVzZSE=",
            "HOUSE_MODEL_DIR": "house_model/weights",
            "RATE_LIMITS": "false",
            "SEARCH_COUNTS_SECONDS": "0",
        }
    )
    return Services(
        settings=settings,
        database=Database(settings.database_url, pool_size=2),
        queue=RecordingQueue(),
        blobs=LocalBlobs(folder / "blobs"),
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


def fill(parts: Services, texts: Sequence[Text]) -> Shop:
    """Put the texts in as live listings that were never verified: only their words matter here."""
    ids = {f"{number:013d}": one for number, one in enumerate(texts)}
    with unit_of_work(parts.database) as session:
        load_catalogue(session)
        # What the site refuses, a listing without proof, is all that is needed here.
        session.execute(text("SET LOCAL session_replication_role = replica"))
        _seller(session)
        rows = [
            {
                "id": identifier,
                "seller": SELLER,
                "slug": slugify(one.title),
                "title": one.title,
                "description": one.description,
                "tags": list(one.tags),
                "category": one.category,
                "model": one.model,
                "price": 199 + 50 * (number % 7),
                "age": 30 + number % 50,
            }
            for number, (identifier, one) in enumerate(ids.items())
        ]
        session.execute(_VERSIONS, rows)
        session.execute(_ROWS, rows)
    return Shop(parts, {identifier: one.key for identifier, one in ids.items()})


def _seller(session: Session) -> None:
    values = {"id": SELLER}
    session.execute(
        text(
            "INSERT INTO users (id, email, display_name, active, fs_uniquifier, created_at) "
            "VALUES (:id, 'bench@bracket.example', 'Bench', true, :id, now())"
        ),
        values,
    )
    session.execute(
        text(
            "INSERT INTO seller_profiles (user_id, handle, display_name, bio, transfers_status, "
            "created_at) VALUES (:id, 'bench', 'Bench', '', 'active', now())"
        ),
        values,
    )
