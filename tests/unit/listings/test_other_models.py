"""Selling for models without seed or settings, and for models that are switched off."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError, InvalidError
from marketplace.listings import operations
from marketplace.listings.checks import SubmissionError
from marketplace.listings.models import Listing, TargetModel
from marketplace.listings.queries import version_of
from marketplace.listings.states import ListingState
from marketplace.listings.tiers import Tier
from marketplace.search import indexing
from tests.factories.listings import contents, make_draft, make_live, make_sample, picture_bytes

MIDJOURNEY: dict[str, Any] = {
    "target_model_slug": "midjourney",
    "scheduler": "",
    "steps": 1,
    "guidance": 0.0,
}
FORM = {
    "title": "Paper-cut animals",
    "description": "Layered paper scenes with one animal of your choice.",
    "category": "wallpapers",
    "tags": "paper",
    "prompt": "velvet paper-cut [subject=fox]",
    "price": "2.99",
    "target_model": "midjourney",
    # A browser sends these for every model.
    "steps": "20",
    "guidance": "4",
    "scheduler": "dpmpp_2m",
}


def retire(session: Session, slug: str = "house-full") -> TargetModel:
    model = session.get_one(TargetModel, slug)
    model.retired_on = date(2026, 5, 12)
    session.flush()
    return model


def test_the_form_drops_settings_that_the_model_has_not(
    shop: FlaskClient, session: Session, seller: SellerProfile
) -> None:
    assert shop.post("/sell/new", data=FORM).status_code == 302
    listing = session.query(Listing).one()
    version = version_of(session, listing)
    assert (version.scheduler, version.steps, version.guidance) == ("", 1, 0.0)
    assert version.tier is Tier.ATTESTED
    page = shop.get(f"/sell/{listing.id}").text
    assert ">seed</label>" not in page
    assert "Attested" in page


def test_samples_go_without_a_seed(
    shop: FlaskClient, session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_draft(session, services, seller, **MIDJOURNEY)
    session.commit()
    data = {
        "new-0-file": (io.BytesIO(picture_bytes(7)), "a.png"),
        "new-0-value-subject": "owl",
        "new-0-value-sky": "night",
    }
    shop.post(f"/sell/{listing.id}/samples", data=data)
    session.expire_all()
    (sample,) = version_of(session, listing).samples
    assert (sample.seed, sample.values) == (None, {"subject": "owl", "sky": "night"})
    changed = {f"{sample.id}-value-subject": "hare", f"{sample.id}-value-sky": "noon"}
    shop.post(f"/sell/{listing.id}/samples", data=changed)
    session.expire_all()
    assert version_of(session, listing).samples[0].values["subject"] == "hare"


def test_a_seed_is_refused_where_there_is_none_and_asked_for_where_there_is(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_draft(session, services, seller, **MIDJOURNEY)
    with pytest.raises(InvalidError, match="takes no seed"):
        make_sample(session, services, listing, seed=4)
    seeded = make_draft(session, services, seller)
    with pytest.raises(InvalidError, match="Give the seed"):
        make_sample(session, services, seeded, seed=None, picture=picture_bytes(3))


def test_settings_are_refused_where_there_are_none(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    with pytest.raises(InvalidError, match="takes no scheduler"):
        make_draft(session, services, seller, **{**MIDJOURNEY, "steps": 20})


@pytest.mark.parametrize("slug", ["sd-1-5", "gpt-image-2", "dall-e-3"])
def test_closed_models_cannot_be_chosen(
    shop: FlaskClient, session: Session, services: Services, seller: SellerProfile, slug: str
) -> None:
    with pytest.raises(InvalidError, match=r"Not offered|Switched off"):
        make_draft(session, services, seller, target_model_slug=slug)
    page = shop.get("/sell/new").text
    assert f'<option value="{slug}"' not in page
    assert "Not offered on this installation." in page
    answer = shop.post("/sell/new", data={**FORM, "target_model": slug})
    assert answer.status_code == 422


def test_a_draft_on_a_retired_model_cannot_be_submitted(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_draft(session, services, seller, samples=3)
    retire(session)
    with pytest.raises(SubmissionError, match="Choose another model"):
        operations.submit(session, services.vault, services.queue, listing, seller.user_id)


def test_a_retired_model_takes_its_listings_off_sale_until_they_move(
    shop: FlaskClient, session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_live(session, services, seller)
    sold = listing.live_version_id
    session.commit()
    indexing.update(services)
    assert "Paper-cut animals" in shop.get("/browse").text
    model = retire(session)
    session.commit()
    assert "Paper-cut animals" not in shop.get("/browse").text  # before any sweep
    assert [row.id for row in operations.retire_listings(session)] == [listing.id]
    assert operations.retire_listings(session) == []
    session.commit()
    assert listing.state is ListingState.WITHDRAWN
    with pytest.raises(ConflictError, match="switched off"):
        operations.relist(session, listing, seller.user_id)
    page = shop.get(f"/sell/{listing.id}").text
    assert f"{model.name} has been switched off by its maker" in page
    assert "Choose another model" in page
    assert "Put it back on sale" not in page
    assert "switched off" in shop.get("/sell").text
    moved = contents(target_model_slug="house-fast", steps=10)
    operations.revise(session, services.vault, listing, moved, seller.user_id)
    session.commit()
    version = version_of(session, listing)
    assert (listing.state, version.number) == (ListingState.DRAFT, 2)
    assert version.target_model_slug == "house-fast"
    assert listing.live_version_id == sold  # its buyers keep theirs


def test_moving_to_a_model_without_seeds_drops_them(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_draft(session, services, seller, samples=2)
    operations.revise(session, services.vault, listing, contents(**MIDJOURNEY), seller.user_id)
    assert [sample.seed for sample in version_of(session, listing).samples] == [None, None]
    operations.revise(session, services.vault, listing, contents(), seller.user_id)
    make_sample(session, services, listing, seed=9)
    with pytest.raises(SubmissionError, match="Give the seed"):
        operations.submit(session, services.vault, services.queue, listing, seller.user_id)


def test_the_shop_shows_the_tier_with_its_meaning(
    shop: FlaskClient, session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_live(session, services, seller)
    session.commit()
    page = shop.get(f"/p/{listing.path}").text
    assert Tier.EXACT.meaning in page
    for other in set(Tier) - {Tier.EXACT}:
        assert f"{other.label}</span>" not in page
