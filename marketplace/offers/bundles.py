"""Bundles: several listings of one seller at one price. Nothing here commits."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload

from marketplace.core.clock import now
from marketplace.core.errors import InvalidError, NotFoundError
from marketplace.core.ids import is_id
from marketplace.core.money import CURRENCY, Money
from marketplace.offers.models import Bundle, BundleListing
from marketplace.offers.pricing import FLOOR_CENTS
from marketplace.offers.queries import on_sale_of

FEWEST, MOST = 2, 10


def make_bundle(
    session: Session, seller_id: str, title: str, listing_ids: Sequence[str], price_cents: int
) -> Bundle:
    """Offer several live listings of a seller at one price.

    Raises:
        InvalidError: too few or many, not the seller's, or a price that is none; ``field`` says
            which.
    """
    wanted = set(listing_ids)
    chosen = [one for one in on_sale_of(session, seller_id) if one.id in wanted]
    if len(chosen) != len(wanted):
        raise InvalidError("Choose among your listings that are on sale.", field="listings")
    if not FEWEST <= len(chosen) <= MOST:
        raise InvalidError(f"A bundle has {FEWEST} to {MOST} prompts.", field="listings")
    whole = sum(one.price_cents for one in chosen)
    lowest = FLOOR_CENTS * len(chosen)
    if not lowest <= price_cents < whole:
        raise InvalidError(
            f"These {len(chosen)} cost {Money(whole)} one by one: choose a price below that, and "
            f"at least {Money(lowest)} ({Money(FLOOR_CENTS)} for each).",
            field="price",
        )
    bundle = Bundle(seller_id=seller_id, title=title, price_cents=price_cents, currency=CURRENCY)
    session.add(bundle)
    session.flush()
    for position, listing in enumerate(chosen):
        session.add(BundleListing(bundle_id=bundle.id, listing_id=listing.id, position=position))
    session.flush()
    return bundle


def withdraw_bundle(session: Session, seller_id: str, bundle_id: str) -> bool:
    """Offer a bundle no more; checkouts that are open with it can still be paid.

    Raises:
        NotFoundError: no such bundle of this seller's.
    """
    bundle = bundle_of(session, bundle_id)
    if bundle.seller_id != seller_id:
        raise NotFoundError
    if bundle.withdrawn_at is not None:
        return False
    bundle.withdrawn_at = now()
    return True


def bundle_of(session: Session, bundle_id: str) -> Bundle:
    """A bundle with what is in it.

    Raises:
        NotFoundError: no such bundle.
    """
    found = None
    if is_id(bundle_id):
        found = session.scalar(
            select(Bundle)
            .where(Bundle.id == bundle_id)
            .options(selectinload(Bundle.chosen))
            .execution_options(populate_existing=True)
        )
    if found is None:
        raise NotFoundError
    return found


def bundles_of(session: Session, seller_id: str, offered: bool = False) -> list[Bundle]:
    """A seller's bundles, newest first; ``offered``: only those not withdrawn."""
    query = select(Bundle).where(Bundle.seller_id == seller_id)
    return _read(session, query.where(Bundle.withdrawn_at.is_(None)) if offered else query)


def bundles_with(session: Session, listing_id: str) -> list[Bundle]:
    """Bundles that are offered and hold a listing, newest first."""
    holding = select(BundleListing.bundle_id).where(BundleListing.listing_id == listing_id)
    query = select(Bundle).where(Bundle.id.in_(holding), Bundle.withdrawn_at.is_(None))
    return _read(session, query)


def _read(session: Session, query: Select[Bundle]) -> list[Bundle]:
    ordered = query.order_by(Bundle.created_at.desc(), Bundle.id)
    return list(session.scalars(ordered.options(selectinload(Bundle.chosen))))
