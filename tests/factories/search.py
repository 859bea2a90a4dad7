"""Live listings put straight into the tables and indexed: only what search reads is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
from PIL import Image
from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.ids import new_id, slugify
from marketplace.core.unit_of_work import unit_of_work
from marketplace.listings.models import Listing, ListingVersion, Sample
from marketplace.listings.states import ListingState
from marketplace.orders.models import Entitlement
from marketplace.search import indexing
from marketplace.verification.consistency.models import ConsistencyReport
from marketplace.verification.consistency.states import Purpose, ReportState
from marketplace.verification.models import SampleCheck, VerificationRun
from marketplace.verification.similarity import Band
from marketplace.verification.states import RunState, Verdict
from tests.factories.accounts import make_seller
from tests.factories.catalogue import stock_catalogue


def photo(seed: int, size: int = 256) -> Image.Image:
    """A picture with as much in it as photographs have, so that hashes survive what people do."""
    coarse = np.random.default_rng(seed).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC)


@dataclass(frozen=True)
class Stock:
    """One listing as it should stand on the shelves."""

    title: str
    tags: Sequence[str] = ()
    description: str = "Something to look at."
    category: str = "wallpapers"
    model: str = "house-full"
    cents: int = 299
    days: float = 30
    """Since it was published."""
    variables: int = 0
    reproduced: bool = False
    consistency: float | None = None
    """Mean adherence, 0 to 1."""
    sales: Sequence[float] = ()
    """Each so many days ago."""
    prints: Sequence[Any] = field(default=())
    """Fingerprints of its re-runs' pictures, each with a public file's name."""


def put_on_sale(
    services: Services, *stock: Stock, seller: SellerProfile | None = None
) -> list[str]:
    """Their ids, in order; committed, and search knows them."""
    with unit_of_work(services.database) as session:
        stock_catalogue(session)
        seller_id = (seller or make_seller(session)).user_id
        session.flush()
        # What the database would refuse, a listing without its proof, is all that search needs.
        session.execute(text("SET LOCAL session_replication_role = replica"))
        ids = [_add(session, one, seller_id) for one in stock]
        session.flush()
    with unit_of_work(services.database) as session:
        indexing.write(session, ids, services.settings)
    return ids


def _add(session: Session, stock: Stock, seller_id: str) -> str:
    listing_id, version_id = new_id(), new_id()
    published = now() - timedelta(days=stock.days)
    session.add(
        ListingVersion(
            id=version_id,
            listing_id=listing_id,
            number=1,
            prompt_sealed=b"sealed",
            prompt_fingerprint=b"print",
            skeleton=[],
            variables=[{"name": f"v{n}", "choices": []} for n in range(stock.variables)],
            word_count=3,
            target_model_slug=stock.model,
            scheduler="dpmpp_2m" if stock.model.startswith("house") else "",
            steps=20,
            guidance=4.0,
            width=128,
            height=128,
        )
    )
    session.add(
        Listing(
            id=listing_id,
            seller_id=seller_id,
            slug=slugify(stock.title),
            title=stock.title,
            description=stock.description,
            tags=list(stock.tags),
            category_slug=stock.category,
            price_cents=stock.cents,
            currency="usd",
            state=ListingState.LIVE,
            version_id=version_id,
            live_version_id=version_id,
            published_at=published,
        )
    )
    if stock.reproduced:
        _add_run(session, stock, version_id)
    if stock.consistency is not None:
        session.add(
            ConsistencyReport(
                version_id=version_id,
                purpose=Purpose.PUBLIC,
                state=ReportState.COMPLETED,
                engine="house",
                queue="engine.diffusers",
                rule_version=1,
                fills=1,
                seeds=1,
                left_out=0,
                pictures_total=1,
                work_units=1,
                summary={"adherence": {"value": stock.consistency}},
            )
        )
    for days in stock.sales:
        session.add(
            Entitlement(
                buyer_id=new_id(),
                listing_id=listing_id,
                version_id=version_id,
                line_id=new_id(),
                created_at=now() - timedelta(days=days),
            )
        )
    return listing_id


def _sample(version_id: str, position: int, title: str, name: str) -> Sample:
    """The seller's picture, which looks just like ours."""
    return Sample(
        id=new_id(),
        version_id=version_id,
        position=position,
        values={},
        seed=position,
        original_key=f"samples/{name}",
        file_sha256=bytes(32),
        pixel_sha256=bytes(32),
        width=128,
        height=128,
        alt=title,
        derivatives=[{"width": 128, "height": 128, "webp": f"{name}.webp", "jpeg": f"{name}.jpg"}],
    )


def _add_run(session: Session, stock: Stock, version_id: str) -> None:
    run = VerificationRun(
        id=new_id(),
        version_id=version_id,
        state=RunState.COMPLETED,
        verdict=Verdict.REPRODUCED,
        samples_total=len(stock.prints),
        samples_done=len(stock.prints),
        steps=20,
        engine="house",
        finished_at=now(),
    )
    session.add(run)
    for position, (prints, name) in enumerate(stock.prints, start=1):
        sample = _sample(version_id, position, stock.title, name)
        session.add(sample)
        session.add(
            SampleCheck(
                run_id=run.id,
                sample_id=sample.id,
                position=position,
                band=Band.REPRODUCED,
                decided_by="pdq",
                pdq_distance=0,
                phash_distance=0,
                dct_distance=0,
                quality=prints.pdq_quality,
                seconds=1.0,
                derivatives=[
                    {"width": 128, "height": 128, "webp": f"{name}.webp", "jpeg": f"{name}.jpg"}
                ],
                pdq=prints.pdq,
                pdq_quality=prints.pdq_quality,
                phash64=prints.phash64,
                dct256=prints.dct256,
                fingerprint_version=prints.version,
            )
        )
