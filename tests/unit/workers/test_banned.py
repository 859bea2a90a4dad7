"""A banned picture is found among what is on sale, turned too; cases are opened, nothing goes."""

from __future__ import annotations

import pytest
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.listings.models import Sample
from marketplace.listings.states import ListingState
from marketplace.moderation.decisions.effects import ban
from marketplace.moderation.decisions.models import BannedImage
from marketplace.moderation.models import Case
from marketplace.moderation.states import Lane, ReasonCode
from tests.factories.accounts import make_seller
from tests.factories.listings import make_live
from workers.fingerprints.hashes import fingerprint
from workers.search.samples import stored_picture
from workers.tasks import moderation


@pytest.fixture(autouse=True)
def parts(monkeypatch: pytest.MonkeyPatch, services: Services) -> None:
    monkeypatch.setattr(moderation, "services", lambda: services)


def hash_as(sample: Sample, image: Image.Image) -> None:
    """Give a sample the hashes of a picture, and a file of its own."""
    prints = fingerprint(image)
    sample.pdq, sample.pdq_quality, sample.dct256 = prints.pdq, prints.pdq_quality, prints.dct256
    sample.phash64, sample.fingerprint_version = prints.phash64, prints.version
    sample.file_sha256 = sample.pixel_sha256 = sample.id.encode().ljust(32)


def test_a_turned_copy_on_sale_becomes_a_case_once(session: Session, services: Services) -> None:
    banned, turned, clean = (make_live(session, services, make_seller(session)) for _ in range(3))
    for listing in (turned, clean):
        assert listing.live_version is not None
        for sample in listing.live_version.samples:
            blank = Image.linear_gradient("L").resize((128, 128)).convert("RGB")
            hash_as(sample, blank)
    assert banned.live_version is not None
    assert turned.live_version is not None
    sample = banned.live_version.samples[0]
    picture = stored_picture(services, sample.original_key)
    assert picture is not None
    hash_as(turned.live_version.samples[1], picture.transpose(Image.Transpose.ROTATE_90))
    ban(session, sample.id, ReasonCode.MINOR_SAFETY)
    banned.state = ListingState.WITHDRAWN  # as a decision would have, but further
    session.commit()
    for _ in range(2):
        moderation.search_banned()
    session.expire_all()
    cases = session.scalars(select(Case).where(Case.lane == Lane.SCANNER)).all()
    assert {case.listing_id for case in cases} == {turned.id, banned.id}
    found = next(case for case in cases if case.listing_id == turned.id)
    assert [(one.code, one.explanation[:8]) for one in found.findings] == [
        ("MINOR_SAFETY", "Sample 2")
    ]
    assert turned.state is ListingState.LIVE
    assert session.scalars(select(BannedImage.searched_at)).one() is not None
