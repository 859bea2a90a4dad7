"""Whether a sample was taken from another seller: what counts as a hit, and whose came first.

Equal files and equal pixels are found here; edited copies are found by a worker
(workers/search/copies.py) and handed in. The first to list wins: a picture that this seller
showed earlier than the other one is no offence, whoever holds copies of it now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.ids import new_id
from marketplace.listings.models import Listing, ListingVersion, Sample
from marketplace.listings.states import ListingState
from marketplace.verification.models import CopyHit, SampleCheck, VerificationRun
from marketplace.verification.policy import FoundCopy
from marketplace.verification.queries import deciding_distance
from marketplace.verification.similarity import Band

MAX_HITS = 20
"""Per sample; a case needs proof of copying, not a census."""


CLOSER_BY = 4
"""Bits of 256 by which our own re-run must be nearer to a sample than the other listing's picture
to say that the sample was made rather than taken; re-runs on one machine lie at 0."""


@dataclass(frozen=True)
class Lookalike:
    """A stored sample that shows the same picture, perhaps edited.

    kind, method, distance, agreement, overlap: as in CopyHit.
    """

    sample_id: str
    kind: str
    method: str
    distance: int
    agreement: float
    overlap: float


@dataclass(frozen=True)
class _Other:
    """A sample that may be an origin, with whose it is and since when."""

    sample_id: str
    seller_id: str
    created_at: datetime


def record_copies(
    session: Session,
    run: VerificationRun,
    sample: Sample,
    lookalikes: Sequence[Lookalike] = (),
) -> list[CopyHit]:
    """Store the run's hits on one sample among other sellers' listings; safe to repeat.

    Args:
        lookalikes: edited copies that a worker has confirmed, any seller's, any number.

    Returns:
        The hits of this sample, earlier origins first.
    """
    seller_id = seller_of(session, sample)
    found = {look.sample_id: look for look in lookalikes} | {
        look.sample_id: look for look in _equal(session, sample)
    }
    others = _listed(session, [*found])
    # A new version shows old pictures again: what counts is when this seller first did.
    mine = [other.created_at for other in others if other.seller_id == seller_id]
    first_shown = min([sample.created_at, *mine])
    hits = [
        (other.created_at < first_shown, found[other.sample_id])
        for other in others
        if other.seller_id != seller_id
    ]
    hits.sort(key=lambda hit: (not hit[0], hit[1].distance, hit[1].sample_id))
    for is_earlier, look in hits[:MAX_HITS]:
        session.execute(
            insert(CopyHit)
            .values(
                id=new_id(),
                run_id=run.id,
                sample_id=sample.id,
                other_sample_id=look.sample_id,
                kind=look.kind,
                method=look.method,
                distance=look.distance,
                agreement=look.agreement,
                overlap=look.overlap,
                other_is_earlier=is_earlier,
            )
            .on_conflict_do_nothing()
        )
    return list(
        session.scalars(
            select(CopyHit)
            .where(CopyHit.run_id == run.id, CopyHit.sample_id == sample.id)
            .order_by(CopyHit.other_is_earlier.desc(), CopyHit.distance, CopyHit.id)
        )
    )


def standing_hits(session: Session, run: VerificationRun) -> list[CopyHit]:
    """The run's hits that its own re-runs have not answered, closest first.

    One prompt under two seeds may make twins that no eye tells apart. A sample that our own
    re-run reproduced more closely than the other listing shows it was made, not taken. Equal
    files and pixels stand in any case.
    """
    reproduced = {
        check.sample_id: deciding_distance(check)
        for check in session.scalars(
            select(SampleCheck).where(
                SampleCheck.run_id == run.id, SampleCheck.band == Band.REPRODUCED
            )
        )
    }
    hits = session.scalars(
        select(CopyHit).where(CopyHit.run_id == run.id).order_by(CopyHit.distance, CopyHit.id)
    )
    return [
        hit
        for hit in hits
        if hit.method == "digest"
        or hit.sample_id not in reproduced
        or reproduced[hit.sample_id] + CLOSER_BY > hit.distance
    ]


def copies_of_run(session: Session, run: VerificationRun) -> list[FoundCopy]:
    """The run's standing hits in the policy's terms, closest first."""
    return [
        FoundCopy(
            hit.sample.position,
            hit.kind,
            hit.distance,
            hit.other_sample.version.listing.title,
            hit.other_is_earlier,
        )
        for hit in standing_hits(session, run)
    ]


def prompt_sold_elsewhere(session: Session, version: ListingVersion) -> bool:
    """True when another seller's version had the same text before this listing ever had."""
    listing = session.get_one(Listing, version.listing_id)
    since = (
        select(func.min(ListingVersion.created_at))
        .where(
            ListingVersion.listing_id == listing.id,
            ListingVersion.prompt_fingerprint == version.prompt_fingerprint,
        )
        .scalar_subquery()
    )
    twin = (
        select(ListingVersion.id)
        .join(Listing, ListingVersion.listing_id == Listing.id)
        .where(
            ListingVersion.prompt_fingerprint == version.prompt_fingerprint,
            ListingVersion.created_at < since,
            Listing.seller_id != listing.seller_id,
        )
    )
    return session.scalar(select(twin.exists())) or False


def seller_of(session: Session, sample: Sample) -> str:
    """Whose listing the sample belongs to."""
    version = session.get_one(ListingVersion, sample.version_id)
    return session.get_one(Listing, version.listing_id).seller_id


def _equal(session: Session, sample: Sample) -> list[Lookalike]:
    """Samples with the same file or the same pixels."""
    same_file = Sample.file_sha256 == sample.file_sha256
    rows = session.execute(
        select(Sample.id, same_file).where(
            or_(same_file, Sample.pixel_sha256 == sample.pixel_sha256), Sample.id != sample.id
        )
    )
    exact = Lookalike("", "same_pixels", "digest", 0, 1.0, 1.0)
    return [
        replace(exact, sample_id=sample_id, kind="same_file" if is_file else exact.kind)
        for sample_id, is_file in rows
    ]


def _listed(session: Session, sample_ids: Sequence[str]) -> list[_Other]:
    """Those of the samples whose listing was submitted: a draft has been shown to nobody."""
    shown = or_(Listing.submitted_at.is_not(None), Listing.state != ListingState.DRAFT)
    shown &= ListingVersion.edit_state.is_distinct_from(ListingState.DRAFT)
    rows = session.execute(
        select(Sample.id, Listing.seller_id, Sample.created_at)
        .join(ListingVersion, Sample.version_id == ListingVersion.id)
        .join(Listing, ListingVersion.listing_id == Listing.id)
        .where(Sample.id.in_(sample_ids), shown)
    )
    return [_Other(*row) for row in rows]
