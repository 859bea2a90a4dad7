"""Listings on the shelves with their proof, and purchases, committed for the browser to see."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile, User
from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.listings import operations
from marketplace.listings.models import Listing, ListingVersion, Sample
from marketplace.listings.queries import version_of
from marketplace.moderation.models import Case
from marketplace.moderation.states import CaseState
from marketplace.orders.models import Entitlement, Order, OrderLine
from marketplace.orders.states import OrderState
from marketplace.verification.models import SampleCheck, VerificationRun
from marketplace.verification.similarity import band_of
from marketplace.verification.states import RunState, Verdict
from tests.factories.listings import make_in_review

_numbers = itertools.count(1)


def make_on_sale(
    session: Session,
    services: Services,
    seller: SellerProfile,
    *,
    hours_ago: int = 0,
    distances: Sequence[int] = (0, 4, 8),
    verdict: Verdict = Verdict.REPRODUCED,
    **changes: object,
) -> Listing:
    """A live listing with a completed run, one PDQ distance for each of its three samples."""
    listing = make_in_review(session, services, seller, **changes)
    version = version_of(session, listing)
    run = make_report(session, version, distances, verdict)
    session.add(
        Case(
            listing_id=listing.id,
            version_id=version.id,
            run_id=run.id,
            state=CaseState.APPROVED,
            verdict=verdict.value,
            decided_by=seller.user_id,
            decided_at=now(),
            override=verdict is not Verdict.REPRODUCED,
            decision_note="for a test",
        )
    )
    operations.publish(session, listing, version, seller.user_id)
    listing.published_at = now() - timedelta(hours=hours_ago)
    session.commit()
    return listing


def make_report(
    session: Session, version: ListingVersion, distances: Sequence[int], verdict: Verdict
) -> VerificationRun:
    """A completed run of a version."""
    run = VerificationRun(
        version_id=version.id,
        state=RunState.COMPLETED,
        verdict=verdict,
        samples_total=len(version.samples),
        samples_done=len(version.samples),
        steps=version.steps,
        engine="house",
        finished_at=now(),
    )
    session.add(run)
    session.flush()
    for sample, distance in zip(version.samples, distances, strict=True):
        session.add(_check(run, sample, distance))
    session.flush()
    return run


def _check(run: VerificationRun, sample: Sample, distance: int) -> SampleCheck:
    return SampleCheck(
        run_id=run.id,
        sample_id=sample.id,
        position=sample.position,
        band=band_of(distance),
        decided_by="pdq",
        pdq_distance=distance,
        phash_distance=0,
        dct_distance=0,
        quality=90,
        seconds=1.0,
        derivatives=[{"width": 128, "height": 128, "webp": "rerun.webp", "jpeg": "rerun.jpg"}],
    )


def make_purchase(session: Session, buyer: User, listing: Listing) -> Entitlement:
    """A paid order of the live version and the right it gave; committed."""
    number = next(_numbers)
    price, commission = listing.price_cents, listing.price_cents // 5
    order = Order(
        buyer_id=buyer.id,
        state=OrderState.PAID,
        total_cents=price,
        currency="usd",
        expires_at=now(),
        paid_at=now(),
        charge_id=f"ch_shop_{number}",
    )
    session.add(order)
    session.flush()
    line = OrderLine(
        order_id=order.id,
        listing_id=listing.id,
        version_id=listing.live_version_id,
        seller_id=listing.seller_id,
        title=listing.title,
        price_cents=price,
        commission_cents=commission,
        seller_cents=price - commission,
        currency="usd",
    )
    session.add(line)
    session.flush()
    right = Entitlement(
        buyer_id=buyer.id,
        listing_id=listing.id,
        version_id=listing.live_version_id,
        line_id=line.id,
    )
    session.add(right)
    session.commit()
    return right
