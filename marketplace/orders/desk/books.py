"""The books at the desk: balances of a day, and the journal as CSV for an accountant."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from io import StringIO

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from marketplace.accounts.models import SellerProfile
from marketplace.core.errors import NotFoundError
from marketplace.core.web.pagination import Page
from marketplace.orders import ledger
from marketplace.orders.books_models import Reconciliation
from marketplace.orders.desk import words
from marketplace.orders.models import LedgerEntry, LedgerPosting
from marketplace.orders.presenters import account_name, kind_title
from marketplace.orders.statements import JournalRow

PAGE_SIZE = 31
HEADER = (
    "date_utc",
    "entry",
    "external_id",
    "kind",
    "what",
    "account",
    "account_name",
    "account_group",
    "debit",
    "credit",
    "currency",
    "order",
    "order_line",
    "memo",
)
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A spreadsheet takes a cell that begins so for a formula, the wide forms of East Asia included."""


@dataclass(frozen=True)
class AccountLine:
    """One account of the trial balance; all in cents."""

    account: str
    name: str
    debit: int
    """Turnover, all debits."""
    credit: int

    @property
    def balance(self) -> int:
        """+ debit, - credit."""
        return self.debit - self.credit


@dataclass(frozen=True)
class TrialBalance:
    """Every account at the end of a day, grouped as accountants do."""

    groups: dict[str, list[AccountLine]]

    @property
    def debit(self) -> int:
        """Sum of the debit balances."""
        return sum(max(line.balance, 0) for line in self.lines())

    @property
    def credit(self) -> int:
        """Sum of the credit balances."""
        return sum(max(-line.balance, 0) for line in self.lines())

    @property
    def difference(self) -> int:
        """Zero, or the books are wrong in themselves."""
        return self.debit - self.credit

    def lines(self) -> Iterator[AccountLine]:
        """All accounts, group by group."""
        for group in words.GROUPS:
            yield from self.groups.get(group, [])


def trial_balance(session: Session, before: datetime | None = None) -> TrialBalance:
    """Every account's turnover and balance.

    Args:
        before: only what was booked before this moment; None for everything.
    """
    amount = LedgerPosting.amount_cents
    query = select(
        LedgerPosting.account,
        func.coalesce(func.sum(amount).filter(amount > 0), 0),
        func.coalesce(-func.sum(amount).filter(amount < 0), 0),
    )
    if before is not None:
        query = query.join(LedgerPosting.entry).where(LedgerEntry.created_at < before)
    rows = session.execute(query.group_by(LedgerPosting.account)).all()
    names = ledger.seller_names(session, [row[0] for row in rows])
    groups: dict[str, list[AccountLine]] = {}
    for account, debit, credit in sorted(rows):
        line = AccountLine(account, account_name(account, names), int(debit), int(credit))
        groups.setdefault(words.group_of(account), []).append(line)
    return TrialBalance(groups)


def journal_csv(session: Session, rows: Iterable[JournalRow]) -> Iterator[str]:
    """The journal as CSV, a line at a time: one line for each posting, debit or credit.

    Amounts are dollars with two decimals and never negative. No cell can be taken for a formula.
    """
    names = _all_seller_names(session)
    yield _line(HEADER)
    for row in rows:
        yield _line(
            (
                f"{row.at:%Y-%m-%d %H:%M:%S}",
                row.entry_id,
                row.external_id,
                row.kind,
                kind_title(row.kind),
                row.account,
                account_name(row.account, names),
                words.group_of(row.account),
                _decimal(row.cents) if row.cents > 0 else "",
                _decimal(-row.cents) if row.cents < 0 else "",
                row.currency,
                row.order_id or "",
                row.line_id or "",
                row.memo or "",
            )
        )


def cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula, by an apostrophe before it."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def reconciliations_page(session: Session, number: int) -> Page[Reconciliation]:
    """All comparisons with Stripe's books, newest first."""
    total = session.scalar(select(func.count()).select_from(Reconciliation)) or 0
    rows = session.scalars(
        select(Reconciliation)
        .options(selectinload(Reconciliation.differences))
        .order_by(Reconciliation.created_at.desc(), Reconciliation.id)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    ).all()
    return Page(rows, number, PAGE_SIZE, total)


def reconciliation(session: Session, reconciliation_id: str) -> Reconciliation:
    """One comparison with its differences.

    Raises:
        NotFoundError: there is none.
    """
    found = session.get(Reconciliation, reconciliation_id)
    if found is None:
        raise NotFoundError
    return found


def _all_seller_names(session: Session) -> dict[str, str]:
    rows = session.execute(select(SellerProfile.user_id, SellerProfile.display_name))
    return {row.user_id: row.display_name for row in rows}


def _line(cells: Iterable[str]) -> str:
    out = StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([cell(text) for text in cells])
    return out.getvalue()


def _decimal(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
