"""Pictures that may not come back: whether a version shows one."""

from __future__ import annotations

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from marketplace.listings.models import ListingVersion, Sample
from marketplace.moderation.decisions.models import BannedImage
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
    return [
        FindingDraft(
            str(code),
            "serious",
            "samples",
            f"Sample {position} is a picture that a moderator has banned.",
        )
        for position, code in rows
    ]
