"""Pictures that may not come back: whether a version shows one, and what is offered that does."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.listings.models import Listing, ListingVersion, Sample
from marketplace.moderation.decisions.models import BannedImage
from marketplace.moderation.models import Case
from marketplace.moderation.on_sale import OFFERED, put_before
from marketplace.verification.policy import FindingDraft

NEAR_BITS = 31
"""Of 256: within this two hashes are of one picture (verification.similarity)."""


def banned_findings(session: Session, version: ListingVersion) -> list[FindingDraft]:
    """One serious finding for each sample whose picture was banned before, with that reason."""
    distance = func.bit_count(Sample.pdq.op("#")(BannedImage.pdq))
    rows = session.execute(
        select(Sample.position, func.min(BannedImage.reason_code))
        .join(
            BannedImage,
            or_(
                Sample.file_sha256 == BannedImage.file_sha256,
                Sample.pixel_sha256 == BannedImage.pixel_sha256,
                distance <= NEAR_BITS,
            ),
        )
        .where(Sample.version_id == version.id)
        .group_by(Sample.position)
        .order_by(Sample.position)
    )
    return [_finding(code, position) for position, code in rows]


def to_search(session: Session, limit: int = 50) -> list[str]:
    """Ids of banned pictures that were not looked for yet among what is offered."""
    query = select(BannedImage.id).where(BannedImage.searched_at.is_(None))
    return list(session.scalars(query.order_by(BannedImage.created_at).limit(limit)))


def file_matches(session: Session, image: BannedImage, alike: Collection[str]) -> list[Case]:
    """Open cases about everything offered that shows a banned picture; nothing goes off sale by it.

    Where one of the listings is being decided about in this moment, the picture stays to be
    searched, and the next sweep comes back to it.

    Args:
        alike: ids of samples that show the same picture by their hashes; equal files and equal
            pixels are found here.
    """
    rows = session.execute(
        select(Listing, Sample.position)
        .join(Sample, Sample.version_id == Listing.live_version_id)
        .where(
            Listing.state.in_(OFFERED),
            or_(
                Sample.file_sha256 == image.file_sha256,
                Sample.pixel_sha256 == image.pixel_sha256,
                Sample.id.in_(alike),
            ),
        )
        .order_by(Listing.id, Sample.position)
    ).all()
    cases = [
        put_before(session, listing, [_finding(image.reason_code, position)])
        for listing, position in rows
    ]
    filed = [case for case in cases if case is not None]
    if len(filed) == len(cases):
        image.searched_at = now()
    session.flush()
    return filed


def _finding(code: str, position: int) -> FindingDraft:
    return FindingDraft(
        str(code),
        "serious",
        "samples",
        f"Sample {position} is a picture that a moderator has banned.",
    )
