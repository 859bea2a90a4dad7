"""Samples: ranges, duplicates, places, and that nothing secret reaches the public copies."""

from __future__ import annotations

import pytest
from PIL import PngImagePlugin
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError, InvalidError
from marketplace.gateways.blobs import public_key
from marketplace.listings import operations
from marketplace.listings.models import Listing
from marketplace.listings.queries import version_of
from marketplace.prompts import FillError
from tests.factories.listings import make_draft, make_sample, make_submitted, picture_bytes


@pytest.fixture
def draft(session: Session, services: Services, seller: SellerProfile) -> Listing:
    return make_draft(session, services, seller)


def test_a_sample_keeps_the_original_and_publishes_copies(
    session: Session, services: Services, draft: Listing
) -> None:
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text("parameters", "velvet paper-cut fox")
    upload = picture_bytes(5, pnginfo=chunks)
    sample = make_sample(session, services, draft, 5, {"subject": " owl "}, upload)
    assert sample.values == {"subject": "owl", "sky": "sunset"}
    assert sample.alt == "Paper-cut animals (subject: owl, sky: sunset)"
    assert services.blobs.get(sample.original_key) == upload
    (only,) = sample.derivatives
    assert (only["width"], only["height"]) == (128, 128)
    for name in (only["webp"], only["jpeg"]):
        public = services.blobs.get(public_key(name))
        assert b"velvet" not in public
        assert b"parameters" not in public


def test_values_and_seeds_are_checked(session: Session, services: Services, draft: Listing) -> None:
    for values in ({"sky": "green"}, {"moon": "full"}, {"subject": "[x]"}, {"subject": "a" * 121}):
        with pytest.raises(FillError):
            make_sample(session, services, draft, values=values)
    for seed in (-1, 2**32):
        with pytest.raises(InvalidError, match="4294967295"):
            make_sample(session, services, draft, seed, picture=picture_bytes(1))
    assert version_of(session, draft).samples == []
    assert make_sample(session, services, draft, seed=2**32 - 1).seed == 2**32 - 1


def test_the_same_picture_is_refused_whatever_its_file(
    session: Session, services: Services, draft: Listing
) -> None:
    make_sample(session, services, draft, 1)
    again = picture_bytes(1, compress_level=1)
    assert again != picture_bytes(1)
    with pytest.raises(InvalidError, match="same picture as sample 1"):
        make_sample(session, services, draft, 2, picture=again)


def test_the_tenth_sample_is_refused(session: Session, services: Services, draft: Listing) -> None:
    for seed in range(1, 10):
        make_sample(session, services, draft, seed)
    with pytest.raises(InvalidError, match="at most 9"):
        make_sample(session, services, draft, 10)
    assert len(version_of(session, draft).samples) == 9


def test_removing_moves_the_later_ones_up(
    session: Session, services: Services, draft: Listing
) -> None:
    one, two, three = (make_sample(session, services, draft, seed) for seed in (1, 2, 3))
    operations.remove_sample(session, services.vault, draft, one.id)
    operations.remove_sample(session, services.vault, draft, one.id)  # a double click
    left = version_of(session, draft).samples
    assert [(sample.id, sample.position) for sample in left] == [(two.id, 1), (three.id, 2)]
    assert make_sample(session, services, draft, 4).position == 3


def test_changing_a_sample(session: Session, services: Services, draft: Listing) -> None:
    sample = make_sample(session, services, draft, 1)
    operations.change_sample(
        session, services.vault, draft, sample.id, {"subject": "owl", "sky": "NOON"}, 7
    )
    assert (sample.values, sample.seed) == ({"subject": "owl", "sky": "noon"}, 7)
    with pytest.raises(FillError):
        operations.change_sample(session, services.vault, draft, sample.id, {"sky": "x"}, 7)
    assert sample.values["sky"] == "noon"


def test_another_listings_sample_cannot_be_touched(
    session: Session, services: Services, seller: SellerProfile, draft: Listing
) -> None:
    other = make_draft(session, services, seller, samples=1)
    foreign = version_of(session, other).samples[0]
    with pytest.raises(ConflictError):
        operations.change_sample(session, services.vault, draft, foreign.id, {}, 7)
    operations.remove_sample(session, services.vault, draft, foreign.id)
    assert len(version_of(session, other).samples) == 1


def test_submitted_samples_are_frozen(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_submitted(session, services, seller)
    sample = version_of(session, listing).samples[0]
    with pytest.raises(ConflictError):
        make_sample(session, services, listing, 9)
    with pytest.raises(ConflictError):
        operations.remove_sample(session, services.vault, listing, sample.id)
    with pytest.raises(ConflictError):
        operations.change_sample(session, services.vault, listing, sample.id, {}, 1)
    assert len(version_of(session, listing).samples) == 3
