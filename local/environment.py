"""The environment that the programs of the stack get: every setting, for one machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.ports import HOST, PortBook

ROOT = Path(__file__).resolve().parent.parent


class BadSetting(Exception):
    """PORT or STATE_DIR makes no sense; the message is one sentence."""


@dataclass(frozen=True)
class Choices:
    """What whoever starts the stack may choose."""

    port: int
    state: Path
    demo: bool
    database_url: str | None
    broker_url: str | None

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Choices:
        """From the environment. Raises BadSetting."""
        port = environ.get("PORT", "8000")
        if not port.isdecimal() or not 0 < int(port) < 65536:
            raise BadSetting(f"PORT must be a number from 1 to 65535, not {port!r}.")
        state = Path(environ.get("STATE_DIR") or "var")
        return cls(
            port=int(port),
            state=(ROOT / state).resolve(),
            demo=environ.get("DEMO", "1") not in ("0", "no", "false"),
            database_url=environ.get("DATABASE_URL"),
            broker_url=environ.get("BROKER_URL"),
        )

    @property
    def site(self) -> str:
        """Address of the site."""
        return f"http://{HOST}:{self.port}"


@dataclass(frozen=True)
class Addresses:
    """Ports of the inner services."""

    postgres: int
    valkey: int
    smtp: int
    mail_page: int
    stripe: int

    @classmethod
    def choose(cls, book: PortBook) -> Addresses:
        """The remembered ports where free, new ones elsewhere."""
        return cls(*(book.port(name) for name in cls.__dataclass_fields__))

    @property
    def mail(self) -> str:
        """Address of the mail catcher's page."""
        return f"http://{HOST}:{self.mail_page}"

    @property
    def stripe_api(self) -> str:
        """Address of the Stripe emulator: its API and its pages."""
        return f"http://{HOST}:{self.stripe}"


def application_environment(
    choices: Choices,
    addresses: Addresses,
    secrets: Mapping[str, str],
    database_url: str,
    broker_url: str,
    environ: Mapping[str, str],
) -> dict[str, str]:
    """Everything the application reads, on top of the present environment `environ`.

    What is already set there wins, apart from what decides where money goes.
    """
    settings = {
        **secrets,
        "BRACKET_ENV": "local",
        "PUBLIC_URL": choices.site,
        "DATABASE_URL": database_url,
        "BROKER_URL": broker_url,
        "BLOBS_URL": (choices.state / "blobs").as_uri(),
        "MAIL_URL": f"smtp://{HOST}:{addresses.smtp}",
        "STRIPE_API_BASE": addresses.stripe_api,
        "HOUSE_MODEL_DIR": str(ROOT / "house_model" / "weights"),
        # One machine that also serves the site: smaller sheets than a farm of workers makes.
        "CONSISTENCY_FILLS": "3",
        "CONSISTENCY_SEEDS": "2",
        "CONSISTENCY_MAP": "8",
        # Whoever tries the shop out wants to see the seller paid today.
        "SELLER_RESERVE_DAYS": "0",
        "LOCAL_MAIL_PAGE": addresses.mail,
        "LOCAL_STRIPE_PAGE": addresses.stripe_api,
        # OpenMP's spinning makes torch ten times slower on a busy machine.
        "OMP_WAIT_POLICY": "PASSIVE",
        "OMP_NUM_THREADS": "1",
        # Log lines appear when they are written.
        "PYTHONUNBUFFERED": "1",
    }
    inherited = {
        name: value
        for name, value in environ.items()
        if name != "BRACKET_ENV" and not name.startswith("STRIPE_")
    }
    return {**settings, **inherited}
