"""Reads of one seller's money. Each takes the seller's id first: nobody sees another's."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, joinedload

from marketplace.core.errors import NotFoundError
from marketplace.orders.dispute_models import DisputeLine
from marketplace.orders.ledger import seller_payable
from marketplace.orders.models import LedgerEntry, LedgerPosting, Order, OrderLine
from marketplace.orders.refund_models import Refund
from marketplace.orders.states import SOLD, ReversalState, TransferState
from marketplace.orders.transfer_models import (
    LineTransfer,
    LineTransferState,
    SellerPayout,
    TransferReversal,
)
from marketplace.payouts.models import PayoutRequest
from marketplace.payouts.states import RequestState

SHOWN = 50


@dataclass(frozen=True)
class LineStory:
    """Everything that happened to one sold line, for its seller."""

    line: OrderLine
    refunds: list[Refund]
    disputes: list[DisputeLine]
    transfers: list[LineTransfer]
    reversals: list[TransferReversal]


def own_sale(session: Session, seller_id: str, line_id: str) -> OrderLine:
    """One of a seller's sales.

    Raises:
        NotFoundError: no such sale, or another seller's.
    """
    found = session.scalar(
        select(OrderLine)
        .join(OrderLine.order)
        .options(joinedload(OrderLine.order))
        .where(OrderLine.id == line_id, OrderLine.seller_id == seller_id, Order.state.in_(SOLD))
    )
    if found is None:
        raise NotFoundError
    return found


def sale_story(session: Session, seller_id: str, line_id: str) -> LineStory:
    """One of a seller's sales with all that happened to it.

    Raises:
        NotFoundError: no such sale, or another seller's.
    """
    line = own_sale(session, seller_id, line_id)
    transfers = session.scalars(
        select(LineTransfer)
        .where(LineTransfer.line_id == line_id, LineTransfer.state == LineTransferState.DONE)
        .order_by(LineTransfer.attempt)
    )
    reversals = session.scalars(
        select(TransferReversal)
        .where(
            TransferReversal.line_id == line_id,
            TransferReversal.state != ReversalState.CANCELLED,
        )
        .order_by(TransferReversal.created_at, TransferReversal.id)
    )
    refunds = session.scalars(
        select(Refund).where(Refund.line_id == line_id).order_by(Refund.created_at, Refund.id)
    )
    return LineStory(
        line=line,
        refunds=list(refunds),
        disputes=disputes_of(session, [line_id])[line_id],
        transfers=list(transfers),
        reversals=list(reversals),
    )


def disputes_of(session: Session, line_ids: list[str]) -> dict[str, list[DisputeLine]]:
    """What disputes did to sold lines, oldest first; the caller has checked whose they are."""
    found: dict[str, list[DisputeLine]] = defaultdict(list)
    rows = session.scalars(
        select(DisputeLine)
        .options(joinedload(DisputeLine.dispute))
        .where(DisputeLine.line_id.in_(line_ids))
    )
    for row in sorted(rows, key=lambda row: row.dispute.opened_at):
        found[row.line_id].append(row)
    return found


def sales_count(session: Session, seller_id: str) -> int:
    """How often a seller's prompts were sold, refunded ones included."""
    return int(
        session.scalar(
            select(func.count())
            .select_from(OrderLine)
            .join(OrderLine.order)
            .where(OrderLine.seller_id == seller_id, Order.state.in_(SOLD))
        )
        or 0
    )


def held_lines(session: Session, seller_id: str, limit: int = SHOWN) -> list[OrderLine]:
    """Sales whose share is kept back, the one that ends first above."""
    return list(
        session.scalars(
            select(OrderLine)
            .where(
                OrderLine.seller_id == seller_id,
                OrderLine.transfer_state == TransferState.HELD,
            )
            .order_by(OrderLine.hold_until.asc().nulls_last(), OrderLine.id)
            .limit(limit)
        )
    )


def disputed_lines(session: Session, seller_id: str, limit: int = SHOWN) -> list[DisputeLine]:
    """What banks keep of a seller's shares until they decide."""
    rows = session.scalars(
        select(DisputeLine)
        .join(DisputeLine.line)
        .options(joinedload(DisputeLine.dispute), joinedload(DisputeLine.line))
        .where(
            OrderLine.seller_id == seller_id,
            DisputeLine.lost.is_(False),
            DisputeLine.returned.is_(False),
            DisputeLine.seller_cents > 0,
        )
        .order_by(DisputeLine.id)
        .limit(limit)
    )
    return list(rows)


def debts_of(session: Session, seller_id: str, limit: int = SHOWN) -> list[TransferReversal]:
    """What could not be called back from a seller, with the sales that it was of."""
    return list(
        session.scalars(
            select(TransferReversal)
            .options(joinedload(TransferReversal.line))
            .where(
                TransferReversal.seller_id == seller_id,
                TransferReversal.state == ReversalState.REFUSED,
                TransferReversal.cents > TransferReversal.recovered_cents,
            )
            .order_by(TransferReversal.created_at, TransferReversal.id)
            .limit(limit)
        )
    )


def payouts_of(session: Session, seller_id: str, limit: int, offset: int = 0) -> list[SellerPayout]:
    """A seller's payouts, newest first."""
    return list(
        session.scalars(
            select(SellerPayout)
            .where(SellerPayout.seller_id == seller_id)
            .order_by(SellerPayout.created_at.desc(), SellerPayout.id)
            .limit(limit)
            .offset(offset)
        )
    )


def payout_count(session: Session, seller_id: str) -> int:
    """How many payouts a seller has had."""
    return int(
        session.scalar(
            select(func.count())
            .select_from(SellerPayout)
            .where(SellerPayout.seller_id == seller_id)
        )
        or 0
    )


def unfinished_requests(session: Session, seller_id: str, since: datetime) -> list[PayoutRequest]:
    """Payouts that are being asked for, and those refused since a moment."""
    return list(
        session.scalars(
            select(PayoutRequest)
            .where(
                PayoutRequest.seller_id == seller_id,
                or_(
                    PayoutRequest.state == RequestState.PENDING,
                    (PayoutRequest.state == RequestState.REFUSED)
                    & (PayoutRequest.created_at > since),
                ),
            )
            .order_by(PayoutRequest.created_at.desc())
        )
    )


def first_posting(session: Session, seller_id: str) -> datetime | None:
    """When the books first mention a seller; None before the first sale."""
    return session.scalar(
        select(func.min(LedgerEntry.created_at))
        .join(LedgerEntry.postings)
        .where(LedgerPosting.account == seller_payable(seller_id))
    )
