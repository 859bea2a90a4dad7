"""Places kept free for listings that nobody has had the chance to buy yet.

A list by demand shows what is bought, and what is shown is bought: the new would never be seen. So
two places of a first page go to verified listings of the last two weeks with hardly a sale, drawn
anew every day. They must match the search like everything else; their cards say that they are new.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from zlib import crc32

from sqlalchemy import literal_column, select
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.search import ordering
from marketplace.search.conditions import COLUMNS, Chosen, on_columns
from marketplace.search.models import SearchDocument
from marketplace.search.wanted import Sort

SLOTS = (4, 13)
"""Places on a first page, from 0."""
NEW_FOR = timedelta(days=14)
FEW_SALES = 3
LOOKED_AT = 1_000
"""So many of the newest newcomers are asked whether they have what is chosen."""
DRAWN_FROM = 50
"""At most so many of them take part in a day's draw."""
SORTS = frozenset({Sort.RELEVANCE, Sort.TRENDING})


def newcomers(session: Session, chosen: Chosen, sort: Sort) -> Sequence[Any]:
    """New listings that have what is chosen, the newest first."""
    names = {"listing_id", "published_at", *ordering.columns(sort), *COLUMNS.values()}
    young = (
        select(*(getattr(SearchDocument, name) for name in sorted({*names, "price_cents"})))
        .where(
            SearchDocument.published_at > now() - NEW_FOR,
            # Spelled as in the partial index that holds just these.
            SearchDocument.verified,
            SearchDocument.sales < literal_column(str(FEW_SALES)),
        )
        .order_by(SearchDocument.published_at.desc())
        .limit(LOOKED_AT)
        .subquery()
    )
    query = select(young).where(*on_columns(young.c, chosen))
    return session.execute(query.order_by(young.c.published_at.desc()).limit(DRAWN_FROM)).all()


def draw(rows: Sequence[Any], key: str) -> list[Any]:
    """Today's newcomers for this search: the same all day, for everybody, on every page.

    Args:
        rows: new ones that match.
    """
    today = now().date().isoformat()

    def lot(row: Any) -> tuple[int, str]:
        return crc32(f"{today}/{key}/{row.listing_id}".encode()), row.listing_id

    return sorted(rows, key=lot)[: len(SLOTS)]


def seat(rows: Sequence[Any], newcomers_drawn: Sequence[Any]) -> list[Any]:
    """The first page with the newcomers in their places; whoever is on it already stays there."""
    present = {row.listing_id for row in rows}
    seated = list(rows)
    for place, row in zip(SLOTS, newcomers_drawn, strict=False):
        if row.listing_id not in present:
            seated.insert(min(place, len(seated)), row)
    return seated
