"""Tables of paying out: what a seller chose, each payout asked for, and what they were told."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.columns import (
    Cents,
    CreatedAt,
    Currency,
    Id,
    JsonList,
    Moment,
    RefId,
    enum_column,
)
from marketplace.core.database import Base
from marketplace.gateways.payments import TransfersStatus
from marketplace.payouts.states import RequestState, Schedule

MIN_THRESHOLD_CENTS, MAX_THRESHOLD_CENTS = 1_000, 100_000
DEFAULT_THRESHOLD_CENTS = 2_500
"""Each payout costs the house a fixed fee: below about $25 it can be more than it earned."""
MIN_BY_HAND_CENTS = 500

_SELLER = "seller_profiles.user_id"


class PayoutSettings(Base):
    """When one seller is paid out, and how far the provider has been told."""

    __tablename__ = "payout_settings"
    __table_args__ = (
        CheckConstraint(
            f"threshold_cents BETWEEN {MIN_THRESHOLD_CENTS} AND {MAX_THRESHOLD_CENTS}",
            name="threshold_in_range",
        ),
        CheckConstraint("currency = 'usd'", name="currency_known"),
    )

    seller_id: Mapped[RefId] = mapped_column(ForeignKey(_SELLER), primary_key=True)
    schedule: Mapped[Schedule] = mapped_column(
        enum_column(Schedule, "payout_schedule"), default=Schedule.THRESHOLD
    )
    threshold_cents: Mapped[Cents] = mapped_column(default=DEFAULT_THRESHOLD_CENTS)
    currency: Mapped[Currency]
    asked: Mapped[str | None] = mapped_column(String(20))
    """The provider's interval that was asked for last."""
    version: Mapped[int] = mapped_column(default=0)
    """Part of that call's idempotency key: raised for each new wish and each definite refusal."""
    applied: Mapped[str | None] = mapped_column(String(20))
    """The interval that the provider has confirmed."""
    refused_code: Mapped[str | None] = mapped_column(String(80))
    tried_at: Mapped[Moment | None]
    considered_at: Mapped[Moment | None]
    """When the balance was last compared with the threshold."""
    watched_at: Mapped[Moment | None]
    """When the payouts under way were last read from the provider."""
    resumed_at: Mapped[Moment | None]
    """When the seller said that their bank details are right again, after a failure."""
    changed_at: Mapped[Moment | None]
    created_at: Mapped[CreatedAt]


class PayoutRequest(Base):
    """One payout that Bracket asks the provider for: the row is there before the call."""

    __tablename__ = "payout_requests"
    __table_args__ = (
        CheckConstraint("cents > 0", name="cents_positive"),
        CheckConstraint("currency = 'usd'", name="currency_known"),
        CheckConstraint("(state = 'done') = (payout_id IS NOT NULL)", name="done_has_payout"),
        # Two payouts at once could each be right and together be more than there is.
        Index(
            "uq_payout_requests_pending",
            "seller_id",
            unique=True,
            postgresql_where=text("state = 'pending'"),
        ),
    )

    id: Mapped[Id]
    seller_id: Mapped[RefId] = mapped_column(ForeignKey(_SELLER), index=True)
    account_id: Mapped[str] = mapped_column(String(64))
    cents: Mapped[Cents]
    currency: Mapped[Currency]
    state: Mapped[RequestState] = mapped_column(
        enum_column(RequestState, "payout_request_state"), default=RequestState.PENDING
    )
    asked_by: Mapped[str | None] = mapped_column(String(13))
    """The seller; null when the threshold was reached."""
    payout_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    """Stripe's po_…"""
    refused_code: Mapped[str | None] = mapped_column(String(80))
    tried_at: Mapped[Moment | None]
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[Moment | None]


class ConnectedAccount(Base):
    """What the provider last said about a seller's account."""

    __tablename__ = "connected_accounts"

    seller_id: Mapped[RefId] = mapped_column(ForeignKey(_SELLER), primary_key=True)
    status: Mapped[TransfersStatus] = mapped_column(
        enum_column(TransfersStatus, "connected_account_status")
    )
    closed: Mapped[bool] = mapped_column(default=False)
    requirements: Mapped[JsonList]
    """What is asked for: machine words, deadlines and problem codes; no personal data."""
    has_been_active: Mapped[bool] = mapped_column(default=False)
    told: Mapped[str | None] = mapped_column(String(64))
    """Digest of the needs that the seller was last written to about."""
    asked_at: Mapped[Moment | None]
    """When the provider was last to be asked, whether or not it answered."""
    checked_at: Mapped[Moment | None]
    created_at: Mapped[CreatedAt]


class SellerNotice(Base):
    """An e-mail that a seller was sent about their money: each subject once."""

    __tablename__ = "seller_notices"
    __table_args__ = (Index("uq_seller_notices_subject", "kind", "subject", unique=True),)

    id: Mapped[Id]
    seller_id: Mapped[RefId] = mapped_column(ForeignKey(_SELLER), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    """One of payouts.states.NoticeKind."""
    subject: Mapped[str] = mapped_column(String(120))
    """Id of the row that it is about."""
    created_at: Mapped[CreatedAt]
