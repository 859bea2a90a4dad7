"""Tables of paying sellers: transfers, reversals, holds, write-offs, and their own payouts."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.columns import Cents, CreatedAt, Currency, Id, Moment, RefId, enum_column
from marketplace.core.database import Base
from marketplace.orders.models import OrderLine
from marketplace.orders.states import ReversalState


class TransferKind(StrEnum):
    """How a share reached its seller."""

    TRANSFER = "transfer"
    NETTING = "netting"
    """Set off against the seller's debt: no call is made, the account nets in the books."""


class LineTransferState(StrEnum):
    """How far one attempt at paying a seller has come."""

    PENDING = "pending"
    DONE = "done"
    REFUSED = "refused"


class LineTransfer(Base):
    """One payment of (a part of) a line's share; the row is there before the call is made."""

    __tablename__ = "line_transfers"
    __table_args__ = (
        CheckConstraint("cents > 0 AND reversed_cents BETWEEN 0 AND cents", name="not_negative"),
        CheckConstraint(
            "(kind = 'transfer' AND state = 'done') = (transfer_id IS NOT NULL)",
            name="done_has_transfer",
        ),
        CheckConstraint("currency = 'usd'", name="currency_known"),
        Index("uq_line_transfers_attempt", "line_id", "attempt", unique=True),
    )

    id: Mapped[Id]
    line_id: Mapped[RefId] = mapped_column(ForeignKey("order_lines.id"))
    seller_id: Mapped[RefId] = mapped_column(ForeignKey("seller_profiles.user_id"), index=True)
    kind: Mapped[TransferKind] = mapped_column(enum_column(TransferKind, "transfer_kind"))
    state: Mapped[LineTransferState] = mapped_column(
        enum_column(LineTransferState, "line_transfer_state")
    )
    attempt: Mapped[int]
    """Number of the attempt, part of the idempotency key: transfer-line-<line>-<attempt>."""
    cents: Mapped[Cents]
    currency: Mapped[Currency]
    from_balance: Mapped[bool] = mapped_column(default=False)
    """Out of the available balance instead of the line's own charge: only for a share that was
    called back and is due again, where Stripe does not let the charge be drawn on twice."""
    destination: Mapped[str | None] = mapped_column(String(64))
    transfer_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    reversed_cents: Mapped[Cents] = mapped_column(default=0)
    refused_code: Mapped[str | None] = mapped_column(String(80))
    called_at: Mapped[Moment | None]
    """When a worker last began to ask Stripe for it: the call may be under way for a while."""
    created_at: Mapped[CreatedAt]
    done_at: Mapped[Moment | None]

    line: Mapped[OrderLine] = relationship()


class TransferReversal(Base):
    """Money called back from a seller, after a refund or for a dispute."""

    __tablename__ = "transfer_reversals"
    __table_args__ = (
        CheckConstraint(
            "cents > 0 AND recovered_cents BETWEEN 0 AND cents", name="recovered_at_most_owed"
        ),
        CheckConstraint(
            "written_off_cents BETWEEN 0 AND recovered_cents", name="written_off_at_most_recovered"
        ),
        CheckConstraint("(state = 'done') = (reversal_id IS NOT NULL)", name="done_has_id"),
        CheckConstraint("currency = 'usd'", name="currency_known"),
        Index("ix_transfer_reversals_state", "state", "tried_at"),
    )

    id: Mapped[Id]
    line_id: Mapped[RefId] = mapped_column(ForeignKey("order_lines.id"), index=True)
    seller_id: Mapped[RefId] = mapped_column(ForeignKey("seller_profiles.user_id"), index=True)
    line_transfer_id: Mapped[RefId | None] = mapped_column(ForeignKey("line_transfers.id"))
    """Null where the share had been set off against a debt: nothing was sent to call back."""
    dispute_id: Mapped[RefId | None] = mapped_column(ForeignKey("disputes.id"), index=True)
    """Set when the money waits for the end of a dispute."""
    cents: Mapped[Cents]
    recovered_cents: Mapped[Cents] = mapped_column(default=0)
    """Of a refused one: kept from later sales, or written off."""
    written_off_cents: Mapped[Cents] = mapped_column(default=0, server_default=text("0"))
    """What of that the house bears."""
    currency: Mapped[Currency]
    state: Mapped[ReversalState] = mapped_column(
        enum_column(ReversalState, "reversal_state"), default=ReversalState.PENDING
    )
    attempt: Mapped[int] = mapped_column(default=1)
    reversal_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    """Stripe's trr_…"""
    refused_code: Mapped[str | None] = mapped_column(String(80))
    tried_at: Mapped[Moment | None]
    created_at: Mapped[CreatedAt]
    done_at: Mapped[Moment | None]

    line: Mapped[OrderLine] = relationship()
    line_transfer: Mapped[LineTransfer | None] = relationship()


