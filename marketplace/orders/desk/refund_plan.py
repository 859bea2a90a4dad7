"""What a refund would do, to the cent, before anybody confirms it. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from marketplace.core.errors import InvalidError
from marketplace.core.money import Money, parse_price
from marketplace.orders.fees import bear
from marketplace.orders.line_sums import payable_now, reserved
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.refunds import refundable_cents


@dataclass(frozen=True)
class Part:
    """What giving back a part of one line does; all in cents."""

    line: OrderLine
    cents: int
    """Of the price."""
    tax_cents: int
    left_before: int
    """What of the price could still be given back."""
    seller_cents: int
    commission_cents: int
    not_sent_cents: int
    """Of the seller's part: it was waiting, and will not be transferred."""
    called_back_cents: int
    """Of the seller's part: transferred already, so it is called back."""

    @property
    def paid_back_cents(self) -> int:
        """What the buyer gets, tax included."""
        return self.cents + self.tax_cents

    @property
    def ends_right(self) -> bool:
        """True when nothing of the line stays paid, so that the buyer loses the prompt."""
        return self.cents == self.left_before


@dataclass(frozen=True)
class Plan:
    """A refund of one order, as it would be done now."""

    parts: tuple[Part, ...]

    @property
    def paid_back_cents(self) -> int:
        """What the buyer gets, tax included."""
        return sum(part.paid_back_cents for part in self.parts)

    @property
    def seller_cents(self) -> int:
        """What the sellers bear."""
        return sum(part.seller_cents for part in self.parts)

    @property
    def commission_cents(self) -> int:
        """What Bracket bears of its commission."""
        return sum(part.commission_cents for part in self.parts)

    @property
    def fingerprint(self) -> str:
        """What the person saw: a second click, or another refund meanwhile, no longer fits it."""
        return ",".join(f"{part.line.id}:{part.cents}/{part.left_before}" for part in self.parts)

    def amounts(self) -> dict[str, int | None]:
        """Line ids to cents, as ``refunds.refund_lines`` wants them."""
        return {part.line.id: part.cents for part in self.parts}


def plan(session: Session, order: Order, wanted: Mapping[str, int]) -> Plan:
    """Work out a refund.

    Args:
        wanted: line ids to cents of the price.

    Raises:
        InvalidError: a sum outside of what is left of its line; ``field`` is the line's id.
    """
    return Plan(
        tuple(_part(session, line, wanted[line.id]) for line in order.lines if line.id in wanted)
    )


def read_amount(session: Session, line: OrderLine, text: str) -> int:
    """What a person typed for one line: nothing for all that is left of it.

    Raises:
        InvalidError: unreadable, or outside of what is left; ``field`` is the line's id.
    """
    left = refundable_cents(session, line)
    if not text.strip():
        return left
    try:
        cents = parse_price(text).cents
    except ValueError as error:
        raise InvalidError(str(error), "bad_amount", field=line.id) from None
    if not 0 < cents <= left:
        raise InvalidError(
            f"Of “{line.title}” {Money(left)} can be given back: write that or less, and at "
            "least one cent.",
            "not_refundable",
            field=line.id,
        )
    return cents


def _part(session: Session, line: OrderLine, cents: int) -> Part:
    left = refundable_cents(session, line)
    if not 0 < cents <= left:
        raise InvalidError(
            f"Of “{line.title}” {Money(left)} can be given back.", "not_refundable", field=line.id
        )
    waiting = reserved(session, line.id)
    given = line.refunded_cents + waiting.cents
    tax = line.tax_cents * (given + cents) // line.price_cents
    seller = _borne(line, waiting.cents + cents) - _borne(line, waiting.cents)
    not_sent = min(seller, max(0, payable_now(session, line)))
    return Part(
        line=line,
        cents=cents,
        tax_cents=max(0, tax - line.refunded_tax_cents - waiting.tax_cents),
        left_before=left,
        seller_cents=seller,
        commission_cents=cents - seller,
        not_sent_cents=not_sent,
        called_back_cents=seller - not_sent,
    )


def _borne(line: OrderLine, cents: int) -> int:
    """What of the next ``cents`` the seller's share bears."""
    before, borne = line.refunded_cents, line.refunded_seller_cents
    return bear(line.price_cents, line.seller_cents, before, borne, cents).seller
