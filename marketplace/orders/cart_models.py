"""The table of carts. A stranger's cart is in their signed session and has no row."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.columns import Cents, Currency, Id, Moment, RefId
from marketplace.core.database import Base
from marketplace.listings.models import Listing


class CartItem(Base):
    """A listing that somebody put in their cart; nothing is promised until the checkout."""

    __tablename__ = "cart_items"
    __table_args__ = (
        UniqueConstraint("buyer_id", "listing_id"),
        CheckConstraint("price_cents > 0", name="price_is_positive"),
        CheckConstraint("currency = 'usd'", name="currency_known"),
    )

    id: Mapped[Id]
    buyer_id: Mapped[RefId] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    listing_id: Mapped[RefId] = mapped_column(
        ForeignKey("listings.id", ondelete="CASCADE"), index=True
    )
    price_cents: Mapped[Cents]
    """The price when it was put in: only for saying that it has changed since."""
    currency: Mapped[Currency]
    added_at: Mapped[Moment]

    listing: Mapped[Listing] = relationship()
