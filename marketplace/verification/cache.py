"""Pictures that were made once: found again by a keyed digest, pruned by last use.

The rows point at private lossless PNGs. Two workers that make the same picture at once write the
same bytes under the same key, and one of the two rows. Nothing here commits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.vault import PromptVault
from marketplace.gateways.blobs import BlobStore, private_key
from marketplace.verification.models import CachedGeneration

PURPOSE = "generation cache"


def cache_key(vault: PromptVault, engine: str, facts: Mapping[str, Any], *texts: str) -> bytes:
    """32 bytes that stand for one picture.

    Args:
        engine: the target model's source.
        facts: everything that decides the pixels besides the texts: weights, configuration,
            libraries, device, settings, seed and source of noise.
        texts: prompt and negative prompt; keyed, so that the key tells nobody whether a guess is
            right.
    """
    material = json.dumps([engine, dict(facts), texts], sort_keys=True, default=str)
    return vault.digest(PURPOSE, material.encode())


def blob_key_of(key: bytes) -> str:
    """Where the PNG lies: the key is a keyed digest, so the name reveals nothing."""
    return private_key(f"{key.hex()}.png")


def find(session: Session, key: bytes) -> CachedGeneration | None:
    """The row of a key, marked as used now."""
    return session.scalar(
        update(CachedGeneration)
        .where(CachedGeneration.key == key)
        .values(used_at=now())
        .returning(CachedGeneration)
    )


def remember(session: Session, key: bytes, **columns: Any) -> None:
    """Add a row; the PNG must lie under blob_key_of(key) already. Safe to repeat."""
    session.execute(
        insert(CachedGeneration)
        .values(key=key, blob_key=blob_key_of(key), used_at=now(), **columns)
        .on_conflict_do_nothing()
    )


def forget(session: Session, key: bytes) -> None:
    """Remove the row of a picture whose file is gone."""
    session.execute(delete(CachedGeneration).where(CachedGeneration.key == key))


def surplus(session: Session, keep: int, limit: int = 200) -> list[bytes]:
    """Keys beyond the newest ``keep`` by last use, at most ``limit``, the longest unused first."""
    count = session.scalar(select(func.count()).select_from(CachedGeneration)) or 0
    if count <= keep:
        return []
    query = (
        select(CachedGeneration.key)
        .order_by(CachedGeneration.used_at)
        .limit(min(count - keep, limit))
    )
    return list(session.scalars(query))


def drop(session: Session, blobs: BlobStore, keys: list[bytes]) -> None:
    """Remove pictures: the file first, for a row without its file counts as not cached."""
    for key in keys:
        blobs.delete(blob_key_of(key))
        forget(session, key)
