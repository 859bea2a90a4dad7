"""What a bundle costs one buyer: its price divided over its listings, less what they own already.

Shares follow the listed prices by largest remainder, so each refund has its line and every cent
its place. Whoever owns some of it pays the shares of the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from marketplace.core.errors import ConflictError
from marketplace.listings.models import Listing
from marketplace.offers.bundles import bundle_of
from marketplace.offers.models import Bundle
from marketplace.offers.pricing import shares
from marketplace.offers.queries import current_prices
from marketplace.orders.buyable import Candidate, Obstacle, candidates
from marketplace.orders.quoting import LineTerms, Quote

HAD = frozenset({"owned", "in_dispute"})
"""Obstacles of what a buyer has bought already: it is taken out with its share."""
OVER = Obstacle("bundle_over", "This bundle is not offered any more.")
NO_SAVING = Obstacle(
    "bundle_no_saving", "Bought one by one, these cost no more today: the bundle saves nothing."
)
CHANGED = "This bundle has changed since you opened the page. Look at the sum and press again."


@dataclass(frozen=True)
class BundleOffer:
    """A bundle as one buyer can have it."""

    bundle: Bundle
    quote: Quote = field(default_factory=Quote)
    """The lines to buy."""
    owned: list[Listing] = field(default_factory=list)
    obstacle: Obstacle | None = None
    single_cents: int = 0
    """What the lines to buy cost one by one today, sales counted."""

    @property
    def price_cents(self) -> int:
        """What this buyer pays."""
        return sum(self.quote.prices.values())


def bundle_offer(
    session: Session, buyer_id: str | None, bundle_id: str, referrer_id: str | None = None
) -> BundleOffer:
    """A bundle with what it costs this buyer, or why they cannot have it now.

    Raises:
        NotFoundError: no such bundle.
    """
    bundle = bundle_of(session, bundle_id)
    found = candidates(session, buyer_id, bundle.listing_ids)
    owned = [one.listing for one in found if one.obstacle and one.obstacle.code in HAD]
    obstacle = _obstacle(bundle, found, len(owned))
    if obstacle is not None:
        return BundleOffer(bundle, owned=owned, obstacle=obstacle)
    parts = shares(bundle.price_cents, [one.listing.price_cents for one in found])
    single = current_prices(session, [one.listing for one in found])
    referred = referrer_id == bundle.seller_id
    lines = {
        one.listing.id: LineTerms(
            one.listing, part, single[one.listing.id], bundle=bundle, referred=referred
        )
        for one, part in zip(found, parts, strict=True)
        if one.obstacle is None
    }
    offer = BundleOffer(bundle, Quote(lines), owned, None, sum(single[id_] for id_ in lines))
    if offer.price_cents >= offer.single_cents:
        return BundleOffer(bundle, owned=owned, obstacle=NO_SAVING)
    return offer


def quote_bundle(
    session: Session,
    buyer_id: str,
    bundle_id: str,
    listings: Sequence[Listing],
    referrer_id: str | None,
) -> Quote:
    """What a checkout of a bundle is charged: all of it that the buyer has not, and nothing else.

    Raises:
        NotFoundError: no such bundle.
        ConflictError: it cannot be had, or holds something else than these listings.
    """
    offer = bundle_offer(session, buyer_id, bundle_id, referrer_id)
    if offer.obstacle is not None:
        raise ConflictError(offer.obstacle.message, offer.obstacle.code)
    if set(offer.quote.lines) != {listing.id for listing in listings}:
        raise ConflictError(CHANGED, "price_changed")
    return offer.quote


def _obstacle(bundle: Bundle, found: Sequence[Candidate], owned: int) -> Obstacle | None:
    if bundle.withdrawn_at is not None or len(found) != len(bundle.chosen):
        return OVER
    if owned == len(found):
        return Obstacle("owned", "You own all of these prompts already.")
    for one in found:
        if one.obstacle is not None and one.obstacle.code not in HAD:
            return Obstacle(one.obstacle.code, f"“{one.listing.title}”: {one.obstacle.message}")
    if bundle.price_cents >= sum(one.listing.price_cents for one in found):
        return NO_SAVING
    return None
