"""Which fixtures there are, and what no test may do: reach beyond this machine."""

from __future__ import annotations

import gc
import ipaddress
import logging
import os
import socket
import sys
from typing import Any

import pytest

from tests.late import LOADED_EARLY, MODEL_LIBRARIES

# Compiled files are kept even where the environment forbids it: without them each of the many
# processes that tests start compiles its libraries anew, which takes longer than what is tested.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Looking for garbage so often costs a seventh of the time that importing takes.
gc.set_threshold(100_000, 20, 50)

# Before any import of the application: a developer's own settings must not leak into tests, and
# workers.app reads its settings when it is imported. Tests give tasks their own services.
os.environ.update(
    BRACKET_ENV="test",
    PUBLIC_URL="http://localhost",
    SECRET_KEY="a secret that only the tests ever use",
    DATABASE_URL="postgresql://nobody@127.0.0.1:9/nothing",
    BROKER_URL="redis://127.0.0.1:9/0",
    BLOBS_URL="file:///nonexistent/bracket",
    MAIL_URL="smtp://127.0.0.1:9",
    STRIPE_API_KEY="sk_test_bracket",
    STRIPE_API_BASE="http://127.0.0.1:9",
    STRIPE_WEBHOOK_SECRET="whsec_platform",
    STRIPE_CONNECT_WEBHOOK_SECRET="whsec_connect",
    PROMPT_KEYS="YSBrZXkgdGhhdCBvbmx5IHRoZSB0ZXN0cyBldmVyIHU=",
    PROOF_SIGNING_KEY="YSBwcm9vZiBrZXkgb25seSB0ZXN0cyBldmVyIHVzZSE=",
    HOUSE_MODEL_DIR="house_model/weights",
)
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

pytest_plugins = ["tests.fixtures.together"]
FIXTURES = (
    "tests.fixtures.services",
    "tests.fixtures.app",
    "tests.fixtures.browser",
    "tests.fixtures.buying",
    "tests.fixtures.openai_api",
    "tests.fixtures.scenes",
    "tests.fixtures.stack",
    "tests.fixtures.trading",
)
pytest.register_assert_rewrite(*FIXTURES)


def pytest_configure(config: pytest.Config) -> None:
    """Load the fixtures, which import the application, where tests are run.

    The process that only hands tests out to others would keep them waiting.
    """
    if config.getoption("dist", "no") == "no" or hasattr(config, "workerinput"):
        for name in FIXTURES:
            config.pluginmanager.import_plugin(name)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Modules and collected tests stay to the end: garbage need not be looked for among them."""
    session.config.stash[LOADED_EARLY] = MODEL_LIBRARIES & sys.modules.keys()
    gc.collect()
    gc.freeze()


class NetworkForbiddenError(RuntimeError):
    """A test tried to reach a machine other than this one."""


def _is_loopback(address: Any) -> bool:
    if not isinstance(address, tuple):
        return True  # a Unix socket
    host = address[0]
    if host in {"localhost", ""}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Any:
    """Refuse every connection that leaves this machine."""
    patch = pytest.MonkeyPatch()
    for name in ("connect", "connect_ex"):
        original = getattr(socket.socket, name)

        def guarded(self: socket.socket, address: Any, original: Any = original) -> Any:
            if not _is_loopback(address):
                raise NetworkForbiddenError(f"tests must not connect to {address[0]}")
            return original(self, address)

        patch.setattr(socket.socket, name, guarded)
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="session")
def _nothing_waits_for_the_disk() -> Any:
    """What a test writes need not survive the machine; waiting for it takes a tenth of the time."""
    patch = pytest.MonkeyPatch()
    patch.setattr(os, "fsync", lambda descriptor: None)
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def _logs_as_before() -> Any:
    """Fail the test that leaves our loggers deaf, not one that listens later."""
    loggers = [logging.getLogger(name) for name in ("marketplace", "workers")]
    before = [(logger.level, logger.disabled, logger.propagate) for logger in loggers]
    yield
    assert [(logger.level, logger.disabled, logger.propagate) for logger in loggers] == before
