"""The double-entry ledger: facts about money, each booked exactly once; + debit, - credit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, selectinload

from marketplace.accounts.models import SellerProfile
from marketplace.core.ids import new_id
from marketplace.core.money import CURRENCY
from marketplace.orders.models import LedgerEntry, LedgerPosting

STRIPE_BALANCE = "stripe_balance"
COMMISSION = "commission"
STRIPE_FEES = "stripe_fees"
DISPUTE_FEES = "dispute_fees"
CONNECT_FEES = "connect_fees"
TAX_PAYABLE = "tax_payable"
LOSS = "loss"
BANK = "bank"
SELLER_PREFIX = "seller_payable:"
HELD_PREFIX = "seller_held:"
SUSPENSE_PREFIX = "dispute_suspense:"
REVIEW_PREFIX = "in_review:"


class EntryKind(StrEnum):
    """What an entry is about; the external id begins with it too."""

    CHARGE = "charge"
    FEE = "fee"
    TRANSFER = "transfer"
    REFUND = "refund"
    REFUND_FAILED = "refund_failed"
    """Mirror of a refund whose money came back to us."""
    MANUAL_REFUND = "manual_refund"
    """Such a refund, paid from the house's bank account by hand."""
    REVERSAL = "reversal"
    DISPUTE_BT = "dispute_bt"
    """One balance transaction of a dispute: money withdrawn or reinstated, and the fee."""
    DISPUTE_RELEASED = "dispute_released"
    """Won: what was called back from a seller is owed to them again."""
    DISPUTE_LOST = "dispute_lost"
    DISPUTE_RESTORED = "dispute_restored"
    """Mirror of a loss that an appeal turned round."""
    WRITE_OFF = "write_off"
    WRITE_OFF_UNDONE = "write_off_undone"
    """The debt turned out to be none: what the seller kept was theirs."""
    STRIPE_FEE = "stripe_fee"
    """Fees that belong to no charge: Connect, Radar, tax."""
    PAYOUT = "payout"
    PAYOUT_FAILED = "payout_failed"


@dataclass(frozen=True)
class Leg:
    """One posting: + debit, - credit, in cents; ``line_id`` names the sale it concerns."""

    account: str
    cents: int
    line_id: str | None = None


def seller_payable(seller_id: str) -> str:
    """Account of what Bracket owes one seller; a debit balance is the seller's debt."""
    return f"{SELLER_PREFIX}{seller_id}"


def seller_held(dispute_id: str) -> str:
    """Account of what was called back from sellers until Stripe's dispute du_… is decided."""
    return f"{HELD_PREFIX}{dispute_id}"


def dispute_suspense(dispute_id: str) -> str:
    """Account of what a bank holds for Stripe's dispute du_…"""
    return f"{SUSPENSE_PREFIX}{dispute_id}"


def in_review(order_id: str) -> str:
    """Account of money that arrived for an order nobody may deliver yet."""
    return f"{REVIEW_PREFIX}{order_id}"


def post(
    session: Session,
    kind: EntryKind,
    outside_id: str,
    postings: Mapping[str, int] | Sequence[Leg],
    order_id: str | None = None,
    memo: str | None = None,
) -> bool:
    """Book one fact unless it is booked already; returns whether it was new.

    Args:
        outside_id: id of the outside object (a charge, a balance transaction, a transfer); with
            the kind it is the entry's unique external id, so booking twice is impossible.
        postings: account name to cents, or legs; zeros are left out.
        memo: a person's reason, where a person caused the entry.

    Raises:
        ValueError: when the postings do not cancel; the database refuses such entries as well.
    """
    legs = _legs(postings)
    if len(legs) < 2 or sum(leg.cents for leg in legs) != 0:
        raise ValueError("the postings of an entry must cancel")
    statement = (
        insert(LedgerEntry)
        .values(
            id=new_id(),
            external_id=external_id(kind, outside_id),
            kind=kind.value,
            order_id=order_id,
            memo=None if memo is None else memo[:500],
        )
        # Waits for another transaction that is booking the same fact, then gives way to it.
        .on_conflict_do_nothing(index_elements=[LedgerEntry.external_id])
        .returning(LedgerEntry.id)
    )
    entry_id = session.scalar(statement)
    if entry_id is None:
        return False
    session.add_all(
        LedgerPosting(
            entry_id=entry_id,
            account=leg.account,
            line_id=leg.line_id,
            amount_cents=leg.cents,
            currency=CURRENCY,
        )
        for leg in legs
    )
    session.flush()
    return True


def mirror(session: Session, entry_external_id: str, kind: EntryKind, outside_id: str) -> bool:
    """Book the opposite of an entry, once; False where there is none, or it was mirrored."""
    entry = session.scalar(
        select(LedgerEntry)
        .options(selectinload(LedgerEntry.postings))
        .where(LedgerEntry.external_id == entry_external_id)
    )
    if entry is None:
        return False
    legs = [Leg(leg.account, -leg.amount_cents, leg.line_id) for leg in entry.postings]
    return post(session, kind, outside_id, legs, entry.order_id)


def external_id(kind: EntryKind, outside_id: str) -> str:
    """The unique name under which a fact is booked."""
    return f"{kind.value}:{outside_id}"


def _legs(postings: Mapping[str, int] | Sequence[Leg]) -> list[Leg]:
    """One leg for each account and sale, without zeros."""
    if isinstance(postings, Mapping):
        postings = [Leg(account, cents) for account, cents in postings.items()]
    sums: dict[tuple[str, str | None], int] = {}
    for leg in postings:
        name = (leg.account, leg.line_id)
        sums[name] = sums.get(name, 0) + leg.cents
    return [Leg(account, cents, line) for (account, line), cents in sums.items() if cents]


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
