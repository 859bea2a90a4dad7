"""Random secrets of one local stack, made at the first start and kept from then on."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

# Environment name -> how to make one. All are random: nothing local ever shares a key.
_MAKERS: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "PROMPT_KEYS": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    "PROOF_SIGNING_KEY": lambda: base64.b64encode(secrets.token_bytes(32)).decode(),
    "STRIPE_API_KEY": lambda: f"sk_test_{secrets.token_hex(24)}",
    "STRIPE_WEBHOOK_SECRET": lambda: f"whsec_{secrets.token_hex(24)}",
    "STRIPE_CONNECT_WEBHOOK_SECRET": lambda: f"whsec_{secrets.token_hex(24)}",
    "STRIPE_V2_WEBHOOK_SECRET": lambda: f"whsec_{secrets.token_hex(24)}",
}


def load_or_create(path: Path) -> dict[str, str]:
    """The secrets by environment name; missing ones are made and stored, readable by owner only.

    Raises ValueError when the file is there but is not JSON: a lost PROMPT_KEYS must not be
    replaced silently, since every stored prompt would become unreadable.
    """
    stored: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    missing = {name: make() for name, make in _MAKERS.items() if name not in stored}
    if missing:
        stored |= missing
        _write_privately(path, json.dumps(stored, indent=1) + "\n")
    return stored


def _write_privately(path: Path, text: str) -> None:
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
