"""Tables of checking the books: Stripe's own lines, daily reconciliations, and alerts."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.columns import Cents, CreatedAt, Currency, Id, Moment, RefId
from marketplace.core.database import Base


class BalanceTransaction(Base):
    """One line of the platform's balance at Stripe, copied as it is."""

    __tablename__ = "balance_transactions"
    __table_args__ = (
        CheckConstraint("net_cents = cents - fee_cents", name="net_is_exact"),
        CheckConstraint("currency = 'usd'", name="currency_known"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Stripe's txn_…"""
    type: Mapped[str] = mapped_column(String(60))
    reporting_category: Mapped[str] = mapped_column(String(60))
    source_id: Mapped[str | None] = mapped_column(String(80), index=True)
    cents: Mapped[Cents]
    fee_cents: Mapped[Cents]
    net_cents: Mapped[Cents]
    currency: Mapped[Currency]
    created: Mapped[Moment] = mapped_column(index=True)
    seen_at: Mapped[CreatedAt]


class Reconciliation(Base):
    """One comparison of our books with Stripe's; each cent between them has a name."""

    __tablename__ = "reconciliations"
    __table_args__ = (CheckConstraint("currency = 'usd'", name="currency_known"),)

    id: Mapped[Id]
    day: Mapped[date] = mapped_column(Date, index=True)
    ledger_cents: Mapped[Cents]
    """Our stripe_balance."""
    transactions_cents: Mapped[Cents]
    """Sum of the nets of all balance transactions."""
    balance_cents: Mapped[Cents]
    """Pending and available, as the balance API has it."""
    trial_cents: Mapped[Cents]
    """Sum of all postings: zero, or the books are wrong in themselves."""
    transactions: Mapped[int]
    """How many lines of Stripe's were looked at."""
    orders: Mapped[int]
    explained_cents: Mapped[Cents]
    currency: Mapped[Currency]
    created_at: Mapped[CreatedAt]

    differences: Mapped[list[ReconciliationDifference]] = relationship(
        back_populates="reconciliation", order_by="ReconciliationDifference.position"
    )

    @property
    def difference_cents(self) -> int:
        """What Stripe has more than our books say."""
        return self.transactions_cents - self.ledger_cents

    @property
    def unexplained_cents(self) -> int:
        """What no named difference accounts for; anything but zero is serious."""
        return self.difference_cents - self.explained_cents


class ReconciliationDifference(Base):
    """One thing that does not agree, with its name."""

    __tablename__ = "reconciliation_differences"
    __table_args__ = (CheckConstraint("currency = 'usd'", name="currency_known"),)

    id: Mapped[Id]
    reconciliation_id: Mapped[RefId] = mapped_column(
        ForeignKey("reconciliations.id", ondelete="CASCADE"), index=True
    )
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(60))
    """One of reconciliation.DifferenceKind."""
    subject: Mapped[str] = mapped_column(String(120))
    """Id of the transaction, entry, dispute or order."""
    order_id: Mapped[str | None] = mapped_column(String(13))
    stripe_cents: Mapped[Cents | None]
    ledger_cents: Mapped[Cents | None]
    currency: Mapped[Currency]
    message: Mapped[str] = mapped_column(String(300))

    reconciliation: Mapped[Reconciliation] = relationship(back_populates="differences")


class MoneyAlert(Base):
    """Something about money that a person has to look at."""

    __tablename__ = "money_alerts"
    __table_args__ = (
        Index(
            "uq_money_alerts_open",
            "kind",
            "subject",
            unique=True,
            postgresql_where=text("resolved_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(60))
    """One of alerts.AlertKind."""
    subject: Mapped[str] = mapped_column(String(120))
    order_id: Mapped[str | None] = mapped_column(String(13))
    message: Mapped[str] = mapped_column(String(300))
    count: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[CreatedAt]
    last_at: Mapped[Moment]
    resolved_at: Mapped[Moment | None]
    resolved_by: Mapped[str | None] = mapped_column(String(13))
