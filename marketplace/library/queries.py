"""Reads of somebody's library."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload, undefer

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


def newer_versions(session: Session, owned: Entitlement) -> list[ListingVersion]:
    """Versions of an owned prompt that came later and come free with it, the newest first.

    A line of versions is what was published for one model: a prompt for another model is another
    prompt.
    """
    bought = aliased(ListingVersion)
    query = (
        select(ListingVersion)
        .join(bought, _is_update(bought))
        .where(bought.id == owned.version_id)
        .options(undefer(ListingVersion.prompt_sealed), selectinload(ListingVersion.samples))
        .order_by(ListingVersion.number.desc())
    )
    return list(session.scalars(query))


def updated_items(session: Session, owned: Sequence[Entitlement]) -> set[str]:
    """Ids of those with a newer version that comes free with them."""
    bought = aliased(ListingVersion)
    query = (
        select(Entitlement.id)
        .join(bought, bought.id == Entitlement.version_id)
        .where(
            Entitlement.id.in_([one.id for one in owned]),
            select(ListingVersion.id).where(_is_update(bought)).exists(),
        )
    )
    return set(session.scalars(query))


def _is_update(bought: type[ListingVersion]) -> ColumnElement[bool]:
    return and_(
        ListingVersion.listing_id == bought.listing_id,
        ListingVersion.number > bought.number,
        ListingVersion.target_model_slug == bought.target_model_slug,
        ListingVersion.published_at.is_not(None),
    )


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
