"""Tables of money given back: what buyers ask for, and each refund as a row before it is a call."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.columns import Cents, CreatedAt, Currency, Id, Moment, RefId, enum_column
from marketplace.core.database import Base
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.states import RefundReason, RefundState, RequestState


class RefundRequest(Base):
    """A buyer asks for the price of one line; a person, or a rule, answers."""

    __tablename__ = "refund_requests"
    __table_args__ = (
        Index(
            "uq_refund_requests_open",
            "line_id",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided_has_time"),
    )

    id: Mapped[Id]
    order_id: Mapped[RefId] = mapped_column(ForeignKey("orders.id"), index=True)
    line_id: Mapped[RefId] = mapped_column(ForeignKey("order_lines.id"), index=True)
    buyer_id: Mapped[RefId] = mapped_column(ForeignKey("users.id"), index=True)
    reason: Mapped[RefundReason] = mapped_column(enum_column(RefundReason, "request_reason"))
    note: Mapped[str] = mapped_column(Text, default="")
    """The buyer's own words."""
    state: Mapped[RequestState] = mapped_column(
        enum_column(RequestState, "request_state"), default=RequestState.OPEN, index=True
    )
    answer: Mapped[str | None] = mapped_column(Text)
    decided_by: Mapped[str | None] = mapped_column(String(13))
    """The person; null when a rule decided."""
    decided_at: Mapped[Moment | None]
    created_at: Mapped[CreatedAt]

    order: Mapped[Order] = relationship()
    line: Mapped[OrderLine] = relationship()


class Refund(Base):
    """One refund of (a part of) one line, or of a whole charge that is in review."""

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint(
            "cents >= 0 AND tax_cents >= 0 AND cents + tax_cents > 0", name="something_is_refunded"
        ),
        CheckConstraint("currency = 'usd'", name="currency_known"),
        CheckConstraint(
            "state NOT IN ('pending', 'requires_action', 'succeeded') OR refund_id IS NOT NULL",
            name="submitted_has_id",
        ),
        CheckConstraint(
            "booked_at IS NULL OR line_id IS NULL OR seller_cents + commission_cents = cents",
            name="split_is_exact",
        ),
        Index("ix_refunds_under_way", "state", "tried_at"),
    )

    id: Mapped[Id]
    order_id: Mapped[RefId] = mapped_column(ForeignKey("orders.id"), index=True)
    line_id: Mapped[RefId | None] = mapped_column(ForeignKey("order_lines.id"), index=True)
    """Null only for money that arrived for an order in review."""
    request_id: Mapped[RefId | None] = mapped_column(ForeignKey("refund_requests.id"))
    cents: Mapped[Cents]
    """Part of the line's price; the buyer gets the tax on it besides."""
    tax_cents: Mapped[Cents] = mapped_column(default=0)
    currency: Mapped[Currency]
    state: Mapped[RefundState] = mapped_column(
        enum_column(RefundState, "refund_state"), default=RefundState.REQUESTED
    )
    reason: Mapped[RefundReason] = mapped_column(enum_column(RefundReason, "refund_reason"))
    note: Mapped[str] = mapped_column(Text, default="")
    asked_by: Mapped[str | None] = mapped_column(String(13))
    """The person who asked; null for rules of the house."""
    decided_by: Mapped[str | None] = mapped_column(String(13))
    attempt: Mapped[int] = mapped_column(default=1)
    """Part of the idempotency key; raised only after a definite refusal."""
    refund_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    """Stripe's re_…"""
    failure_code: Mapped[str | None] = mapped_column(String(80))
    seller_cents: Mapped[Cents | None]
    """What of it the seller and the commission bear, as booked; null before."""
    commission_cents: Mapped[Cents | None]
    booked_at: Mapped[Moment | None]
    """When the books took it in; null again never, a failure is booked as its mirror."""
    undone_at: Mapped[Moment | None]
    """When the mirror of a failed refund was booked."""
    tried_at: Mapped[Moment | None]
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[Moment | None]

    order: Mapped[Order] = relationship()
    line: Mapped[OrderLine | None] = relationship()

    @property
    def paid_back_cents(self) -> int:
        """What the buyer gets, tax included."""
        return self.cents + self.tax_cents
