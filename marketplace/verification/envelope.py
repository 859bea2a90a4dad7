"""The signed file: a document beside its signature, and the check anyone can make offline. Pure.

The whole file has one canonical spelling, so a single changed byte shows. What is signed are the
bytes of the document as they stand in the file. Described in docs/proof-json.md.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from marketplace.core.canonical import CanonicalError, canonical
from marketplace.core.signing import (
    SigningKey,
    is_signed,
    key_id_of,
    public_key_from,
    public_pem,
)

ALGORITHM = "Ed25519"
SCHEMA_PATH = "/schemas/proof-1.json"
MOMENT = "%Y-%m-%dT%H:%M:%SZ"
MAX_BYTES = 4 * 1024 * 1024


class KeyFileError(ValueError):
    """A file of public keys that cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """A public key and when it signs. Without moments it is trusted for ever."""

    key_id: str
    public: bytes
    not_before: datetime | None = None
    not_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of a check; `reason` says in a sentence why a file is not valid."""

    valid: bool
    reason: str
    document: Mapping[str, Any] | None = None


def moment_text(moment: datetime) -> str:
    """A moment in UTC, to the second: 2026-11-21T05:00:00Z."""
    return moment.astimezone(UTC).strftime(MOMENT)


def seal(key: SigningKey, document: Mapping[str, Any]) -> bytes:
    """The signed file. Raises CanonicalError for a document that has no canonical spelling."""
    signature = key.sign(canonical(document))
    return canonical(
        {
            "document": document,
            "signature": {
                "algorithm": ALGORITHM,
                "key_id": key.key_id,
                "value": base64.b64encode(signature).decode(),
            },
        }
    )


def check(data: bytes, keys: Mapping[str, PublishedKey]) -> Checked:
    """Whether these bytes were signed by one of the keys while it was in use."""
    try:
        envelope = _read(data)
    except (ValueError, KeyError, TypeError, RecursionError):
        return Checked(False, "This is not a signed report.")
    if _spelling(envelope) != data:
        return Checked(False, "The file is not byte for byte what was signed: it was changed.")
    document, signature = envelope["document"], envelope["signature"]
    if signature["algorithm"] != ALGORITHM:
        return Checked(False, f"The signature is not an {ALGORITHM} signature.")
    key = keys.get(signature["key_id"])
    if key is None:
        return Checked(False, "It names a key that is not among the given ones.")
    if not is_signed(key.public, _base64(signature["value"]), canonical(document)):
        return Checked(False, "The signature does not belong to this report: one was changed.")
    # From here on the document is known to be ours, so it may be believed about itself.
    if not str(document.get("schema", "")).endswith(SCHEMA_PATH):
        return Checked(False, "It is signed, but by a schema that this version does not know.")
    if not _in_use(key, str(document.get("signed_at", ""))):
        return Checked(False, "It is dated outside the time in which its key was in use.")
    return Checked(True, "The signature is valid.", document)


def key_set(keys: Mapping[str, PublishedKey]) -> dict[str, Any]:
    """The published keys as data, as they stand at /.well-known/bracket-proof-keys.json."""
    return {
        "keys": [
            {
                "algorithm": ALGORITHM,
                "key_id": key.key_id,
                "not_after": moment_text(key.not_after) if key.not_after else None,
                "not_before": moment_text(key.not_before) if key.not_before else None,
                "pem": public_pem(key.public),
                "public_key": base64.b64encode(key.public).decode(),
            }
            for key in keys.values()
        ]
    }


def read_key_set(text: str) -> dict[str, PublishedKey]:
    """The keys of a saved key file, by id.

    Raises:
        KeyFileError: when it is not one, or a key does not match its id.
    """
    try:
        found = [_published(entry) for entry in json.loads(text)["keys"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeyFileError(f"is not a file of proof keys ({type(error).__name__})") from None
    return {key.key_id: key for key in found}


def read_key(text: str) -> dict[str, PublishedKey]:
    """One public key in PEM or base64, as the only trusted one. Raises KeyFileError."""
    try:
        public = public_key_from(text)
    except ValueError as error:
        raise KeyFileError(str(error)) from None
    key_id = key_id_of(public)
    return {key_id: PublishedKey(key_id, public)}


def _published(entry: Mapping[str, Any]) -> PublishedKey:
    public = public_key_from(entry["public_key"])
    if entry["algorithm"] != ALGORITHM or entry["key_id"] != key_id_of(public):
        raise ValueError("a key does not match its id")
    return PublishedKey(
        entry["key_id"], public, _moment(entry["not_before"]), _moment(entry["not_after"])
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.strptime(text, MOMENT).replace(tzinfo=UTC)


def _in_use(key: PublishedKey, signed_at: str) -> bool:
    try:
        moment = _moment(signed_at)
    except ValueError:
        return False
    if moment is None:
        return False
    early = key.not_before is not None and moment < key.not_before
    late = key.not_after is not None and moment > key.not_after
    return not early and not late


def _read(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise ValueError("too long")
    envelope = json.loads(data.decode())
    shape = {"algorithm": str, "key_id": str, "value": str}
    signature = envelope["signature"] if isinstance(envelope, dict) else None
    if (
        set(envelope) != {"document", "signature"}
        or not isinstance(envelope["document"], dict)
        or not isinstance(signature, dict)
        or {name: type(value) for name, value in signature.items()} != shape
    ):
        raise ValueError("not an envelope")
    return dict(envelope)


def _spelling(envelope: dict[str, Any]) -> bytes | None:
    try:
        return canonical(envelope)
    except CanonicalError:
        return None


def _base64(text: str) -> bytes:
    """Strictly: two spellings of one signature would let a byte change unseen."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return raw if base64.b64encode(raw).decode() == text else b""
