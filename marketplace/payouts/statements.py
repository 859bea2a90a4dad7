"""A seller's month from the books alone: what it began with, each entry, what it ended with."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import now
from marketplace.core.errors import NotFoundError
from marketplace.core.money import CURRENCY
from marketplace.orders import ledger
from marketplace.orders.ledger import EntryKind
from marketplace.orders.models import LedgerEntry, LedgerPosting, Order, OrderLine
from marketplace.orders.statements import SellerPosting, seller_postings
from marketplace.payouts.queries import first_posting

_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")

WORDS = {
    EntryKind.CHARGE: "Sale",
    EntryKind.REFUND: "Refund",
    EntryKind.REFUND_FAILED: "Refund failed",
    EntryKind.MANUAL_REFUND: "Refund by hand",
    EntryKind.TRANSFER: "Transfer to you",
    EntryKind.REVERSAL: "Called back from you",
    EntryKind.DISPUTE_LOST: "Dispute lost",
    EntryKind.DISPUTE_RELEASED: "Dispute won",
    EntryKind.DISPUTE_RESTORED: "Dispute won on appeal",
    EntryKind.WRITE_OFF: "Debt forgiven",
    EntryKind.WRITE_OFF_UNDONE: "Forgiven debt was none",
}
REFERRED = "Sale through your link"
# What moves money between Bracket and the seller; everything else changes what is earned.
PAYMENTS = frozenset({EntryKind.TRANSFER, EntryKind.REVERSAL})


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month in UTC, as the books keep time."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02d}"

    @property
    def words(self) -> str:
        """Such as "November 2026"."""
        return self.start.strftime("%B %Y")

    @property
    def start(self) -> datetime:
        """Its first moment."""
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return self.next().start

    def next(self) -> Month:
        """The month after."""
        return Month(self.year + self.number // 12, self.number % 12 + 1)


@dataclass(frozen=True)
class StatementRow:
    """One entry; everything in cents, + for the seller."""

    at: datetime
    words: str
    title: str
    sale_id: str
    order_id: str
    country: str
    price_cents: int | None
    """The price and Bracket's part of it, for sales only."""
    commission_cents: int | None
    cents: int
    balance_cents: int
    """What Bracket owes the seller after it; negative for a debt."""
    reference: str
    is_payment: bool


@dataclass(frozen=True)
class Statement:
    """One seller's month; everything in cents of one currency."""

    month: Month
    seller: str
    handle: str
    currency: str
    opening_cents: int
    rows: tuple[StatementRow, ...]
    final: bool
    """False while the month is not over."""

    @property
    def earned_cents(self) -> int:
        """Sales less refunds and lost disputes, after commission."""
        return sum(row.cents for row in self.rows if not row.is_payment)

    @property
    def paid_cents(self) -> int:
        """Transferred to the seller less what was called back."""
        return -sum(row.cents for row in self.rows if row.is_payment)

    @property
    def closing_cents(self) -> int:
        """What Bracket owes the seller at the end."""
        return self.opening_cents + sum(row.cents for row in self.rows)

    @property
    def totals(self) -> list[tuple[str, int, int]]:
        """Each kind of entry in words, how many there are, and their sum."""
        sums: dict[str, list[int]] = {}
        for row in self.rows:
            sums.setdefault(row.words, []).append(row.cents)
        return [(words, len(cents), sum(cents)) for words, cents in sums.items()]


def parse_month(text: str) -> Month:
    """A month as it stands in an address.

    Raises:
        NotFoundError: it is none.
    """
    match = _MONTH.fullmatch(text)
    if match is None:
        raise NotFoundError
    return Month(int(match[1]), int(match[2]))


def months_of(session: Session, seller_id: str) -> list[Month]:
    """Months that a seller has statements of, newest first; none before the first sale."""
    first = first_posting(session, seller_id)
    if first is None:
        return []
    month, last = _month_of(first), _month_of(now())
    months = [month]
    while months[-1] < last:
        months.append(months[-1].next())
    return months[::-1]


def make_statement(session: Session, seller_id: str, month: Month) -> Statement:
    """A seller's statement of one month.

    Raises:
        NotFoundError: no such seller, or nothing was sold up to then, or it has not begun.
    """
    profile = session.get(SellerProfile, seller_id)
    if profile is None or month not in months_of(session, seller_id):
        raise NotFoundError
    postings = seller_postings(session, seller_id, month.start, month.end)
    opening = _owed_before(session, seller_id, month.start)
    return Statement(
        month=month,
        seller=profile.display_name,
        handle=profile.handle,
        currency=CURRENCY,
        opening_cents=opening,
        rows=tuple(_rows(session, postings, opening)),
        final=month.end <= now(),
    )


def _rows(session: Session, postings: list[SellerPosting], balance: int) -> Iterable[StatementRow]:
    lines = _lines(session, {one.line_id for one in postings if one.line_id})
    for one in postings:
        balance += one.cents
        line, order = lines.get(one.line_id or "", (None, None))
        sold = one.kind == EntryKind.CHARGE and line is not None
        yield StatementRow(
            at=one.at,
            words=_words(one.kind, sold and line is not None and line.referred),
            title=one.title or "",
            sale_id=one.line_id or "",
            order_id=one.order_id or "",
            country=(order.billing_country or order.card_country or "") if order else "",
            price_cents=line.price_cents if sold and line else None,
            commission_cents=line.commission_cents if sold and line else None,
            cents=one.cents,
            balance_cents=balance,
            reference=one.external_id,
            is_payment=one.kind in PAYMENTS,
        )


def _words(kind: str, referred: bool) -> str:
    """An entry's name; sales without commission are told apart, so that the totals show them."""
    if referred:
        return REFERRED
    return {known.value: words for known, words in WORDS.items()}.get(kind, kind)


def _lines(session: Session, line_ids: set[str]) -> dict[str, tuple[OrderLine, Order]]:
    rows = session.execute(
        select(OrderLine, Order).join(OrderLine.order).where(OrderLine.id.in_(line_ids))
    )
    return {line.id: (line, order) for line, order in rows}


def _owed_before(session: Session, seller_id: str, moment: datetime) -> int:
    """What Bracket owed a seller, shares in dispute included; negative for a debt."""
    held = LedgerPosting.account.startswith(ledger.HELD_PREFIX, autoescape=True)
    debit = session.scalar(
        select(func.coalesce(func.sum(LedgerPosting.amount_cents), 0))
        .join(LedgerPosting.entry)
        .outerjoin(OrderLine, OrderLine.id == LedgerPosting.line_id)
        .where(
            or_(
                LedgerPosting.account == ledger.seller_payable(seller_id),
                held & (OrderLine.seller_id == seller_id),
            ),
            LedgerEntry.created_at < moment,
        )
    )
    return -int(debit or 0)


def _month_of(moment: datetime) -> Month:
    return Month(moment.astimezone(UTC).year, moment.astimezone(UTC).month)
