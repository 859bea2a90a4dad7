"""What a stranger may see of a listing. Built field by field: nothing sealed can slip through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from statistics import median
from typing import Any

from marketplace.discovery.queries import is_on_sale
from marketplace.discovery.shelving import Shelved
from marketplace.gateways.payments import TransfersStatus
from marketplace.listings.licences import Licence, licence_named
from marketplace.listings.models import Listing, ListingVersion, Sample, TargetModel
from marketplace.listings.public import (
    ordered_values,
    settings_rows,
    variable_names,
)
from marketplace.listings.tiers import Tier
from marketplace.offers.queries import RunningSale
from marketplace.search.finding import Hit
from marketplace.verification.models import SampleCheck, VerificationRun
from marketplace.verification.queries import deciding_distance
from marketplace.verification.similarity import Band
from marketplace.verification.states import Verdict

Derivatives = list[dict[str, Any]]


@dataclass(frozen=True)
class ListingCard:
    """A listing on a shelf."""

    path: str
    title: str
    price_cents: int
    cover: Derivatives
    cover_alt: str
    model_name: str
    tier: Tier | None
    seller_name: str
    seller_handle: str
    reproduced: bool
    sale: RunningSale | None = None
    """The timed sale that its price comes from."""
    consistency: int | None = None
    """Percent; None where it was not measured."""
    is_newcomer: bool = False
    """It is in a place that is kept for the new."""
    likeness: Derivatives = field(default_factory=list)
    """The picture of ours that is like the one somebody looked with."""
    is_same_picture: bool = False


def card(item: Shelved) -> ListingCard:
    """The card of a live listing."""
    return ListingCard(
        path=item.path,
        title=item.title,
        price_cents=item.price_cents,
        cover=item.cover,
        cover_alt=item.cover_alt,
        model_name=item.model_name,
        tier=item.tier,
        seller_name=item.seller_name,
        seller_handle=item.seller_handle,
        reproduced=item.verdict is Verdict.REPRODUCED and not item.degraded,
        sale=item.sale,
        consistency=item.consistency,
    )


def cards(items: Sequence[Shelved]) -> list[ListingCard]:
    """The cards of a shelf."""
    return [card(item) for item in items]


def found_cards(items: Sequence[Shelved], hits: Sequence[Hit]) -> list[ListingCard]:
    """The cards of a page of results, each with what search knows of it."""
    by_id = {hit.listing_id: hit for hit in hits}
    found = []
    for item in items:
        hit, shown = by_id[item.listing_id], card(item)
        if hit.is_newcomer or hit.picture is not None:
            shown = replace(
                shown,
                is_newcomer=hit.is_newcomer,
                likeness=hit.picture.derivatives if hit.picture else [],
                is_same_picture=hit.picture is not None and hit.picture.same,
            )
        found.append(shown)
    return found


@dataclass(frozen=True)
class GalleryPicture:
    """A sample, the values that made it, and our re-run where there is one."""

    number: int
    sample: Derivatives
    alt: str
    values: list[tuple[str, str]]
    rerun: Derivatives
    band: Band | None
    distance: int | None
    """The distance that decided, in bits of 256."""


@dataclass(frozen=True)
class ProofSummary:
    """The report in one glance."""

    verdict: Verdict
    reproduced: int
    total: int
    median_distance: int
    largest_distance: int
    finished_at: datetime | None


@dataclass(frozen=True)
class ListingPage:
    """A listing as its own page shows it to anyone."""

    id: str
    path: str
    title: str
    summary: str
    description: str
    tags: list[str]
    category_slug: str
    category_name: str
    price_cents: int
    live: bool
    payable: bool
    """False while the seller's account cannot be paid: nothing can be bought then."""
    seller_name: str
    seller_handle: str
    seller_since: datetime
    skeleton: list[Any]
    variables: list[Any]
    word_count: int
    model: TargetModel
    tier: Tier
    settings: list[tuple[str, str]]
    licence: Licence
    gallery: list[GalleryPicture]
    proof: ProofSummary | None
    published_at: datetime | None
    sale: RunningSale | None = None
    """The timed sale that its price comes from."""


def listing_page(
    listing: Listing,
    version: ListingVersion,
    run: VerificationRun | None,
    sale: RunningSale | None = None,
) -> ListingPage:
    """The public page of a listing's version; ``run`` is its completed run, if any."""
    checks = {check.sample_id: check for check in run.checks} if run else {}
    names = variable_names(version)
    return ListingPage(
        id=listing.id,
        path=listing.path,
        title=listing.title,
        summary=listing.summary,
        description=listing.description,
        tags=list(listing.tags),
        category_slug=listing.category.slug,
        category_name=listing.category.name,
        price_cents=sale.price_cents if sale else listing.price_cents,
        live=is_on_sale(listing),
        payable=listing.seller.transfers_status is TransfersStatus.ACTIVE,
        seller_name=listing.seller.display_name,
        seller_handle=listing.seller.handle,
        seller_since=listing.seller.created_at,
        skeleton=list(version.skeleton),
        variables=list(version.variables),
        word_count=version.word_count,
        model=version.target_model,
        tier=version.tier,
        settings=settings_rows(version),
        licence=licence_named(version.licence),
        gallery=[_picture(sample, checks.get(sample.id), names) for sample in version.samples],
        proof=_proof(run),
        published_at=listing.published_at,
        sale=sale,
    )


@dataclass(frozen=True)
class HomeProof:
    """One sample beside its re-run, from a listing that is for sale."""

    path: str
    title: str
    alt: str
    sample: Derivatives
    rerun: Derivatives
    distance: int
    model_name: str
    skeleton: list[Any]


def home_proof(found: tuple[Listing, SampleCheck] | None) -> HomeProof | None:
    """The home page's pair of pictures, if the shop has one yet."""
    if found is None or found[0].live_version is None:
        return None
    listing, check = found
    version = found[0].live_version
    return HomeProof(
        path=listing.path,
        title=listing.title,
        alt=check.sample.alt,
        sample=check.sample.derivatives,
        rerun=check.derivatives,
        distance=deciding_distance(check),
        model_name=version.target_model.name,
        skeleton=list(version.skeleton),
    )


def _picture(sample: Sample, check: SampleCheck | None, names: Sequence[str]) -> GalleryPicture:
    return GalleryPicture(
        number=sample.position,
        sample=sample.derivatives,
        alt=sample.alt,
        values=ordered_values(sample.values, names),
        rerun=check.derivatives if check else [],
        band=check.band if check else None,
        distance=deciding_distance(check) if check else None,
    )


def _proof(run: VerificationRun | None) -> ProofSummary | None:
    if run is None or run.verdict is None or not run.checks:
        return None  # nothing was measured: the tier's sentence says what stands instead
    distances = [deciding_distance(check) for check in run.checks]
    return ProofSummary(
        verdict=run.verdict,
        reproduced=sum(check.band is Band.REPRODUCED for check in run.checks),
        total=len(run.checks),
        median_distance=round(median(distances)) if distances else 0,
        largest_distance=max(distances, default=0),
        finished_at=run.finished_at,
    )
