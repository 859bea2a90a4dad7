"""Carts: what somebody means to buy, from any number of sellers. Nothing here commits.

A person's cart is rows; a stranger's is in their session (orders.cart_session) until they log in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.errors import ConflictError, NotFoundError
from marketplace.core.ids import is_id, new_id
from marketplace.core.money import CURRENCY
from marketplace.listings.models import Listing
from marketplace.offers.queries import current_prices
from marketplace.orders.buyable import Candidate, Obstacle, candidates
from marketplace.orders.cart_models import CartItem
from marketplace.orders.locks import lock_buyer
from marketplace.orders.models import Entitlement
from marketplace.orders.quoting import NOTHING_ASKED, Asked, CodeNote, LineTerms, quote

MAX_ITEMS = 20
FULL = (
    f"A cart holds {MAX_ITEMS} prompts. Buy these first, or take one out, and then put this one in."
)


@dataclass(frozen=True)
class CartLine:
    """One listing in a cart."""

    listing: Listing
    put_in_cents: int
    """What it cost when it was put in."""
    obstacle: Obstacle | None
    terms: LineTerms | None = None
    """What it costs and why; None for what cannot be bought."""

    @property
    def price_cents(self) -> int:
        """What it costs this buyer now."""
        return self.terms.price_cents if self.terms else self.listing.price_cents

    @property
    def price_changed(self) -> bool:
        """True when it costs everybody something else by now: no code of the buyer's counts."""
        return self.terms is not None and self.put_in_cents != self.terms.shelf_cents


@dataclass(frozen=True)
class CartView:
    """A cart, divided into what can be bought now and what cannot."""

    payable: list[CartLine]
    blocked: list[CartLine]
    codes: list[CodeNote] = field(default_factory=list)
    """What became of the codes that were typed."""

    @property
    def total_cents(self) -> int:
        """What the payable lines cost now, without tax."""
        return sum(line.price_cents for line in self.payable)

    @property
    def saved_cents(self) -> int:
        """How far that lies below the listed prices."""
        return sum(line.terms.discount_cents for line in self.payable if line.terms)

    @property
    def sellers(self) -> int:
        """How many sellers share the payment."""
        return len({line.listing.seller_id for line in self.payable})

    @property
    def prices(self) -> dict[str, int]:
        """Price by listing id, of what can be bought."""
        return {line.listing.id: line.price_cents for line in self.payable}


def seen_prices(prices: Mapping[str, int]) -> str:
    """Listings and prices as a form carries them, to notice what changed behind the page."""
    return ",".join(f"{listing_id}:{cents}" for listing_id, cents in sorted(prices.items()))


def cart_view(
    session: Session,
    buyer_id: str | None,
    items: Mapping[str, int],
    asked: Asked = NOTHING_ASKED,
) -> CartView:
    """A cart as its owner sees it; ``items`` is price when put in by listing id, oldest first."""
    found = candidates(session, buyer_id, list(items))
    quoted = quote(session, buyer_id, [one.listing for one in found if not one.obstacle], asked)
    lines = [
        CartLine(one.listing, items[one.listing.id], one.obstacle, quoted.lines.get(one.listing.id))
        for one in found
    ]
    return CartView(
        payable=[line for line in lines if line.obstacle is None],
        blocked=[line for line in lines if line.obstacle is not None],
        codes=quoted.notes,
    )


def items_of(session: Session, buyer_id: str) -> dict[str, int]:
    """A person's cart as price when put in by listing id, oldest first.

    What they have bought since is left out: a payment may settle while nobody looks.
    """
    rows = session.execute(
        select(CartItem.listing_id, CartItem.price_cents)
        .where(CartItem.buyer_id == buyer_id, ~_bought_since())
        .order_by(CartItem.added_at, CartItem.id)
    )
    return {row.listing_id: row.price_cents for row in rows}


def count_of(session: Session, buyer_id: str) -> int:
    """How many listings are in a person's cart."""
    found = select(func.count()).select_from(CartItem)
    return int(session.scalar(found.where(CartItem.buyer_id == buyer_id, ~_bought_since())) or 0)


def candidate(session: Session, buyer_id: str | None, listing_id: str) -> Candidate:
    """One listing that somebody wants.

    Raises:
        NotFoundError: no such listing, or one that was never public.
    """
    found = candidates(session, buyer_id, [listing_id]) if is_id(listing_id) else []
    if not found:
        raise NotFoundError
    return found[0]


def put_in(session: Session, buyer_id: str, listing: Listing) -> None:
    """Put a listing into a person's cart; one that is there already takes today's price.

    Raises:
        ConflictError: the cart is full.
    """
    lock_buyer(session, buyer_id)
    items = items_of(session, buyer_id)
    if listing.id not in items and len(items) >= MAX_ITEMS:
        raise ConflictError(FULL, "cart_full")
    _write(session, buyer_id, listing.id, current_prices(session, [listing])[listing.id])


def take_out(session: Session, buyer_id: str, listing_ids: list[str]) -> None:
    """Remove listings from a person's cart; those that are not in it do not matter."""
    session.execute(
        delete(CartItem).where(CartItem.buyer_id == buyer_id, CartItem.listing_id.in_(listing_ids))
    )


def merge(session: Session, buyer_id: str, items: Mapping[str, int]) -> int:
    """Move a stranger's cart into a person's; returns how many listings were new to it.

    What is in both keeps the price of the time it was first put in. What no longer fits, or
    exists, is left out.
    """
    lock_buyer(session, buyer_id)
    there = items_of(session, buyer_id)
    known = session.scalars(select(Listing.id).where(Listing.id.in_(list(items)))).all()
    fresh = [listing_id for listing_id in items if listing_id in known and listing_id not in there]
    fresh = fresh[: max(0, MAX_ITEMS - len(there))]
    for listing_id in fresh:
        _write(session, buyer_id, listing_id, items[listing_id])
    return len(fresh)


def _write(session: Session, buyer_id: str, listing_id: str, cents: int) -> None:
    row = insert(CartItem).values(
        id=new_id(),
        buyer_id=buyer_id,
        listing_id=listing_id,
        price_cents=cents,
        currency=CURRENCY,
        added_at=now(),
    )
    session.execute(
        row.on_conflict_do_update(
            index_elements=[CartItem.buyer_id, CartItem.listing_id],
            set_={"price_cents": row.excluded.price_cents, "added_at": row.excluded.added_at},
        )
    )


def _bought_since() -> ColumnElement[bool]:
    return exists().where(
        Entitlement.buyer_id == CartItem.buyer_id,
        Entitlement.listing_id == CartItem.listing_id,
        Entitlement.created_at >= CartItem.added_at,
    )
