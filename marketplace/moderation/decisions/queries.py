"""Reads of what decisions leave behind."""

from __future__ import annotations

from sqlalchemy import Select, select

from marketplace.moderation.decisions.models import ListingLimit
from marketplace.moderation.states import Limit


def off_shelves() -> Select[str]:
    """Ids of listings that the front page's shelves leave out."""
    return select(ListingLimit.listing_id).where(
        ListingLimit.kind == Limit.OFF_SHELVES, ListingLimit.ended_at.is_(None)
    )
