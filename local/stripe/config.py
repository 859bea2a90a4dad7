"""What the emulator is started with, and the refusals that keep it away from real money."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit


class UnsafeConfiguration(Exception):
    """The emulator was asked to run somewhere, or with a key, that it must never see."""


@dataclass(frozen=True)
class Endpoint:
    """One webhook endpoint. `name` is stable across restarts, the address need not be.

    A thin endpoint is an event destination of the second API: it gets v2 events, the others get
    v1 events, of connected accounts where `connect` is true.
    """

    name: str
    url: str
    secret: str
    connect: bool
    thin: bool = False


@dataclass(frozen=True)
class EmulatorConfig:
    """Everything the emulator needs to know; checked on construction.

    Without `state_dir` everything is kept in memory. With a `seed` the same requests in the same
    order give the same ids and the same faults. `durable` is off only where losing the state
    with the machine does not matter. Raises `UnsafeConfiguration` for a live key, or an address
    outside this machine.
    """

    state_dir: Path | None
    api_key: str
    host: str = "127.0.0.1"
    port: int = 0
    endpoints: tuple[Endpoint, ...] = field(default=())
    public_base: str = ""
    merchant: str = "Bracket"
    seed: int | None = None
    durable: bool = True

    def __post_init__(self) -> None:
        if not self.api_key.startswith(("sk_test_", "rk_test_")):
            raise UnsafeConfiguration(
                "The API key must begin with sk_test_ or rk_test_: no other key belongs here."
            )
        if not is_loopback(self.host):
            raise UnsafeConfiguration(
                f"The address {self.host} is not a loopback address such as 127.0.0.1."
            )
        for endpoint in self.endpoints:
            parts = urlsplit(endpoint.url)
            if parts.scheme not in ("http", "https") or not is_loopback(parts.hostname or ""):
                raise UnsafeConfiguration(
                    f"The webhook address {endpoint.url} is not on this machine."
                )
            if not endpoint.secret.strip():
                raise UnsafeConfiguration(f"The webhook {endpoint.url} has an empty secret.")


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parse_endpoint(text: str, name: str, *, connect: bool, thin: bool = False) -> Endpoint:
    """Read `URL=SECRET`; the secret is what follows the last `=`.

    Raises `UnsafeConfiguration` when either half is missing.
    """
    url, separator, secret = text.rpartition("=")
    if not separator or not url or not secret:
        raise UnsafeConfiguration("A webhook is written URL=SECRET.")
    return Endpoint(name=name, url=url, secret=secret, connect=connect, thin=thin)
