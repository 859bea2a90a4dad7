"""Copy search over real rows: who is accused, of what, and who is not."""

from __future__ import annotations

import io
from datetime import timedelta

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.container import Services
from marketplace.images import read_upload
from marketplace.listings.models import ListingVersion, Sample
from marketplace.listings.operations import store_original
from marketplace.listings.states import ListingState
from marketplace.verification import operations
from marketplace.verification.copy_search import copies_of_run, standing_hits
from marketplace.verification.models import CopyHit, SampleCheck, VerificationRun
from marketplace.verification.similarity import Band
from marketplace.verification.window_models import SampleWindows
from tests.factories.pictures import Pixels, cropped, leaves, rotated
from tests.factories.verification import make_waiting_listing
from workers.search.catalogue import catalogue_of
from workers.search.samples import find_copies, make_up, remember


def listed(
    session: Session,
    services: Services,
    pixels: Pixels,
    seller: SellerProfile | None = None,
    state: ListingState = ListingState.VERIFYING,
) -> tuple[Sample, Image.Image]:
    """A listing's only sample with this picture in the blob store."""
    listing = make_waiting_listing(session, services.vault, seller, samples=1, state=state)
    sample = session.get_one(ListingVersion, listing.version_id).samples[0]
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    checked = read_upload(buffer.getvalue(), "sample.png")
    sample.original_key = store_original(services.blobs, checked)
    sample.file_sha256 = bytes.fromhex(checked.sha256)
    sample.pixel_sha256 = bytes.fromhex(checked.pixel_sha256)
    session.commit()
    return sample, checked.image


def searched(
    session: Session, services: Services, sample: Sample, image: Image.Image
) -> tuple[VerificationRun, list[CopyHit]]:
    version = session.get_one(ListingVersion, sample.version_id)
    run = operations.request_run(session, version)
    session.commit()
    hits = find_copies(session, services, run, sample, image)
    session.commit()
    return run, hits


def seller_of(session: Session, sample: Sample) -> SellerProfile:
    return session.get_one(ListingVersion, sample.version_id).listing.seller


@pytest.mark.parametrize(
    ("edit", "kind"),
    [
        (lambda pixels: pixels.copy(), "same_file"),
        (lambda pixels: (pixels * 0.8).astype(np.uint8), "same_picture"),
        (lambda pixels: pixels[:, ::-1].copy(), "mirrored"),
        (lambda pixels: rotated(cropped(pixels, 0.2), 10), "part"),
    ],
)
def test_an_edited_copy_of_anothers_sample_is_recorded(
    session: Session, services: Services, edit: object, kind: str
) -> None:
    first, first_image = listed(session, services, leaves(1))
    assert searched(session, services, first, first_image)[1] == []
    stolen, stolen_image = listed(session, services, edit(leaves(1)))  # type: ignore[operator]
    run, hits = searched(session, services, stolen, stolen_image)
    assert [(hit.other_sample_id, hit.kind, hit.other_is_earlier) for hit in hits] == [
        (first.id, kind, True)
    ]
    assert hits[0].agreement > 0.85
    assert [copy.other_is_earlier for copy in copies_of_run(session, run)] == [True]
    # The victim's own listing, verified again later, is not the thief.
    back = searched(session, services, first, first_image)[1]
    assert not any(hit.other_is_earlier for hit in back)
    # A worker that takes the run over finds the same and stores it once.
    assert len(find_copies(session, services, run, stolen, stolen_image)) == 1
    assert session.scalar(select(func.count()).where(CopyHit.run_id == run.id)) == 1


def test_ones_own_pictures_are_no_offence(session: Session, services: Services) -> None:
    first, first_image = listed(session, services, leaves(2))
    searched(session, services, first, first_image)
    again, image = listed(session, services, cropped(leaves(2), 0.1), seller_of(session, first))
    assert searched(session, services, again, image)[1] == []


def test_a_draft_was_shown_to_nobody(session: Session, services: Services) -> None:
    draft, image = listed(session, services, leaves(3), state=ListingState.DRAFT)
    remember(session, draft, image)
    session.commit()
    listing, own_image = listed(session, services, leaves(3))
    assert searched(session, services, listing, own_image)[1] == []


def test_the_first_to_list_keeps_that_right_in_a_new_version(
    session: Session, services: Services
) -> None:
    """The victim shows an old picture again after the thief copied it."""
    first, first_image = listed(session, services, leaves(4))
    searched(session, services, first, first_image)
    thief, thief_image = listed(session, services, cropped(leaves(4), 0.1))
    searched(session, services, thief, thief_image)
    renewed, image = listed(session, services, leaves(4), seller_of(session, first))
    assert renewed.created_at > thief.created_at
    (hit,) = searched(session, services, renewed, image)[1]
    assert (hit.other_sample_id, hit.other_is_earlier) == (thief.id, False)


@pytest.mark.parametrize(("rerun_distance", "stands"), [(0, False), (10, True)])
def test_a_sample_our_own_rerun_is_closer_to_was_made_and_not_taken(
    session: Session, services: Services, rerun_distance: int, stands: bool
) -> None:
    """Twins: two sellers, one idea, two seeds, and pictures that no eye tells apart."""
    first, first_image = listed(session, services, leaves(9))
    searched(session, services, first, first_image)
    second, image = listed(session, services, (leaves(9) * 0.8).astype(np.uint8))
    run, (hit,) = searched(session, services, second, image)
    hit.distance = 10
    session.add(
        SampleCheck(
            run_id=run.id,
            sample_id=second.id,
            position=1,
            band=Band.REPRODUCED,
            decided_by="pdq",
            pdq_distance=rerun_distance,
            phash_distance=0,
            dct_distance=rerun_distance,
            quality=100,
            seconds=1.0,
            derivatives=[],
        )
    )
    session.commit()
    assert [each.id for each in standing_hits(session, run)] == ([hit.id] if stands else [])
    assert len(copies_of_run(session, run)) == int(stands)
    hit.method = "digest"  # the very same file is a copy whatever else is true
    session.commit()
    assert [each.id for each in standing_hits(session, run)] == [hit.id]


def test_samples_from_before_windows_are_made_up_for(session: Session, services: Services) -> None:
    old, image = listed(session, services, leaves(5))
    remember(session, old, image)
    session.execute(SampleWindows.__table__.delete())
    session.commit()
    assert make_up(session, services) == 1
    assert make_up(session, services) == 0
    stored = session.get_one(SampleWindows, old.id)
    assert len(stored.windows) == 2040
    assert len(stored.keypoints) <= 160 * 36


def test_the_catalogue_keeps_in_step_with_the_rows(session: Session, services: Services) -> None:
    catalogue = catalogue_of(services.database)
    catalogue.refresh(session)
    before = len(catalogue)
    kept, image = listed(session, services, leaves(6))
    gone, gone_image = listed(session, services, leaves(7))
    remember(session, kept, image)
    remember(session, gone, gone_image)
    session.commit()
    catalogue.refresh(session)
    assert len(catalogue) == before + 2
    # A row that commits after a younger one was read is still taken in.
    late, late_image = listed(session, services, leaves(8))
    remember(session, late, late_image)
    session.get_one(SampleWindows, late.id).created_at -= timedelta(minutes=5)
    session.commit()
    catalogue.refresh(session)
    assert len(catalogue.slots([late.id])) == 1
    session.delete(gone)
    session.commit()
    catalogue.refresh(session)
    assert catalogue.slots([gone.id]) == set()
    assert len(catalogue.slots([kept.id, late.id])) == 2
    assert catalogue_of(services.database) is catalogue
