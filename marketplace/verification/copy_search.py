"""Whether a sample was taken from another seller: exact search over all stored fingerprints.

PostgreSQL counts the differing bits itself. A scan is exact at this size; the index for large
catalogues comes behind the same function (see docs/architecture.md).
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from marketplace.core.columns import HashBits
from marketplace.core.ids import new_id
from marketplace.listings.models import Listing, ListingVersion, Sample
from marketplace.verification.models import CopyHit, VerificationRun
from marketplace.verification.policy import FoundCopy
from marketplace.verification.similarity import REPRODUCED_MAX, TRUSTED_QUALITY

MAX_HITS = 20
"""Per sample; a case needs proof of copying, not a census."""


@dataclass(frozen=True)
class Mirrored:
    """Hashes of a sample flipped left to right."""

    pdq: bytes
    dct256: bytes


def record_copies(
    session: Session, run: VerificationRun, sample: Sample, mirrored: Mirrored
) -> None:
    """Search for one fingerprinted sample among other sellers' samples and store the hits."""
    version = session.get_one(ListingVersion, sample.version_id)
    seller_id = session.get_one(Listing, version.listing_id).seller_id
    trusted = (sample.pdq_quality or 0) >= TRUSTED_QUALITY
    column = Sample.pdq if trusted else Sample.dct256
    straight = _distance(column, (sample.pdq if trusted else sample.dct256) or b"")
    flipped = _distance(column, mirrored.pdq if trusted else mirrored.dct256)
    same_file = Sample.file_sha256 == sample.file_sha256
    same_pixels = Sample.pixel_sha256 == sample.pixel_sha256
    # A flat picture is close to every other flat picture: only equal quality classes compare.
    alike = (
        (Sample.pdq_quality >= TRUSTED_QUALITY)
        if trusted
        else (Sample.pdq_quality < TRUSTED_QUALITY)
    ) & or_(straight <= REPRODUCED_MAX, flipped <= REPRODUCED_MAX)
    rows = session.execute(
        select(Sample, same_file, same_pixels, straight, flipped)
        .join(ListingVersion, Sample.version_id == ListingVersion.id)
        .join(Listing, ListingVersion.listing_id == Listing.id)
        .where(
            Listing.seller_id != seller_id,
            Sample.fingerprint_version == sample.fingerprint_version,
            or_(same_file, same_pixels, alike),
        )
        .order_by(func.least(straight, flipped), Sample.created_at)
        .limit(MAX_HITS)
    ).all()
    for other, is_file, is_pixels, distance, mirror_distance in rows:
        kind = (
            "same_file"
            if is_file
            else "same_pixels"
            if is_pixels
            else "same_picture"
            if distance <= mirror_distance
            else "mirrored"
        )
        session.execute(
            insert(CopyHit)
            .values(
                id=new_id(),
                run_id=run.id,
                sample_id=sample.id,
                other_sample_id=other.id,
                kind=kind,
                distance=min(distance, mirror_distance),
                other_is_earlier=other.created_at < sample.created_at,
            )
            .on_conflict_do_nothing()
        )


def copies_of_run(session: Session, run: VerificationRun) -> list[FoundCopy]:
    """The run's hits in the policy's terms, closest first."""
    mine, other = aliased(Sample), aliased(Sample)
    rows = session.execute(
        select(CopyHit, mine.position, Listing.title)
        .join(mine, CopyHit.sample_id == mine.id)
        .join(other, CopyHit.other_sample_id == other.id)
        .join(ListingVersion, other.version_id == ListingVersion.id)
        .join(Listing, ListingVersion.listing_id == Listing.id)
        .where(CopyHit.run_id == run.id)
        .order_by(CopyHit.distance, mine.position)
    ).all()
    return [
        FoundCopy(position, hit.kind, hit.distance, title, hit.other_is_earlier)
        for hit, position, title in rows
    ]


def prompt_sold_elsewhere(session: Session, version: ListingVersion) -> bool:
    """True when another seller's earlier version has the same text."""
    listing = session.get_one(Listing, version.listing_id)
    twin = (
        select(ListingVersion.id)
        .join(Listing, ListingVersion.listing_id == Listing.id)
        .where(
            ListingVersion.prompt_fingerprint == version.prompt_fingerprint,
            ListingVersion.created_at < version.created_at,
            Listing.seller_id != listing.seller_id,
        )
    )
    return session.scalar(select(twin.exists())) or False


def _distance(column: InstrumentedAttribute[bytes | None], value: bytes) -> ColumnElement[int]:
    """Hamming distance in bits, computed by the database."""
    bits = literal(value, HashBits(256))
    return func.bit_count(column.op("#")(bits))
