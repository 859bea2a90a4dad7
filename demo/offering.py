"""A seller's way with one listing: draft, samples one by one, submission. Resumes anywhere."""

from __future__ import annotations

from sqlalchemy.orm import Session

from demo.samples import Studio
from demo.script import ListingScript
from demo.stored import Recipe, find_listing, recipe_of
from marketplace.accounts.queries import user_by_email
from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.images import read_upload
from marketplace.listings import operations
from marketplace.listings.models import Listing, TargetModel
from marketplace.listings.queries import version_of
from marketplace.listings.states import ListingState


def offer(services: Services, studio: Studio, listing: ListingScript) -> str | None:
    """Bring a listing to verification unless it is there or beyond; returns its id.

    None when a person has given it a new version: from then on it is theirs.

    Each sample is committed by itself, so a loader that was killed goes on behind the last one.

    Raises:
        EngineError: the model cannot run; everything so far is kept.
    """
    with unit_of_work(services.database) as session:
        stored = find_listing(session, listing) or _draft(session, services, listing)
        listing_id, version = stored.id, version_of(session, stored)
        if version.number > 1:
            return None
        if stored.state is not ListingState.DRAFT:
            return listing_id
        recipe, begun = recipe_of(version), len(version.samples)
    for number in range(begun, len(listing.samples)):
        _upload(services, studio, listing, number, listing_id, recipe)
    with unit_of_work(services.database) as session:
        stored = session.get_one(Listing, listing_id)
        operations.submit(session, services.vault, services.queue, stored, stored.seller_id)
    return listing_id


def _draft(session: Session, services: Services, listing: ListingScript) -> Listing:
    seller = user_by_email(session, listing.seller)
    model = session.get(TargetModel, listing.model)
    if seller is None or model is None:
        raise LookupError("the demo's sellers and the catalogue come before its listings")
    contents = operations.DraftContents(
        title=listing.title,
        description=listing.description,
        category_slug=listing.category,
        tags=listing.tags,
        price=listing.price,
        prompt=listing.prompt,
        target_model_slug=listing.model,
        scheduler=listing.scheduler or model.schedulers[0],
        steps=listing.steps or model.steps_default,
        guidance=listing.guidance or model.guidance_default,
    )
    return operations.create_draft(session, services.vault, seller.id, contents)


def _upload(
    services: Services,
    studio: Studio,
    listing: ListingScript,
    number: int,
    listing_id: str,
    recipe: Recipe,
) -> None:
    """Make and attach the sample at an index, checked like every upload."""
    sample = listing.samples[number]
    picture = read_upload(studio.picture(listing, sample, recipe))
    with unit_of_work(services.database) as session:
        stored = session.get_one(Listing, listing_id)
        operations.add_sample(
            session,
            services.vault,
            services.blobs,
            stored,
            picture,
            sample.values,
            sample.seed,
        )
