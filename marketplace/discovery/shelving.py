"""What cards show of listings on sale, read in one query; nothing else of them is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Row, ScalarSelect, Select, String, bindparam, lateral, select, true
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.web.page_keeping import kept_values
from marketplace.discovery.on_sale import on_sale
from marketplace.listings.models import Listing, ListingVersion, Sample, TargetModel
from marketplace.listings.tiers import Determinism, Tier, tier_under
from marketplace.offers.queries import RunningSale, best_sale, sale_of
from marketplace.verification.consistency.queries import newest_score
from marketplace.verification.models import VerificationRun
from marketplace.verification.states import RunState, Verdict


@dataclass(frozen=True)
class Shelved:
    """A listing on sale as its card shows it."""

    listing_id: str
    path: str
    title: str
    price_cents: int
    """What it costs anyone now."""
    category_slug: str
    seller_name: str
    seller_handle: str
    model_name: str
    tier: Tier
    degraded: bool
    """Its model has changed and no longer makes its samples."""
    cover: list[dict[str, Any]]
    """Public pictures of its first sample, narrowest first; none for a listing without samples."""
    cover_alt: str
    verdict: Verdict | None
    consistency: int | None
    """Percent of what the prompt asks for that the sheet's pictures show; None if not measured."""
    sale: RunningSale | None = None
    """The timed sale that its price comes from."""


def shelved(session: Session, listing_ids: Sequence[str]) -> list[Shelved]:
    """Those of the listings that are on sale, in the order given; one query at most.

    One that was withdrawn a moment ago may still be in the search documents; here it is not.
    """
    kept = kept_values()
    found: dict[str, Shelved] = {}
    if kept is not None:
        there = ((listing_id, kept.get(("shelved", listing_id))) for listing_id in listing_ids)
        found = {listing_id: item for listing_id, item in there if item is not None}
    missing = [listing_id for listing_id in listing_ids if listing_id not in found]
    if missing:
        change = kept.change if kept is not None else 0
        for row in session.execute(_cards(), {"listing_ids": missing}):
            found[row.id] = _shelved(row)
            if kept is not None:
                kept.put(("shelved", row.id), found[row.id], change)
    return [found[listing_id] for listing_id in listing_ids if listing_id in found]


def shelve(session: Session, chosen: Select[str]) -> list[Shelved]:
    """The listings whose ids a query gives, in its order. Limit it: all of them are shown.

    The ids come first, in a query of their own: else the database may gather covers and reports
    of every listing of a category before it finds out which few are the newest.
    """
    return shelved(session, session.scalars(chosen).all())


@cache
def _cards() -> Select[*tuple[Any, ...]]:
    """Of the listings in ``listing_ids``; built once, for that takes longer than to run it."""
    cover = lateral(
        select(Sample.derivatives, Sample.alt)
        .where(Sample.version_id == ListingVersion.id)
        .order_by(Sample.position)
        .limit(1)
    )
    sale = best_sale()
    determinism = TargetModel.determinism.op("->>", return_type=String())(ListingVersion.scheduler)
    query = select(
        Listing.id,
        Listing.slug,
        Listing.title,
        Listing.price_cents,
        Listing.category_slug,
        SellerProfile.display_name,
        SellerProfile.handle,
        TargetModel.name.label("model_name"),
        TargetModel.tier,
        determinism.label("determinism"),
        ListingVersion.degraded_since,
        cover.c.derivatives,
        cover.c.alt,
        _verdict().label("verdict"),
        newest_score(ListingVersion.id).label("score"),
        *sale.c,
    )
    return (
        on_sale(query.select_from(Listing))
        .join(SellerProfile, SellerProfile.user_id == Listing.seller_id)
        .join(TargetModel, TargetModel.slug == ListingVersion.target_model_slug)
        .outerjoin(cover, true())
        .outerjoin(sale, true())
        .where(Listing.id.in_(bindparam("listing_ids", expanding=True)))
    )


def _verdict() -> ScalarSelect[Verdict | None]:
    """What the newest completed run of the live version came to."""
    return (
        select(VerificationRun.verdict)
        .where(
            VerificationRun.version_id == ListingVersion.id,
            VerificationRun.state == RunState.COMPLETED,
        )
        .order_by(VerificationRun.created_at.desc())
        .limit(1)
        .scalar_subquery()
    )


def _shelved(row: Row[*tuple[Any, ...]]) -> Shelved:
    sale = sale_of(row)
    return Shelved(
        listing_id=row.id,
        path=f"{row.slug}-{row.id}",
        title=row.title,
        price_cents=sale.price_cents if sale else row.price_cents,
        category_slug=row.category_slug,
        seller_name=row.display_name,
        seller_handle=row.handle,
        model_name=row.model_name,
        # Models that are switched off are not on sale: what was declared is what holds.
        tier=tier_under(row.tier, Determinism(row.determinism or Determinism.NONE)),
        degraded=row.degraded_since is not None,
        cover=row.derivatives or [],
        cover_alt=row.alt or "",
        verdict=row.verdict,
        consistency=None if row.score is None else int(100 * row.score),
        sale=sale,
    )
