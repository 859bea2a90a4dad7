"""Reads of somebody's library."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased, joinedload

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


def closed_item_of(session: Session, entitlement_id: str, buyer_id: str) -> Entitlement | None:
    """Something the person bought and may not use now, without its text; None otherwise."""
    if not is_id(entitlement_id):
        return None
    return session.scalar(
        select(Entitlement)
        .where(
            Entitlement.id == entitlement_id,
            Entitlement.buyer_id == buyer_id,
            Entitlement.state != EntitlementState.GRANTED,
        )
        .options(joinedload(Entitlement.listing), joinedload(Entitlement.line))
    )


def closed_items(session: Session, buyer_id: str) -> list[Entitlement]:
    """What the person bought and may not use now, newest first; not if bought again."""
    again = aliased(Entitlement)
    replaced = select(again.id).where(
        again.buyer_id == Entitlement.buyer_id,
        again.listing_id == Entitlement.listing_id,
        again.state != EntitlementState.REVOKED,
        again.id != Entitlement.id,
    )
    return list(
        session.scalars(
            select(Entitlement)
            .where(
                Entitlement.buyer_id == buyer_id,
                Entitlement.state != EntitlementState.GRANTED,
                ~replaced.exists(),
            )
            .options(joinedload(Entitlement.listing), joinedload(Entitlement.line))
            .order_by(Entitlement.created_at.desc(), Entitlement.id)
        )
    )
