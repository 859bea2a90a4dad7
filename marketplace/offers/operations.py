"""What sellers do with sales, codes and their link. Nothing here commits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.errors import InvalidError
from marketplace.core.ids import new_id
from marketplace.core.money import Money
from marketplace.listings.models import Listing
from marketplace.offers import codes
from marketplace.offers.models import (
    DiscountCode,
    DiscountCodeListing,
    ReferralLink,
    TimedSale,
    TimedSaleListing,
)
from marketplace.offers.pricing import FLOOR_CENTS, Reduction
from marketplace.offers.queries import on_sale_of, own_code, own_sale
from marketplace.offers.states import OPEN, SALE_STATES, SaleAction, SaleState

LONGEST_SALE = timedelta(days=60)
"""A price that is always struck out says nothing, and misleads."""
FURTHEST = timedelta(days=366)
NAMED = 3
"""So many listings are named where a reduction goes too far."""


@dataclass(frozen=True)
class Offer:
    """What sales and codes have in common, as a seller has asked for it."""

    reduction: Reduction
    listing_ids: Sequence[str] | None
    """None for all that the seller has on sale, later ones too."""
    starts_at: datetime | None
    """None for at once."""
    ends_at: datetime | None


def start_sale(session: Session, seller_id: str, offer: Offer) -> TimedSale:
    """Plan a timed sale, or begin one at once.

    Raises:
        InvalidError: moments, listings or prices that cannot be; ``field`` says which.
    """
    starts_at = offer.starts_at or now()
    if offer.ends_at is None:
        raise InvalidError("Say when the sale ends.", field="ends")
    _check_moments(starts_at, offer.ends_at)
    if offer.ends_at - starts_at > LONGEST_SALE:
        raise InvalidError(
            f"A sale lasts at most {LONGEST_SALE.days} days: choose an earlier end, or lower the "
            "price itself.",
            field="ends",
        )
    _check_prices(_meant(session, seller_id, offer.listing_ids), offer.reduction)
    sale = TimedSale(
        seller_id=seller_id,
        percent=offer.reduction.percent,
        off_cents=offer.reduction.off_cents,
        all_listings=offer.listing_ids is None,
        starts_at=starts_at,
        ends_at=offer.ends_at,
        state=SaleState.RUNNING if starts_at <= now() else SaleState.SCHEDULED,
    )
    session.add(sale)
    session.flush()
    for listing_id in offer.listing_ids or ():
        session.add(TimedSaleListing(sale_id=sale.id, listing_id=listing_id))
    session.flush()
    return sale


def cancel_sale(session: Session, seller_id: str, sale_id: str) -> bool:
    """End a sale now, or call one off; False where it was over already.

    Raises:
        NotFoundError: no such sale of this seller's.
    """
    return _move(own_sale(session, seller_id, sale_id), SaleAction.CANCEL)


def turn_sales(session: Session) -> int:
    """Write into the rows which sales have begun or ended; returns how many.

    Prices follow the clock; the change of state is what throws kept pages away (a trigger).
    """
    moment = now()
    due = session.scalars(
        select(TimedSale)
        .where(
            TimedSale.state.in_(OPEN),
            (TimedSale.ends_at <= moment)
            | ((TimedSale.state == SaleState.SCHEDULED) & (TimedSale.starts_at <= moment)),
        )
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    for sale in due:
        _move(sale, SaleAction.END if sale.ends_at <= moment else SaleAction.START)
    session.flush()
    return len(due)


def make_code(
    session: Session,
    seller_id: str,
    text: str,
    offer: Offer,
    max_uses: int | None,
    max_per_buyer: int | None,
) -> DiscountCode:
    """Make a discount code; blank text draws one.

    Raises:
        InvalidError: a code that is none or exists, or as for sales; ``field`` says which.
    """
    label, starts_at = codes.chosen(text), offer.starts_at or now()
    if offer.ends_at is not None:
        _check_moments(starts_at, offer.ends_at)
    _check_prices(_meant(session, seller_id, offer.listing_ids), offer.reduction)
    code_id = session.scalar(
        insert(DiscountCode)
        .values(
            id=new_id(),
            seller_id=seller_id,
            code=codes.folded(label),
            label=label,
            percent=offer.reduction.percent,
            off_cents=offer.reduction.off_cents,
            all_listings=offer.listing_ids is None,
            starts_at=starts_at,
            ends_at=offer.ends_at,
            max_uses=max_uses,
            max_per_buyer=max_per_buyer,
        )
        .on_conflict_do_nothing(index_elements=[DiscountCode.seller_id, DiscountCode.code])
        .returning(DiscountCode.id)
    )
    if code_id is None:
        raise InvalidError(
            f"You have a code “{label}” already, or one that looks like it (O and 0, I, L and 1 "
            "count as one). Choose another.",
            field="code",
        )
    for listing_id in offer.listing_ids or ():
        session.add(DiscountCodeListing(code_id=code_id, listing_id=listing_id))
    session.flush()
    return session.get_one(DiscountCode, code_id)


def withdraw_code(session: Session, seller_id: str, code_id: str) -> bool:
    """Let a code work no more; orders that are open with it can still be paid.

    Raises:
        NotFoundError: no such code of this seller's.
    """
    code = own_code(session, seller_id, code_id)
    if code.withdrawn_at is not None:
        return False
    code.withdrawn_at = now()
    return True


def renew_link(session: Session, seller_id: str) -> str:
    """Give a seller a link, or a new one in place of the old; returns its token."""
    row = insert(ReferralLink).values(seller_id=seller_id, token=new_id(), made_at=now())
    return session.scalars(
        row.on_conflict_do_update(
            index_elements=[ReferralLink.seller_id],
            set_={"token": row.excluded.token, "made_at": row.excluded.made_at},
        ).returning(ReferralLink.token)
    ).one()


def _move(sale: TimedSale, action: SaleAction) -> bool:
    target = SALE_STATES.next(sale.state, action)
    if not isinstance(target, SaleState):
        return False
    sale.state = target
    return True


def _check_moments(starts_at: datetime, ends_at: datetime) -> None:
    if ends_at <= now():
        raise InvalidError("The end has passed already: choose a later moment (UTC).", field="ends")
    if ends_at <= starts_at:
        raise InvalidError("The end must come after the start.", field="ends")
    if starts_at > now() + FURTHEST:
        raise InvalidError("Choose a start within the next year.", field="starts")


def _meant(
    session: Session, seller_id: str, listing_ids: Collection[str] | None
) -> Sequence[Listing]:
    """The live listings that an offer is about.

    Raises:
        InvalidError: there are none, or one is not the seller's to offer.
    """
    live = on_sale_of(session, seller_id)
    if not live:
        raise InvalidError("You have nothing on sale yet: publish a listing first.", field="scope")
    if listing_ids is None:
        return live
    chosen = [listing for listing in live if listing.id in set(listing_ids)]
    if not chosen or len(chosen) != len(set(listing_ids)):
        raise InvalidError("Choose among your listings that are on sale.", field="listings")
    return chosen


def _check_prices(listings: Sequence[Listing], reduction: Reduction) -> None:
    """No reduction brings a price below the floor."""
    low = [one for one in listings if reduction.raw_price(one.price_cents) < FLOOR_CENTS]
    if not low:
        return
    costs = ", ".join(
        f"“{one.title}” would cost {Money(max(0, reduction.raw_price(one.price_cents)))}"
        for one in low[:NAMED]
    )
    more = f" (and {len(low) - NAMED} more)" if len(low) > NAMED else ""
    raise InvalidError(
        f"That is too much: {costs}{more}. No prompt may cost less than {Money(FLOOR_CENTS)}: "
        "take less off, or leave these out.",
        field="percent" if reduction.percent is not None else "off",
    )
