"""The double-entry ledger: facts about money, each booked exactly once; + debit, - credit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, selectinload

from marketplace.accounts.models import SellerProfile
from marketplace.core.ids import new_id
from marketplace.core.money import CURRENCY
from marketplace.orders.models import LedgerEntry, LedgerPosting

STRIPE_BALANCE = "stripe_balance"
COMMISSION = "commission"
STRIPE_FEES = "stripe_fees"
SELLER_PREFIX = "seller_payable:"
REVIEW_PREFIX = "in_review:"


class EntryKind(StrEnum):
    """What an entry is about; the external id begins with it too."""

    CHARGE = "charge"
    FEE = "fee"
    TRANSFER = "transfer"


def seller_payable(seller_id: str) -> str:
    """Account of what Bracket owes one seller."""
    return f"{SELLER_PREFIX}{seller_id}"


def in_review(order_id: str) -> str:
    """Account of money that arrived for an order nobody may deliver yet."""
    return f"{REVIEW_PREFIX}{order_id}"


def post(
    session: Session,
    kind: EntryKind,
    outside_id: str,
    postings: dict[str, int],
    order_id: str | None = None,
) -> bool:
    """Book one fact unless it is booked already; returns whether it was new.

    Args:
        outside_id: id of the outside object (a charge, a balance transaction, a transfer); with
            the kind it is the entry's unique external id, so booking twice is impossible.
        postings: account name to cents; zeros are left out.

    Raises:
        ValueError: when the postings do not cancel; the database refuses such entries as well.
    """
    legs = {account: cents for account, cents in postings.items() if cents}
    if len(legs) < 2 or sum(legs.values()) != 0:
        raise ValueError("the postings of an entry must cancel")
    statement = (
        insert(LedgerEntry)
        .values(
            id=new_id(),
            external_id=f"{kind.value}:{outside_id}",
            kind=kind.value,
            order_id=order_id,
        )
        # Waits for another transaction that is booking the same fact, then gives way to it.
        .on_conflict_do_nothing(index_elements=[LedgerEntry.external_id])
        .returning(LedgerEntry.id)
    )
    entry_id = session.scalar(statement)
    if entry_id is None:
        return False
    session.add_all(
        LedgerPosting(entry_id=entry_id, account=account, amount_cents=cents, currency=CURRENCY)
        for account, cents in legs.items()
    )
    session.flush()
    return True


def balances(session: Session) -> dict[str, int]:
    """Every account's balance in cents, by name."""
    rows = session.execute(
        select(LedgerPosting.account, func.sum(LedgerPosting.amount_cents))
        .group_by(LedgerPosting.account)
        .order_by(LedgerPosting.account)
    )
    return {account: int(cents) for account, cents in rows}


def balance(session: Session, account: str) -> int:
    """One account's balance in cents; 0 for an account without postings."""
    return int(
        session.scalar(
            select(func.coalesce(func.sum(LedgerPosting.amount_cents), 0)).where(
                LedgerPosting.account == account
            )
        )
        or 0
    )


@dataclass(frozen=True)
class Totals:
    """The ledger in words; everything in cents."""

    money_in: int
    commission: int
    sellers: int
    in_review: int
    transferred: int
    owed_to_sellers: int
    stripe_fees: int
    stripe_balance: int

    @property
    def difference(self) -> int:
        """What came in less where it went; anything but zero is an error in our books."""
        return self.money_in - self.commission - self.sellers - self.in_review

    @property
    def platform_net(self) -> int:
        """Commission less the provider's fees."""
        return self.commission - self.stripe_fees


def totals(session: Session) -> Totals:
    """What came in and where it went, over all time."""
    account = LedgerPosting.account
    charge = LedgerEntry.kind == EntryKind.CHARGE
    to_seller = account.startswith(SELLER_PREFIX, autoescape=True)
    row = session.execute(
        select(
            _sum_where(charge, account == STRIPE_BALANCE),
            -_sum_where(account == COMMISSION),
            -_sum_where(charge, to_seller),
            -_sum_where(account.startswith(REVIEW_PREFIX, autoescape=True)),
            _sum_where(LedgerEntry.kind == EntryKind.TRANSFER, to_seller),
            -_sum_where(to_seller),
            _sum_where(account == STRIPE_FEES),
            _sum_where(account == STRIPE_BALANCE),
        ).join_from(LedgerPosting, LedgerEntry)
    ).one()
    return Totals(*(int(value) for value in row))


def _sum_where(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(LedgerPosting.amount_cents).filter(*conditions), 0)


def trial_balance(session: Session) -> int:
    """The sum of all postings: zero, or the books are wrong."""
    return sum(balances(session).values())


def newest_entries(session: Session, limit: int, offset: int = 0) -> list[LedgerEntry]:
    """Entries with their postings, newest first."""
    return list(
        session.scalars(
            select(LedgerEntry)
            .options(selectinload(LedgerEntry.postings))
            .order_by(LedgerEntry.created_at.desc(), LedgerEntry.id)
            .limit(limit)
            .offset(offset)
        )
    )


def entry_count(session: Session) -> int:
    """How many entries there are."""
    return int(session.scalar(select(func.count()).select_from(LedgerEntry)) or 0)


def seller_names(session: Session, accounts: Iterable[str]) -> dict[str, str]:
    """Display names of the sellers behind payable accounts, by seller id."""
    ids = [a.removeprefix(SELLER_PREFIX) for a in accounts if a.startswith(SELLER_PREFIX)]
    rows = session.execute(
        select(SellerProfile.user_id, SellerProfile.display_name).where(
            SellerProfile.user_id.in_(ids)
        )
    )
    return {row.user_id: row.display_name for row in rows}
