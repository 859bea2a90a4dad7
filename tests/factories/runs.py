"""Listings whose samples have pictures, and what became of their runs."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.clock import frozen, now
from marketplace.core.container import Services
from marketplace.images import read_upload
from marketplace.listings.models import Listing, ListingVersion, Sample
from marketplace.listings.operations import store_original
from marketplace.moderation.models import Case
from marketplace.verification.models import VerificationRun
from tests.factories.generation import FakeGenerator, draw
from tests.factories.verification import SECRET_WORD, make_waiting_listing
from workers.runs import runner


def filled(values: dict[str, str]) -> str:
    """The factory's prompt with these values, as a model gets it."""
    return f"paper-cut {values['subject']} under a {values['sky']} sky, {SECRET_WORD}"


def upload(session: Session, services: Services, sample: Sample, image: Image.Image) -> None:
    """Give a sample's row its picture."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    checked = read_upload(buffer.getvalue(), "sample.png")
    sample.original_key = store_original(services.blobs, checked)
    sample.file_sha256 = bytes.fromhex(checked.sha256)
    sample.pixel_sha256 = bytes.fromhex(checked.pixel_sha256)
    session.flush()


def honest_listing(
    session: Session, services: Services, noise: str = "cpu", **options: Any
) -> Listing:
    """A submitted listing whose samples were made by its prompt; committed."""
    listing = make_waiting_listing(session, services.vault, **options)
    version = session.get_one(ListingVersion, listing.version_id)
    for sample in version.samples:
        assert sample.seed is not None
        upload(session, services, sample, draw(filled(sample.values), sample.seed, noise))
    session.commit()
    return listing


def work(services: Services, engine: FakeGenerator) -> str | None:
    """Let a worker with this engine take whatever run is due."""
    return runner.work_on_next(services, lambda: engine)  # type: ignore[arg-type, return-value]


def work_through(services: Services, engine: FakeGenerator, session: Session) -> int:
    """Let a worker come back after every pause until nothing waits; how often it came."""
    for times in range(100):
        session.expire_all()
        pauses = session.scalars(select(VerificationRun.not_before)).all()
        with frozen(max([now(), *(pause for pause in pauses if pause)])):
            if work(services, engine) is None:
                return times
    raise AssertionError("there is no end to it")


def run_of(session: Session, listing: Listing) -> VerificationRun:
    """The listing's only run, read anew."""
    session.expire_all()
    return session.scalars(
        select(VerificationRun).where(VerificationRun.version_id == listing.version_id)
    ).one()


def case_of(session: Session, listing: Listing) -> Case | None:
    """The listing's case, if moderators have been told."""
    session.expire_all()
    return session.scalars(select(Case).where(Case.version_id == listing.version_id)).one_or_none()
