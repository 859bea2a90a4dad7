"""Where image bytes live: the contract, and the choice of implementation by address."""

from __future__ import annotations

import re
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

_KEY = re.compile(r"(?:public|private)/[a-z0-9]{2}/[a-z0-9][a-z0-9._-]{3,120}")


class BlobMissingError(LookupError):
    """No blob has this key."""


class BlobStore(Protocol):
    """Bytes under keys of the form public/ab/name or private/ab/name; names reveal nothing."""

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Store; writing the same key again replaces it whole."""

    def get(self, key: str) -> bytes:
        """Read. Raises BlobMissingError."""

    def exists(self, key: str) -> bool:
        """True when the key holds a blob."""

    def delete(self, key: str) -> None:
        """Remove; a missing key is no error."""

    def answers(self) -> bool:
        """True when the store can be reached and written."""


def public_key(name: str) -> str:
    """Key of a public, content-addressed blob such as ``<sha256>.webp``."""
    return checked(f"public/{name[:2]}/{name}")


def private_key(name: str) -> str:
    """Key of a private blob under a random name."""
    return checked(f"private/{name[:2]}/{name}")


def checked(key: str) -> str:
    """The key itself.

    Raises:
        ValueError: when it does not have the one allowed form (no path can be smuggled in).
    """
    if _KEY.fullmatch(key) is None or ".." in key:
        raise ValueError("not a blob key")
    return key


def open_blobs(url: str) -> BlobStore:
    """The store that a BLOBS_URL names: file:///folder or s3://bucket?endpoint_url=…&region=…

    Credentials of S3 come from the address (s3://key:secret@bucket) or boto3's own sources.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        from marketplace.gateways.local_blobs import LocalBlobs

        return LocalBlobs(unquote(parts.path))
    from marketplace.gateways.s3_blobs import S3Blobs  # boto3 takes 0.3 s to import

    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    return S3Blobs(
        bucket=parts.hostname or "",
        prefix=parts.path.strip("/"),
        endpoint_url=query.get("endpoint_url"),
        region=query.get("region"),
        access_key=unquote(parts.username) if parts.username else None,
        secret_key=unquote(parts.password) if parts.password else None,
    )
