"""The ledger in a few sums, for people."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from marketplace.orders.ledger import (
    BANK,
    COMMISSION,
    CONNECT_FEES,
    DISPUTE_FEES,
    HELD_PREFIX,
    LOSS,
    REVIEW_PREFIX,
    SELLER_PREFIX,
    STRIPE_BALANCE,
    STRIPE_FEES,
    SUSPENSE_PREFIX,
    TAX_PAYABLE,
    EntryKind,
)
from marketplace.orders.models import LedgerEntry, LedgerPosting

REFUNDS = (EntryKind.REFUND, EntryKind.REFUND_FAILED, EntryKind.MANUAL_REFUND)
LOSSES = (EntryKind.DISPUTE_LOST, EntryKind.DISPUTE_RESTORED)


@dataclass(frozen=True)
class Totals:
    """The ledger in words; everything in cents, net of what went back."""

    money_in: int
    refunded: int
    charged_back: int
    commission: int
    sellers: int
    tax: int
    in_review: int
    transferred: int
    owed_to_sellers: int
    stripe_fees: int
    other_fees: int
    losses: int
    stripe_balance: int
    unborne: int
    """Charged back beyond what was left of its sale: a loss of the house's."""

    @property
    def difference(self) -> int:
        """What came in less where it went; anything but zero is an error in our books."""
        kept = self.money_in - self.refunded - self.charged_back
        return kept - self.commission - self.sellers - self.tax - self.in_review + self.unborne

    @property
    def platform_net(self) -> int:
        """Commission less the provider's fees and what was lost."""
        return self.commission - self.stripe_fees - self.other_fees - self.losses


def totals(session: Session) -> Totals:
    """What came in and where it went, over all time."""
    account, kind = LedgerPosting.account, LedgerEntry.kind
    to_seller = account.startswith(SELLER_PREFIX, autoescape=True)
    held = account.startswith(HELD_PREFIX, autoescape=True)
    earning = kind.in_([EntryKind.CHARGE, *REFUNDS, *LOSSES])
    fees = account.in_([DISPUTE_FEES, CONNECT_FEES])
    suspense = account.startswith(SUSPENSE_PREFIX, autoescape=True)
    row = session.execute(
        select(
            _sum_where(kind == EntryKind.CHARGE, account == STRIPE_BALANCE),
            -_sum_where(kind.in_(REFUNDS), account.in_([STRIPE_BALANCE, BANK])),
            -_sum_where(kind.in_(LOSSES), suspense),
            -_sum_where(account == COMMISSION),
            -_sum_where(earning, or_(to_seller, held)),
            -_sum_where(account == TAX_PAYABLE),
            -_sum_where(account.startswith(REVIEW_PREFIX, autoescape=True)),
            _sum_where(kind.in_([EntryKind.TRANSFER, EntryKind.REVERSAL]), or_(to_seller, held)),
            -_sum_where(to_seller),
            _sum_where(account == STRIPE_FEES),
            _sum_where(fees),
            _sum_where(account == LOSS),
            _sum_where(account == STRIPE_BALANCE),
            _sum_where(kind.in_(LOSSES), account == LOSS),
        ).join_from(LedgerPosting, LedgerEntry)
    ).one()
    return Totals(*(int(value) for value in row))


def _sum_where(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(LedgerPosting.amount_cents).filter(*conditions), 0)
