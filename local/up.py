"""`make up`: everything Bracket needs, on one machine. Ctrl-C ends it.

PORT (8000) and STATE_DIR (var) choose where; DEMO=0 leaves the demo content out; DATABASE_URL
and BROKER_URL use servers that are there already.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from local.environment import Addresses, BadSetting, Choices, application_environment
from local.panel import panel
from local.ports import PortBook, is_free
from local.postgres import Postgres
from local.secrets import load_or_create
from local.stack import Stack
from local.supervisor import AlreadyRunning, StateLock, Supervisor
from local.valkey import Valkey

# A copy that was killed a moment ago may still be letting go of its port.
PORT_PATIENCE = 3.0


def main() -> int:
    """Run the stack until it is stopped; returns the exit status."""
    began = time.monotonic()
    try:
        choices = Choices.read(os.environ)
        choices.state.mkdir(parents=True, exist_ok=True)
        with StateLock(choices.state):
            wait_for_port(choices.port)
            stack = assemble(choices, os.environ)
            supervisor = Supervisor(stack.children())

            def when_up() -> None:
                print(panel(stack, time.monotonic() - began), flush=True)

            return supervisor.run(when_up)
    except BadSetting as error:
        return refuse(str(error))
    except AlreadyRunning as error:
        return refuse(
            f"A copy of Bracket is running on {shown(error.args[0])} already; "
            "stop it, or start a second one with its own PORT and STATE_DIR."
        )
    except PermissionError as error:
        return refuse(f"{error.filename} is not writable for this user; choose another STATE_DIR.")
    except RuntimeError as error:
        return refuse(str(error))


def assemble(choices: Choices, environ: Mapping[str, str]) -> Stack:
    """Prepare the services' folders and secrets under the state folder; starts nothing yet."""
    try:
        secrets = load_or_create(choices.state / "secrets.json")
    except ValueError as error:
        raise BadSetting(
            f"{choices.state / 'secrets.json'} is damaged, and the prompts stored here cannot be "
            "read without it; restore it, or start anew with another STATE_DIR."
        ) from error
    addresses = Addresses.choose(PortBook(choices.state / "ports.json"))
    postgres = valkey = None
    if choices.database_url is None:
        postgres = Postgres(choices.state / "postgres", addresses.postgres)
        postgres.prepare()
    if choices.broker_url is None:
        valkey = Valkey(choices.state / "valkey", addresses.valkey)
        valkey.prepare()
    database_url = postgres.url() if postgres else choices.database_url or ""
    broker_url = valkey.url() if valkey else choices.broker_url or ""
    environment = application_environment(
        choices, addresses, secrets, database_url, broker_url, environ
    )
    return Stack(choices, addresses, environment, postgres, valkey)


def wait_for_port(port: int) -> None:
    """Raises BadSetting when somebody else holds the site's port and keeps it."""
    deadline = time.monotonic() + PORT_PATIENCE
    while not is_free(port):
        if time.monotonic() > deadline:
            raise BadSetting(f"Port {port} is taken; choose another: make up PORT={port + 1}")
        time.sleep(0.1)


def shown(path: Path) -> str:
    """A path as one would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def refuse(sentence: str) -> int:
    """Say why the stack does not start."""
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
