"""The site that is measured: its own PostgreSQL, its own web processes, nothing else."""

from __future__ import annotations

import os
import secrets
import signal
import sys
import tempfile
import time
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet

from local.ports import HOST, free_port
from local.postgres import Postgres
from local.process import Command, spawn, stop
from marketplace.core import migrate
from marketplace.core.container import Services
from marketplace.settings import load_settings
from marketplace.wiring import build_services

ROOT = Path(__file__).resolve().parents[2]
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "LD_LIBRARY_PATH")
STARTS_WITHIN = 60.0
SHARED_BUFFERS = "3GB"
"""What a machine that serves a million listings would be given at least."""


@dataclass(frozen=True)
class Place:
    """A folder, a database and the environment that programs over them get."""

    folder: Path
    environment: dict[str, str]

    def services(self) -> Services:
        """The services over this database, for what the bench does itself."""
        return build_services(load_settings(self.environment), pool_size=3)


@contextmanager
def open_place(folder: Path | None) -> Iterator[Place]:
    """A throw-away cluster; in a folder that is named it stays, and is found again."""
    with tempfile.TemporaryDirectory(prefix="bracket-storefront-") as name:
        home = folder or Path(name)
        home.mkdir(parents=True, exist_ok=True)
        server = Postgres(
            home / "postgres", free_port(), durable=False, shared_buffers=SHARED_BUFFERS
        )
        server.start()
        try:
            migrate.upgrade(server.url())
            yield Place(home, _environment(home, server.url()))
        finally:
            server.stop()


def _environment(folder: Path, database_url: str) -> dict[str, str]:
    return {name: os.environ[name] for name in KEPT if name in os.environ} | {
        "BRACKET_ENV": "local",
        "PUBLIC_URL": f"http://{HOST}:1",
        "SECRET_KEY": secrets.token_urlsafe(32),
        "DATABASE_URL": database_url,
        # Nothing here sends tasks or mail, nor pays.
        "BROKER_URL": f"redis://{HOST}:9/0",
        "BLOBS_URL": (folder / "blobs").as_uri(),
        "MAIL_URL": f"smtp://{HOST}:9",
        "STRIPE_API_KEY": "sk_test_bench",
        "STRIPE_API_BASE": f"http://{HOST}:9",
        "STRIPE_WEBHOOK_SECRET": "whsec_one",
        "STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_two",
        "STRIPE_V2_WEBHOOK_SECRET": "whsec_three",
        "PROMPT_KEYS": Fernet.generate_key().decode(),
        "PROOF_SIGNING_KEY": b64encode(secrets.token_bytes(32)).decode(),
        "HOUSE_MODEL_DIR": str(ROOT / "house_model" / "weights"),
        # Everybody comes from one address here, as they never do.
        "RATE_LIMITS": "false",
        "PAGE_CACHE_MB": "0",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


@contextmanager
def serve(place: Place, workers: int, keep_pages: bool) -> Iterator[str]:
    """The site on its own web server, as `make up` starts it; gives its address."""
    port = free_port()
    argv = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", HOST]
    argv += ["--port", str(port), "--workers", str(workers), "--blocking-threads", "8"]
    argv += ["--no-ws", "--workers-kill-timeout", "2", "--factory", "app:served"]
    environment = place.environment | {"PAGE_CACHE_MB": "64" if keep_pages else "0"}
    with (place.folder / "web.log").open("ab") as log:
        process = spawn(Command(argv, environment, ROOT), log)
        try:
            site = f"http://{HOST}:{port}"
            _wait(site)
            yield site
        finally:
            stop(process, signal.SIGTERM, 10)


def _wait(site: str) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            urllib.request.urlopen(f"{site}/healthz", timeout=2).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return
