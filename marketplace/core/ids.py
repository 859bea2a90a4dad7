"""Identifiers that reveal nothing, and slugs for addresses."""

from __future__ import annotations

import re
import secrets
import unicodedata

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u
ID_LENGTH = 13  # 65 bits: unguessable enough beside authorisation, short enough for an address
_ID = re.compile(f"[{ALPHABET}]{{{ID_LENGTH}}}")
MAX_SLUG = 60


def new_id() -> str:
    """A fresh random identifier of 13 characters, safe in addresses and file names."""
    return "".join(secrets.choice(ALPHABET) for _ in range(ID_LENGTH))


def is_id(text: str) -> bool:
    """True when the text has the form of an identifier (it may still name nothing)."""
    return _ID.fullmatch(text) is not None


def slugify(text: str) -> str:
    """Lower-case ASCII words joined by hyphens, at most 60 characters; never empty."""
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", folded.lower()).strip("-")
    return slug[:MAX_SLUG].rstrip("-") or "prompt"


def split_slug(path: str) -> tuple[str, str]:
    """Split ``<slug>-<id>`` into (slug, id); the slug may be empty."""
    slug, _, identifier = path.rpartition("-")
    return slug, identifier
