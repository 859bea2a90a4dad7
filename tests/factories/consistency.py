"""Proved listings, their consistency reports, and a worker that makes them."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.listings.models import ListingVersion
from marketplace.verification.consistency.models import ConsistencyPicture, ConsistencyReport
from marketplace.verification.consistency.operations import Size, request_report
from marketplace.verification.consistency.states import Purpose
from marketplace.verification.consistency.summary import Scale
from tests.factories.generation import FakeGenerator
from tests.factories.verification import make_waiting_listing
from workers.adherence.contract import Score
from workers.sheets import making
from workers.tasks import consistency

SMALL = Size(fills=2, seeds=2, map_limit=3)


class EvenScorer:
    """Finds half of what was asked for in every picture, or what it is told to find."""

    def __init__(self, adherence: float = 0.75) -> None:
        self.adherence = adherence
        self.prompts: list[str] = []
        self.scale = Scale("test judge", "1", "Says what it was told to say.", 0.5)

    def warm_up(self) -> None:
        """Nothing to load."""

    def score(self, prompt: str, image: Image.Image) -> Score | None:
        """The same for everything."""
        self.prompts.append(prompt)
        return Score(self.adherence, round(self.adherence * 4), 4)


def proved_version(session: Session, services: Services, **options: Any) -> ListingVersion:
    """A version that could have a report; committed."""
    listing = make_waiting_listing(session, services.vault, **options)
    session.commit()
    return session.get_one(ListingVersion, listing.version_id)


def asked(
    session: Session,
    version: ListingVersion,
    size: Size = SMALL,
    purpose: Purpose = Purpose.PUBLIC,
) -> ConsistencyReport:
    """A waiting report; committed."""
    report = request_report(session, version, size, purpose)
    assert report is not None
    session.commit()
    return report


def work(
    monkeypatch: pytest.MonkeyPatch,
    services: Services,
    engine: FakeGenerator,
    scorer: EvenScorer | None = None,
) -> bool:
    """Let a worker with this engine take whatever report is due."""
    monkeypatch.setattr(consistency, "engines", lambda: engine)
    monkeypatch.setattr(making, "scorer_for", lambda source, settings: scorer)
    return consistency.work_on_next(services)


def pictures_of(session: Session, report: ConsistencyReport) -> list[ConsistencyPicture]:
    """A report's pictures, read anew."""
    session.expire_all()
    query = select(ConsistencyPicture).where(ConsistencyPicture.report_id == report.id)
    return list(session.scalars(query.order_by(ConsistencyPicture.number)))
