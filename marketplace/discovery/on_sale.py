"""What "on sale" means in SQL: the one condition under which a stranger may see a listing."""

from __future__ import annotations

from typing import TypeVarTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import contains_eager

from marketplace.accounts.models import SellerProfile
from marketplace.gateways.payments import TransfersStatus
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.queries import archived_models
from marketplace.listings.states import ListingState

Columns = TypeVarTuple("Columns")


def on_sale(query: Select[*Columns]) -> Select[*Columns]:
    """Join the live version and keep the live listings only.

    Without those of sellers whose account at the provider is closed for good: they can be paid
    nothing, so nothing of theirs can be bought.
    """
    return query.join(ListingVersion, Listing.live_version_id == ListingVersion.id).where(
        Listing.state == ListingState.LIVE,
        ListingVersion.target_model_slug.not_in(archived_models()),
        ~Listing.seller.has(SellerProfile.transfers_status == TransfersStatus.REJECTED),
    )


def listings_on_sale() -> Select[Listing]:
    """Every listing on sale, with its live version loaded in the same query."""
    return on_sale(select(Listing)).options(contains_eager(Listing.live_version))
