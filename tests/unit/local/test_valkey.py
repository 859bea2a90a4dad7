"""The embedded Valkey: a password, and messages that outlive a kill."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from local.ports import free_port
from local.valkey import Valkey


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Valkey]:
    valkey = Valkey(tmp_path / "valkey", free_port())
    valkey.start()
    yield valkey
    valkey.stop()


def test_content_survives_a_restart(server: Valkey) -> None:
    with redis.Redis.from_url(server.url()) as client:
        client.rpush("queue", "job")
    server.stop()
    server.start()
    with redis.Redis.from_url(server.url()) as client:
        assert client.lrange("queue", 0, -1) == [b"job"]


def test_strangers_are_refused(server: Valkey) -> None:
    with (
        redis.Redis(port=server.port) as client,
        pytest.raises(redis.exceptions.AuthenticationError),
    ):
        client.ping()


def test_the_password_is_readable_by_its_owner_only(server: Valkey) -> None:
    assert (server.folder / "valkey.conf").stat().st_mode & 0o077 == 0
