"""Which of our own pictures is the same as, or like, a picture that somebody looks with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, Float, Integer, case, cast, func, literal, select, text
from sqlalchemy.orm import Session

from marketplace.core.columns import HalfVector, HashBits
from marketplace.search.looks import ImageEncoder, padded
from marketplace.search.models import LOOK_DIMENSIONS, SearchPicture
from marketplace.search.pictures import DCT_KIND, PDQ_KIND
from marketplace.search.signature import Signature
from marketplace.verification.similarity import REPRODUCED_MAX, TRUSTED_QUALITY

MOST_SAME = 100
MOST_ALIKE = 200
_BITS = 16
_TUNE = text("""
    SELECT set_config('hnsw.ef_search', '200', true),
           set_config('hnsw.iterative_scan', 'off', true)
""")


@dataclass(frozen=True)
class Likeness:
    """A listing's picture that is most like the one looked for."""

    picture_id: str
    derivatives: list[dict[str, Any]]
    same: bool
    """By perceptual hash: the very picture, whatever its size and compression."""
    distance: float
    """Bits of 256 where it is the same, else the encoder's distance."""


def alike(session: Session, signature: Signature, encoder: ImageEncoder) -> dict[str, Likeness]:
    """By listing id, the same picture first, then likeness by likeness, one for each listing."""
    found: dict[str, Likeness] = {}
    for likeness, listing_id in (*_same(session, signature), *_like(session, signature, encoder)):
        found.setdefault(listing_id, likeness)
    return found


def hash_keys(data: bytes, kind: int, flips: bool) -> list[int]:
    """Keys of a 256-bit hash as search_hash_keys in the database makes them.

    With ``flips`` also those with one bit changed: hashes within 31 bits then share a key for
    certain, within 15 bits they do so without.
    """
    keys = []
    for place in range(len(data) * 8 // _BITS):
        value = int.from_bytes(data[place * 2 : place * 2 + 2], "big")
        values = [value, *(value ^ 1 << bit for bit in range(_BITS))] if flips else [value]
        keys += [(kind << 20) + (place << _BITS) + one for one in values]
    return keys


def _same(session: Session, signature: Signature) -> list[tuple[Likeness, str]]:
    """Pictures within the distance that counts as the same; close ones are looked for first."""
    for flips in (False, True):
        keys = [
            *hash_keys(signature.pdq, PDQ_KIND, flips),
            *hash_keys(signature.dct256, DCT_KIND, flips),
        ]
        rows = session.execute(_within(signature, keys)).all()
        if rows:
            return [
                (Likeness(row.id, row.derivatives, True, float(row.distance)), row.listing_id)
                for row in rows
            ]
    return []


def _within(signature: Signature, keys: list[int]) -> Any:
    def bits(column: Any, value: bytes) -> Any:
        return func.bit_count(column.op("#")(literal(value, HashBits(256))))

    distance = case(
        (SearchPicture.quality >= TRUSTED_QUALITY, bits(SearchPicture.pdq, signature.pdq)),
        else_=bits(SearchPicture.dct256, signature.dct256),
    )
    return (
        select(
            SearchPicture.id,
            SearchPicture.listing_id,
            SearchPicture.derivatives,
            distance.label("distance"),
        )
        .where(
            SearchPicture.hash_keys.op("&&")(cast(keys, ARRAY(Integer))),
            distance <= REPRODUCED_MAX,
        )
        .order_by(distance, SearchPicture.id)
        .limit(MOST_SAME)
    )


def _like(
    session: Session, signature: Signature, encoder: ImageEncoder
) -> Iterator[tuple[Likeness, str]]:
    vector = literal(padded(signature.vector), HalfVector(LOOK_DIMENSIONS))
    distance = SearchPicture.look.op("<->", return_type=Float())(vector)
    query = (
        select(
            SearchPicture.id,
            SearchPicture.listing_id,
            SearchPicture.derivatives,
            distance.label("distance"),
        )
        .where(SearchPicture.look_by == encoder.name)
        .order_by(distance)
        .limit(MOST_ALIKE)
    )
    session.execute(_TUNE)
    for row in sorted(session.execute(query), key=lambda row: (row.distance, row.id)):
        if row.distance <= encoder.reach:
            likeness = Likeness(row.id, row.derivatives, False, float(row.distance))
            yield likeness, row.listing_id
