"""A running emulator, the real library pointed at it, and endpoints that collect webhooks."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import stripe

from local.stripe.config import EmulatorConfig, Endpoint
from local.stripe.inprocess import InProcess
from local.stripe.server import Emulator
from tests.unit.local.stripe.sink import API_KEY, CONNECT_SECRET, PLATFORM_SECRET, Sink, client_for
from tests.unit.local.stripe.till import Till, in_memory


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A web server that takes webhooks for both endpoints."""
    with Sink() as running:
        yield running


@pytest.fixture
def config(tmp_path: Path, sink: Sink) -> EmulatorConfig:
    """Settings of an emulator with a platform and a Connect endpoint."""
    return EmulatorConfig(
        state_dir=tmp_path / "stripe",
        api_key=API_KEY,
        endpoints=(
            Endpoint("platform-0", f"{sink.url}/platform", PLATFORM_SECRET, connect=False),
            Endpoint("connect-0", f"{sink.url}/connect", CONNECT_SECRET, connect=True),
        ),
    )


@pytest.fixture
def emulator(config: EmulatorConfig) -> Iterator[Emulator]:
    """A started emulator on a free port."""
    running = Emulator(config)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def client(emulator: Emulator) -> Iterator[stripe.StripeClient]:
    """The unmodified library's client, set up as the application does it."""
    with client_for(emulator.base_url) as made:
        yield made


@pytest.fixture
def bank() -> Iterator[InProcess]:
    """An emulator in this process, without sockets or threads."""
    made = in_memory()
    yield made
    made.close()


@pytest.fixture
def till(bank: InProcess) -> Till:
    """The same, with the steps of a purchase."""
    return Till(bank)


@pytest.fixture
def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
