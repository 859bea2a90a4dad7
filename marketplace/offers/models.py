"""Tables of sales, codes, bundles and sellers' own links. Listed prices are the listings'."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.columns import Cents, CreatedAt, Currency, Id, Moment, RefId, enum_column
from marketplace.core.database import Base
from marketplace.listings.models import Listing
from marketplace.offers.pricing import MAX_PERCENT, Reduction
from marketplace.offers.states import SaleState

# Nothing is said of the one that is null: a CHECK that comes to null holds.
_ONE_KIND = (
    f"num_nonnulls(percent, off_cents) = 1 AND percent BETWEEN 1 AND {MAX_PERCENT}"
    " AND off_cents > 0"
)


class ReductionColumns:
    """By how much: a share of the price, or a sum off it. Exactly one of the two."""

    percent: Mapped[int | None]
    off_cents: Mapped[Cents | None]
    currency: Mapped[Currency]

    @property
    def reduction(self) -> Reduction:
        """The same as a value."""
        return Reduction(self.percent, self.off_cents)


class TimedSale(Base, ReductionColumns):
    """Lower prices between two moments, for some or all of a seller's listings."""

    __tablename__ = "timed_sales"
    __table_args__ = (
        CheckConstraint(_ONE_KIND, name="one_kind"),
        CheckConstraint("currency = 'usd'", name="currency_known"),
        CheckConstraint("starts_at < ends_at", name="ends_after_start"),
        Index(
            "ix_timed_sales_open",
            "seller_id",
            postgresql_where=text("state IN ('scheduled', 'running')"),
        ),
    )

    id: Mapped[Id]
    seller_id: Mapped[RefId] = mapped_column(ForeignKey("seller_profiles.user_id"), index=True)
    all_listings: Mapped[bool]
    """Everything the seller has on sale, then and later; else what timed_sale_listings names."""
    starts_at: Mapped[Moment]
    ends_at: Mapped[Moment]
    state: Mapped[SaleState] = mapped_column(
        enum_column(SaleState, "sale_state"), default=SaleState.SCHEDULED
    )
    created_at: Mapped[CreatedAt]

    chosen: Mapped[list[TimedSaleListing]] = relationship()


class TimedSaleListing(Base):
    """A listing that a sale names."""

    __tablename__ = "timed_sale_listings"

    sale_id: Mapped[RefId] = mapped_column(
        ForeignKey("timed_sales.id", ondelete="CASCADE"), primary_key=True
    )
    listing_id: Mapped[RefId] = mapped_column(
        ForeignKey("listings.id", ondelete="CASCADE"), primary_key=True, index=True
    )

    listing: Mapped[Listing] = relationship()


class DiscountCode(Base, ReductionColumns):
    """A word that lowers a seller's prices for whoever knows it."""

    __tablename__ = "discount_codes"
    __table_args__ = (
        UniqueConstraint("seller_id", "code"),
        CheckConstraint(_ONE_KIND, name="one_kind"),
        CheckConstraint("currency = 'usd'", name="currency_known"),
        CheckConstraint("ends_at IS NULL OR starts_at < ends_at", name="ends_after_start"),
        CheckConstraint("max_uses > 0 AND max_per_buyer > 0", name="limits_are_positive"),
    )

    id: Mapped[Id]
    seller_id: Mapped[RefId] = mapped_column(ForeignKey("seller_profiles.user_id"))
    code: Mapped[str] = mapped_column(String(24))
    """As it is compared: see offers.codes."""
    label: Mapped[str] = mapped_column(String(24))
    """As its seller writes it."""
    all_listings: Mapped[bool]
    starts_at: Mapped[Moment]
    ends_at: Mapped[Moment | None]
    max_uses: Mapped[int | None]
    """Orders that may use it, in all; null for any number."""
    max_per_buyer: Mapped[int | None]
    withdrawn_at: Mapped[Moment | None]
    created_at: Mapped[CreatedAt]

    chosen: Mapped[list[DiscountCodeListing]] = relationship()

    def holds_for(self, listing: Listing) -> bool:
        """Whether a listing is among those that it lowers."""
        if listing.seller_id != self.seller_id:
            return False
        return self.all_listings or listing.id in {one.listing_id for one in self.chosen}


class DiscountCodeListing(Base):
    """A listing that a code names."""

    __tablename__ = "discount_code_listings"

    code_id: Mapped[RefId] = mapped_column(
        ForeignKey("discount_codes.id", ondelete="CASCADE"), primary_key=True
    )
    listing_id: Mapped[RefId] = mapped_column(
        ForeignKey("listings.id", ondelete="CASCADE"), primary_key=True, index=True
    )

    listing: Mapped[Listing] = relationship()


class Bundle(Base):
    """Several listings of one seller at one price, bought together."""

    __tablename__ = "bundles"
    __table_args__ = (
        CheckConstraint("price_cents > 0", name="price_is_positive"),
        CheckConstraint("currency = 'usd'", name="currency_known"),
    )

    id: Mapped[Id]
    seller_id: Mapped[RefId] = mapped_column(ForeignKey("seller_profiles.user_id"), index=True)
    title: Mapped[str] = mapped_column(String(80))
    price_cents: Mapped[Cents]
    currency: Mapped[Currency]
    withdrawn_at: Mapped[Moment | None]
    created_at: Mapped[CreatedAt]

    chosen: Mapped[list[BundleListing]] = relationship(order_by="BundleListing.position")

    @property
    def listing_ids(self) -> list[str]:
        """What is in it, in its order."""
        return [one.listing_id for one in self.chosen]


class BundleListing(Base):
    """A listing in a bundle."""

    __tablename__ = "bundle_listings"

    bundle_id: Mapped[RefId] = mapped_column(
        ForeignKey("bundles.id", ondelete="CASCADE"), primary_key=True
    )
    listing_id: Mapped[RefId] = mapped_column(
        ForeignKey("listings.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    position: Mapped[int]

    listing: Mapped[Listing] = relationship()


class ReferralLink(Base):
    """A seller's own link; a new token makes the old address lead nowhere."""

    __tablename__ = "referral_links"

    seller_id: Mapped[RefId] = mapped_column(
        ForeignKey("seller_profiles.user_id", ondelete="CASCADE"), primary_key=True
    )
    token: Mapped[RefId] = mapped_column(unique=True)
    made_at: Mapped[Moment]
