"""The table of what people did at the desk; nothing in it is ever changed."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.columns import CreatedAt, Currency, Id, enum_column
from marketplace.core.database import Base
from marketplace.core.ids import ID_LENGTH


class Act(StrEnum):
    """What a person can do at the desk."""

    REFUND = "refund"
    REFUND_PARKED = "refund_parked"
    APPROVE_REQUEST = "approve_request"
    DECLINE_REQUEST = "decline_request"
    PAY_BY_HAND = "pay_by_hand"
    HOLD_LINE = "hold_line"
    RELEASE_LINE = "release_line"
    HOLD_SELLER = "hold_seller"
    RELEASE_SELLER = "release_seller"
    WRITE_OFF = "write_off"
    SAVE_EVIDENCE = "save_evidence"
    SUBMIT_EVIDENCE = "submit_evidence"
    ACCEPT_DISPUTE = "accept_dispute"
    RECONCILE = "reconcile"
    RESOLVE_ALERT = "resolve_alert"
    RETRY_EVENT = "retry_event"
    EXPORT = "export"


class DeskAct(Base):
    """One act: who, when, what about, and why. A trigger keeps the table append-only."""

    __tablename__ = "desk_acts"
    __table_args__ = (CheckConstraint("currency = 'usd'", name="currency_known"),)

    id: Mapped[Id]
    act: Mapped[Act] = mapped_column(enum_column(Act, "desk_act"))
    actor_id: Mapped[str | None] = mapped_column(
        String(ID_LENGTH), ForeignKey("users.id"), index=True
    )
    """Null only for commands given on the server, where nobody is signed in."""
    order_id: Mapped[str | None] = mapped_column(
        String(ID_LENGTH), ForeignKey("orders.id"), index=True
    )
    seller_id: Mapped[str | None] = mapped_column(
        String(ID_LENGTH), ForeignKey("seller_profiles.user_id"), index=True
    )
    subject: Mapped[str | None] = mapped_column(String(120))
    """Id of the refund, dispute, alert or event, or the dates of an export."""
    cents: Mapped[int | None] = mapped_column(BigInteger)
    """Where the act moved a sum."""
    currency: Mapped[Currency]
    reason: Mapped[str | None] = mapped_column(String(2000))
    at: Mapped[CreatedAt]
