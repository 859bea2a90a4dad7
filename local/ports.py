"""Loopback ports: choosing free ones, and remembering them so that addresses stay the same."""

from __future__ import annotations

import json
import random
import socket
from pathlib import Path

HOST = "127.0.0.1"
# Below Linux's ephemeral range (32768 and up), where an outgoing connection could take it first.
LOWEST, HIGHEST = 20_000, 32_000


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free_port(taken: frozenset[int] = frozenset()) -> int:
    """A port that is free now and not in `taken`. Raises RuntimeError when none is found."""
    for _ in range(1000):
        port = random.randint(LOWEST, HIGHEST)
        if port not in taken and is_free(port):
            return port
    raise RuntimeError(f"no free port between {LOWEST} and {HIGHEST}")


def answers(port: int) -> bool:
    """Whether something accepts connections on this loopback port."""
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


class PortBook:
    """The inner services' ports, kept in a JSON file: the same ones next time, when still free."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ports: dict[str, int] = _read(path)
        self._given: set[int] = set()

    def port(self, name: str) -> int:
        """The port of service `name`: the remembered one if it is free, else a new one."""
        port = self._ports.get(name)
        if port is None or port in self._given or not is_free(port):
            port = free_port(frozenset(self._given | set(self._ports.values())))
            self._ports[name] = port
            self._path.write_text(json.dumps(self._ports, indent=1) + "\n")
        self._given.add(port)
        return port


def _read(path: Path) -> dict[str, int]:
    try:
        stored = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):  # first start, or cut short by a crash: choose anew
        return {}
    return {str(name): int(port) for name, port in stored.items()}
