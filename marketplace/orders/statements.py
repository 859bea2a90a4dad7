"""The books as lists: a seller's own postings, and the whole journal for an accountant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from marketplace.orders import ledger
from marketplace.orders.models import LedgerEntry, LedgerPosting, OrderLine

PAGE = 1000


@dataclass(frozen=True)
class SellerPosting:
    """One thing that changed what a seller is owed; + for them, - from them, in cents."""

    at: datetime
    kind: str
    external_id: str
    order_id: str | None
    line_id: str | None
    title: str | None
    cents: int
    memo: str | None


@dataclass(frozen=True)
class JournalRow:
    """One leg of one entry: + debit, - credit, in cents."""

    at: datetime
    entry_id: str
    external_id: str
    kind: str
    order_id: str | None
    line_id: str | None
    account: str
    cents: int
    currency: str
    memo: str | None


def seller_postings(
    session: Session, seller_id: str, start: datetime | None, end: datetime | None
) -> list[SellerPosting]:
    """What changed a seller's account between two moments, oldest first.

    Sales, refunds, transfers and reversals with the line each belongs to. What is called back for
    a dispute is there too (kept on an account of the dispute's), so that the list adds up.
    """
    rows = session.execute(
        select(LedgerEntry, LedgerPosting, OrderLine.title)
        .join(LedgerPosting, LedgerPosting.entry_id == LedgerEntry.id)
        .outerjoin(OrderLine, OrderLine.id == LedgerPosting.line_id)
        .where(
            or_(
                LedgerPosting.account == ledger.seller_payable(seller_id),
                LedgerPosting.account.startswith(ledger.HELD_PREFIX, autoescape=True)
                & (OrderLine.seller_id == seller_id),
            ),
            *_between(start, end),
        )
        .order_by(LedgerEntry.created_at, LedgerEntry.id, LedgerPosting.line_id)
    )
    return [
        SellerPosting(
            at=entry.created_at,
            kind=entry.kind,
            external_id=entry.external_id,
            order_id=entry.order_id,
            line_id=leg.line_id,
            title=title,
            cents=-leg.amount_cents,
            memo=entry.memo,
        )
        for entry, leg, title in rows
    ]


def journal(
    session: Session, start: datetime | None = None, end: datetime | None = None
) -> Iterator[JournalRow]:
    """Every leg of every entry between two moments, oldest first."""
    rows = session.execute(
        select(LedgerEntry, LedgerPosting)
        .join(LedgerPosting, LedgerPosting.entry_id == LedgerEntry.id)
        .where(*_between(start, end))
        .order_by(LedgerEntry.created_at, LedgerEntry.id, LedgerPosting.account)
        .execution_options(yield_per=PAGE)
    )
    for entry, leg in rows:
        yield JournalRow(
            at=entry.created_at,
            entry_id=entry.id,
            external_id=entry.external_id,
            kind=entry.kind,
            order_id=entry.order_id,
            line_id=leg.line_id,
            account=leg.account,
            cents=leg.amount_cents,
            currency=leg.currency,
            memo=entry.memo,
        )


def _between(start: datetime | None, end: datetime | None) -> list[ColumnElement[bool]]:
    bounds: list[ColumnElement[bool]] = []
    if start is not None:
        bounds.append(LedgerEntry.created_at >= start)
    if end is not None:
        bounds.append(LedgerEntry.created_at < end)
    return bounds