class SellerHold(Base):
    """A person keeps back everything a seller is owed, and says why."""

    __tablename__ = "seller_holds"
    __table_args__ = (
        Index(
            "uq_seller_holds_open",
            "seller_id",
            unique=True,
            postgresql_where=text("released_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    seller_id: Mapped[RefId] = mapped_column(ForeignKey("seller_profiles.user_id"), index=True)
    reason: Mapped[str] = mapped_column(String(500))
    placed_by: Mapped[RefId] = mapped_column(ForeignKey("users.id"))
    until: Mapped[Moment | None]
    """When it ends by itself; null for until somebody releases it."""
    created_at: Mapped[CreatedAt]
    released_at: Mapped[Moment | None]
    released_by: Mapped[str | None] = mapped_column(String(13))
    """Null when its time had come."""
    release_reason: Mapped[str | None] = mapped_column(String(500))


class WriteOff(Base):
    """A seller's debt, or a part of it, that the house bears."""

    __tablename__ = "write_offs"
    __table_args__ = (
        CheckConstraint("cents > 0", name="cents_positive"),
        CheckConstraint("currency = 'usd'", name="currency_known"),
        CheckConstraint("taken_back_cents BETWEEN 0 AND cents", name="taken_back_at_most_all"),
    )

    id: Mapped[Id]
    seller_id: Mapped[RefId] = mapped_column(ForeignKey("seller_profiles.user_id"), index=True)
    cents: Mapped[Cents]
    taken_back_cents: Mapped[Cents] = mapped_column(default=0, server_default=text("0"))
    """What was undone of it because the share was due after all."""
    currency: Mapped[Currency]
    reason: Mapped[str] = mapped_column(String(500))
    decided_by: Mapped[RefId] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[CreatedAt]


class PayoutStatus(StrEnum):
    """Stripe's words for a payout. ``paid`` is not final: banks return money days later."""

    PENDING = "pending"
    IN_TRANSIT = "in_transit"
    PAID = "paid"
    FAILED = "failed"
    CANCELED = "canceled"


class SellerPayout(Base):
    """A payout from a connected account to its seller's bank: not our money, shown only."""

    __tablename__ = "seller_payouts"
    __table_args__ = (CheckConstraint("cents > 0", name="cents_positive"),)

    id: Mapped[Id]
    seller_id: Mapped[RefId] = mapped_column(ForeignKey("seller_profiles.user_id"), index=True)
    account_id: Mapped[str] = mapped_column(String(64))
    payout_id: Mapped[str] = mapped_column(String(64), unique=True)
    """Stripe's po_…"""
    cents: Mapped[Cents]
    currency: Mapped[Currency]
    status: Mapped[str] = mapped_column(String(40))
    """One of PayoutStatus, or a word that Stripe has invented since."""
    automatic: Mapped[bool]
    arrival_at: Mapped[Moment | None]
    failure_code: Mapped[str | None] = mapped_column(String(80))
    created_at: Mapped[CreatedAt]
    changed_at: Mapped[Moment | None]
