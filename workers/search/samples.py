"""Copy search for a listing's sample: remember its prints, search, record what is proved."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.blobs import BlobMissingError
from marketplace.images import UploadError, read_upload
from marketplace.listings.models import Sample
from marketplace.verification.copy_search import Lookalike, record_copies
from marketplace.verification.models import CopyHit, VerificationRun
from marketplace.verification.window_models import SampleWindows
from workers.fingerprints import features, windows
from workers.fingerprints.hashes import fingerprint
from workers.search.catalogue import PRINTS_VERSION, Catalogue, catalogue_of
from workers.search.copies import PIXEL_SIDE, CopySearch, Found
from workers.search.corpus_hits import find_in_corpora
from workers.search.geometry import kind_of

BACKLOG = 25
"""Samples without prints (from before there were any) that one search makes up for."""


def find_copies(
    session: Session,
    services: Services,
    run: VerificationRun,
    sample: Sample,
    image: Image.Image,
) -> list[CopyHit]:
    """Search for one sample among all that were listed, and record the hits.

    Args:
        image: the sample's picture, RGB.

    Returns:
        The recorded hits on other sellers' samples, earlier origins first; hits in imported
        corpora are recorded beside them. Repeating is safe.
    """
    pixels = np.asarray(image, np.uint8)
    with unit_of_work(services.database) as own:
        # Committed before searching: of two that come at once, one at least sees the other.
        remember(own, own.get_one(Sample, sample.id), image)
        make_up(own, services)
    catalogue = catalogue_of(services.database)
    catalogue.refresh(session)
    search = CopySearch(
        catalogue.pdq,
        catalogue.windows,
        catalogue.voters,
        StoredPictures(session, services, catalogue),
    )
    itself = catalogue.slots([sample.id])
    found = [each for each in search.find(pixels, lambda slots: slots - itself) if each.is_copy]
    ids = catalogue.ids([each.slot for each in found])
    find_in_corpora(session, services, run, sample, image)
    return record_copies(session, run, sample, [_lookalike(ids[each.slot], each) for each in found])


def remember(session: Session, sample: Sample, image: Image.Image) -> None:
    """Store the sample's fingerprint, windows and keypoints unless they are there."""
    if sample.pdq is None:
        prints = fingerprint(image)
        sample.pdq, sample.pdq_quality = prints.pdq, prints.pdq_quality
        sample.phash64, sample.dct256 = prints.phash64, prints.dct256
        sample.fingerprint_version = prints.version
    known = session.get(SampleWindows, sample.id)
    if known is not None and known.version == PRINTS_VERSION:
        return
    pixels = np.asarray(image, np.uint8)
    row = {
        "version": PRINTS_VERSION,
        "windows": windows.pack(windows.window_hashes(pixels)),
        "keypoints": features.pack(features.features(pixels)),
    }
    statement = insert(SampleWindows).values(sample_id=sample.id, **row)
    session.execute(
        statement.on_conflict_do_update(index_elements=[SampleWindows.sample_id], set_=row)
    )


def make_up(session: Session, services: Services, limit: int = BACKLOG) -> int:
    """Hash samples that were fingerprinted before windows were stored; how many were."""
    have = select(SampleWindows.sample_id).where(
        SampleWindows.sample_id == Sample.id, SampleWindows.version == PRINTS_VERSION
    )
    query = (
        select(Sample)
        .where(Sample.pdq.is_not(None), ~have.exists())
        .limit(limit)
        # Two workers must not wait for each other's rows in a circle.
        .with_for_update(key_share=True, skip_locked=True)
    )
    done = 0
    for sample in session.scalars(query):
        image = stored_picture(services, sample.original_key)
        if image is not None:
            remember(session, sample, image)
            done += 1
    return done


class StoredPictures:
    """The Library of listing samples: keypoints from PostgreSQL, pictures from the blob store."""

    def __init__(self, session: Session, services: Services, catalogue: Catalogue) -> None:
        self._session, self._services, self._catalogue = session, services, catalogue

    def features(self, slots: Iterable[int]) -> dict[int, features.Features]:
        """Keypoints by slot, in one query."""
        by_id = {sample_id: slot for slot, sample_id in self._catalogue.ids(slots).items()}
        rows = self._session.execute(
            select(SampleWindows.sample_id, SampleWindows.keypoints).where(
                SampleWindows.sample_id.in_(by_id)
            )
        )
        return {by_id[sample_id]: features.unpack(data) for sample_id, data in rows}

    def grey(self, slot: int) -> NDArray[np.uint8] | None:
        """The original upload in grey; None when it is gone."""
        sample = self._session.get(Sample, self._catalogue.ids([slot])[slot])
        image = None if sample is None else stored_picture(self._services, sample.original_key)
        return None if image is None else windows.grey_of(np.asarray(image, np.uint8), PIXEL_SIDE)


def stored_picture(services: Services, key: str) -> Image.Image | None:
    """An upload's picture, RGB; None when it is gone or cannot be read any more."""
    try:
        return read_upload(services.blobs.get(key), "sample").image
    except (BlobMissingError, UploadError):
        return None


def _lookalike(sample_id: str, found: Found) -> Lookalike:
    seen = found.agreement
    return Lookalike(
        sample_id=sample_id,
        kind=kind_of(found.placement, seen.overlap),
        method=found.method,
        distance=found.distance,
        agreement=round(1 - seen.missing - seen.added, 3),
        overlap=round(seen.overlap, 3),
    )
