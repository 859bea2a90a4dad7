"""What a line's money adds up to: decided refunds, disputes, the seller's due, their debt."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.orders.dispute_models import DisputeLine
from marketplace.orders.fees import bear
from marketplace.orders.models import OrderLine
from marketplace.orders.refund_models import Refund
from marketplace.orders.states import REFUND_OPEN, RefundState, ReversalState
from marketplace.orders.transfer_models import TransferReversal


@dataclass(frozen=True)
class Reserved:
    """Refunds of a line that are decided but not booked yet, in cents."""

    cents: int
    tax_cents: int


@dataclass(frozen=True)
class Accepted:
    """Refunds that are made and wait for money: of the price, of the seller's share, and tax."""

    cents: int
    seller_cents: int
    tax_cents: int


def reserved(session: Session, line_id: str) -> Reserved:
    """What decided refunds will still take from a line.

    Also one that Stripe has accepted and not taken from our balance yet, because that is short.
    """
    row = session.execute(
        select(
            func.coalesce(func.sum(Refund.cents), 0), func.coalesce(func.sum(Refund.tax_cents), 0)
        ).where(
            Refund.line_id == line_id, Refund.state.in_(REFUND_OPEN), Refund.booked_at.is_(None)
        )
    ).one()
    return Reserved(int(row[0]), int(row[1]))


def accepted(session: Session, line: OrderLine) -> Accepted:
    """What of a line Stripe has promised to the buyer and not taken from our balance yet."""
    row = session.execute(
        select(
            func.coalesce(func.sum(Refund.cents), 0), func.coalesce(func.sum(Refund.tax_cents), 0)
        ).where(
            Refund.line_id == line.id,
            Refund.state.in_([RefundState.PENDING, RefundState.REQUIRES_ACTION]),
            Refund.booked_at.is_(None),
        )
    ).one()
    cents = int(row[0])
    return Accepted(cents, _borne_by_seller(line, cents), int(row[1]))


def in_dispute(session: Session, line_id: str) -> int:
    """What of the seller's share open disputes keep back, or lost ones took, in cents."""
    return int(
        session.scalar(
            select(func.coalesce(func.sum(DisputeLine.seller_cents), 0)).where(
                DisputeLine.line_id == line_id, DisputeLine.returned.is_(False)
            )
        )
        or 0
    )


def price_in_dispute(session: Session, line_id: str) -> int:
    """What of a line's price banks hold, or have given back to the buyer, in cents."""
    return int(
        session.scalar(
            select(func.coalesce(func.sum(DisputeLine.cents), 0)).where(
                DisputeLine.line_id == line_id, DisputeLine.returned.is_(False)
            )
        )
        or 0
    )


def due(session: Session, line: OrderLine) -> int:
    """What the seller may keep of a line's share now, by what is booked."""
    return line.seller_cents - line.refunded_seller_cents - in_dispute(session, line.id)


def payable_now(session: Session, line: OrderLine) -> int:
    """What may be transferred to the seller now: refunds that are decided count already."""
    waiting = reserved(session, line.id).cents
    return due(session, line) - _borne_by_seller(line, waiting) - line.paid_to_seller_cents


def _borne_by_seller(line: OrderLine, cents: int) -> int:
    """What the seller's share bears of the next ``cents`` given back."""
    before, of_seller = line.refunded_cents, line.refunded_seller_cents
    return bear(line.price_cents, line.seller_cents, before, of_seller, cents).seller


def debts_of_line(session: Session, line_id: str) -> int:
    """What could not be called back of a line, and is not recovered."""
    left = TransferReversal.cents - TransferReversal.recovered_cents
    return int(
        session.scalar(
            select(func.coalesce(func.sum(left), 0)).where(
                TransferReversal.line_id == line_id,
                TransferReversal.state == ReversalState.REFUSED,
            )
        )
        or 0
    )
