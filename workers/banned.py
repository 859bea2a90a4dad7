"""Looks for a banned picture among the samples of what is offered: turned, mirrored, framed too."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.listings.models import Sample
from marketplace.moderation.banned import NEAR_BITS, file_matches
from marketplace.moderation.decisions.models import BannedImage
from marketplace.moderation.models import Case
from marketplace.verification.hash_search import Probe, Source, scan
from workers.fingerprints.hashes import DEFINITION_VERSION
from workers.search.corpus_hits import probes_of
from workers.search.samples import stored_picture


def look_for(session: Session, services: Services, banned_id: str) -> list[Case]:
    """Search for one banned picture, if nobody did yet; returns the cases about what shows it."""
    image = session.scalar(
        select(BannedImage)
        .where(BannedImage.id == banned_id, BannedImage.searched_at.is_(None))
        .with_for_update(skip_locked=True)
    )
    if image is None:
        return []
    return file_matches(session, image, _alike(session, services, image))


def _alike(session: Session, services: Services, image: BannedImage) -> set[str]:
    """Ids of samples whose hashes are those of the picture, in whatever orientation."""
    sample = session.get(Sample, image.sample_id) if image.sample_id else None
    if sample is None:
        return set()  # gone with its listing: equal files are all that can be found
    picture = stored_picture(services, sample.original_key)
    probes = [] if picture is None else probes_of(picture)
    if not probes and sample.pdq is not None and sample.dct256 is not None:
        probes = [Probe("upright", sample.pdq, sample.dct256)]
    found = scan(session, probes, DEFINITION_VERSION, NEAR_BITS, [Source.SAMPLE])
    return {one.sample_id for one in found if one.sample_id is not None}
