"""What a buyer pays for each listing now, and why: listed price, timed sale, or discount code.

Nothing is added up: of a sale and a code the lower price counts, and of two equal ones the sale,
so that no use of a code is spent for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.listings.models import Listing
from marketplace.offers import codes
from marketplace.offers.models import Bundle, DiscountCode
from marketplace.offers.queries import RunningSale, codes_named, running_sales
from marketplace.orders.code_uses import Uses, count_uses, open_orders_with

MAX_CODES = 5
"""Codes that one cart may hold."""
SALE_IS_BETTER = "its price is no lower than what the sale gives already, so the sale counts"


@dataclass(frozen=True)
class Asked:
    """What besides the listings decides about prices and shares."""

    codes: tuple[str, ...] = ()
    """As they were typed."""
    referrer_id: str | None = None
    """The seller by whose own link the buyer came, while such sales cost no commission."""
    bundle_id: str | None = None
    """Set where a bundle is bought: codes and sales do not count then."""


NOTHING_ASKED = Asked()


@dataclass(frozen=True)
class LineTerms:
    """One listing's price for this buyer now."""

    listing: Listing
    price_cents: int
    shelf_cents: int
    """What it costs everybody: by its sale, but without any code."""
    sale: RunningSale | None = None
    """The sale that counts."""
    code: DiscountCode | None = None
    """The code that counts."""
    bundle: Bundle | None = None
    """The bundle that it is bought in."""
    referred: bool = False

    @property
    def list_cents(self) -> int:
        """The listed price."""
        return self.listing.price_cents

    @property
    def discount_cents(self) -> int:
        """How far the price lies below that."""
        return self.listing.price_cents - self.price_cents

    @property
    def said(self) -> tuple[object, ...]:
        """Everything that an order writes down of it: two equal ones make the same order."""
        return (
            self.listing.id,
            self.listing.live_version_id,
            self.price_cents,
            self.sale.sale_id if self.sale else None,
            self.code.id if self.code else None,
            self.bundle.id if self.bundle else None,
            self.referred,
        )


@dataclass(frozen=True)
class CodeNote:
    """What became of a code, for the person who typed it."""

    label: str
    works: bool
    """False where it lowers nothing and will not: then it is not kept either."""
    message: str


@dataclass(frozen=True)
class Quote:
    """Prices by listing id, in the order asked for, and a note on each code."""

    lines: dict[str, LineTerms] = field(default_factory=dict)
    notes: list[CodeNote] = field(default_factory=list)

    @property
    def prices(self) -> dict[str, int]:
        """Cents by listing id."""
        return {listing_id: terms.price_cents for listing_id, terms in self.lines.items()}


def quote(
    session: Session,
    buyer_id: str | None,
    listings: Sequence[Listing],
    asked: Asked,
    besides: Sequence[str] | None = None,
    hold: bool = False,
) -> Quote:
    """What the listings cost this buyer now.

    Args:
        besides: the buyer's unpaid orders that do not count as uses of codes; found where None.
        hold: lock the codes, so that their uses cannot change before the transaction ends.
    """
    sales = running_sales(session, [one.id for one in listings])
    lines = {one.id: _shelf_terms(one, sales.get(one.id), buyer_id, asked) for one in listings}
    typed = {codes.folded(text): codes.written(text) for text in asked.codes[:MAX_CODES]}
    typed.pop("", None)
    if not typed or not lines:
        return Quote(lines)
    found = codes_named(session, typed, {one.seller_id for one in listings}, hold)
    uses = _uses(session, buyer_id, listings, found, besides)
    notes = [_apply(lines, label, found.get(folded, ()), uses) for folded, label in typed.items()]
    return Quote(lines, notes)


def _shelf_terms(
    listing: Listing, sale: RunningSale | None, buyer_id: str | None, asked: Asked
) -> LineTerms:
    """Before any code is looked at. Nobody saves the commission on what they buy themselves."""
    price = sale.price_cents if sale else listing.price_cents
    referred = asked.referrer_id == listing.seller_id and buyer_id != listing.seller_id
    return LineTerms(listing, price, price, sale, referred=referred)


def _uses(
    session: Session,
    buyer_id: str | None,
    listings: Sequence[Listing],
    found: Mapping[str, list[DiscountCode]],
    besides: Sequence[str] | None,
) -> dict[str, Uses]:
    if besides is None:
        wanted = [one.id for one in listings]
        besides = open_orders_with(session, buyer_id, wanted) if buyer_id else ()
    ids = [code.id for same in found.values() for code in same]
    return count_uses(session, ids, buyer_id, besides)


def _apply(
    lines: dict[str, LineTerms], label: str, found: Iterable[DiscountCode], uses: dict[str, Uses]
) -> CodeNote:
    """Lower what a code lowers; several sellers may have a code of the same name."""
    obstacles, lowered, better = [], 0, False
    for code in found:
        obstacle = _obstacle(code, uses[code.id])
        if obstacle is not None:
            obstacles.append(obstacle)
            continue
        meant = [terms for terms in lines.values() if code.holds_for(terms.listing)]
        if not meant:
            obstacles.append("is not for the prompts that you have here")
        for terms in meant:
            price = code.reduction.price(terms.list_cents)
            if price < terms.price_cents:
                lines[terms.listing.id] = replace(terms, price_cents=price, sale=None, code=code)
                lowered += 1
            else:
                better = True
    return _note(label, lowered, better, obstacles)


def _note(label: str, lowered: int, better: bool, obstacles: list[str]) -> CodeNote:
    if lowered:
        what = "1 prompt is" if lowered == 1 else f"{lowered} prompts are"
        return CodeNote(label, True, f"With code {label} {what} cheaper.")
    if better:
        return CodeNote(label, True, f"Code {label} is right, but {SALE_IS_BETTER}.")
    if obstacles:
        return CodeNote(label, False, f"Code {label} {obstacles[0]}.")
    return CodeNote(
        label,
        False,
        f"No seller of these prompts has a code {label}. Look at its letters once more, or ask "
        "whoever gave it to you.",
    )


def _words(moment: datetime) -> str:
    there = moment.astimezone(UTC)
    return f"{there.day} {there:%b %Y, %H:%M} UTC"


def _obstacle(code: DiscountCode, uses: Uses) -> str | None:
    """Why a code cannot be used now, as the end of a sentence."""
    moment = now()
    if code.withdrawn_at is not None:
        return "is no longer valid: its seller has withdrawn it"
    if code.starts_at > moment:
        return f"is valid from {_words(code.starts_at)} on"
    if code.ends_at is not None and code.ends_at <= moment:
        return f"was valid until {_words(code.ends_at)}"
    if code.max_uses is not None and uses.total >= code.max_uses:
        return "has been used as often as it may be"
    if code.max_per_buyer is not None and uses.own >= code.max_per_buyer:
        times = "once" if code.max_per_buyer == 1 else f"{code.max_per_buyer} times"
        return f"may be used {times} by each buyer, and you have done so"
    return None
