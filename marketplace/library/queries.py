"""Reads of somebody's library."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from marketplace.core.errors import NotFoundError
from marketplace.core.ids import is_id
from marketplace.listings.models import ListingVersion
from marketplace.orders.models import Entitlement, OrderLine
from marketplace.orders.states import EntitlementState


def item_of(session: Session, entitlement_id: str, buyer_id: str) -> Entitlement:
    """An owned prompt with its sealed text, samples and receipt.

    Raises:
        NotFoundError: no such thing, someone else's, or one whose payment was taken back.
    """
    if not is_id(entitlement_id):
        raise NotFoundError
    found = session.scalar(
        select(Entitlement)
        .where(
            Entitlement.id == entitlement_id,
            Entitlement.buyer_id == buyer_id,
            Entitlement.state == EntitlementState.GRANTED,
        )
        .options(
            joinedload(Entitlement.listing),
            joinedload(Entitlement.version).undefer(ListingVersion.prompt_sealed),
            joinedload(Entitlement.version).selectinload(ListingVersion.samples),
            joinedload(Entitlement.line).joinedload(OrderLine.order),
        )
    )
    if found is None:
        raise NotFoundError
    return found
