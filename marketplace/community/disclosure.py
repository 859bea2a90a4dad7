"""No public word of a person may give away a prompt that the person has read.

The prompts are opened here for comparing alone; nothing of them is kept, told or logged. Whoever
does not own a prompt learns nothing by trying, because only what they own is compared.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, undefer

from marketplace.core.errors import InvalidError
from marketplace.core.vault import PromptVault
from marketplace.listings.models import Listing, ListingVersion
from marketplace.orders.models import Entitlement
from marketplace.prompts import parse
from marketplace.prompts.disclosure import discloses

MOST = 400
"""Versions compared with one text, the newest first."""
REFUSED = (
    "This repeats part of a prompt that people pay for. Say what it does for you instead, without "
    "its words; nothing was published, and what you wrote is still here."
)


def refuse_disclosure(
    session: Session, vault: PromptVault, person_id: str, text: str, field: str
) -> None:
    """Let a text pass unless it holds a long piece of a prompt that the person bought or sells.

    Raises:
        InvalidError: it does.
    """
    if not text:
        return
    for version in _known_to(session, person_id):
        listing = version.listing
        public = " ".join([listing.title, listing.description, *listing.tags])
        if discloses(text, parse(vault.open(version.prompt_sealed)), public):
            raise InvalidError(REFUSED, "discloses_prompt", field=field)


def _known_to(session: Session, person_id: str) -> Iterator[ListingVersion]:
    """What the person has read: bought, given back or not, or written."""
    bought = select(Entitlement.version_id).where(Entitlement.buyer_id == person_id)
    # Later versions come free with what was bought (library.queries.newer_versions).
    updates = (
        select(ListingVersion.id)
        .join(Entitlement, Entitlement.listing_id == ListingVersion.listing_id)
        .where(Entitlement.buyer_id == person_id, ListingVersion.published_at.is_not(None))
    )
    written = select(ListingVersion.id).join(ListingVersion.listing)
    written = written.where(Listing.seller_id == person_id)
    query = (
        select(ListingVersion)
        .where(ListingVersion.id.in_(bought.union_all(updates, written)))
        .options(
            undefer(ListingVersion.prompt_sealed),
            joinedload(ListingVersion.listing),
        )
        .order_by(ListingVersion.created_at.desc(), ListingVersion.id)
        .limit(MOST)
    )
    yield from session.scalars(query)
