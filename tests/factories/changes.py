"""Live, proved listings, and an engine whose model can change under them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.listings.models import Listing, ListingVersion
from marketplace.moderation import operations as moderation
from marketplace.moderation.models import Case
from marketplace.verification.changes.models import Reverification
from marketplace.verification.operations import request_run
from tests.factories.generation import FakeGenerator, draw, provenance_of
from tests.factories.runs import honest_listing, work
from tests.factories.verification import make_moderator
from workers.engines.contract import (
    GenerationRequest,
    GenerationResult,
    PreviewListener,
    Provenance,
    StepListener,
)


class ChangingGenerator(FakeGenerator):
    """A model with weights and an environment that tests replace; `drifted` draws differently."""

    def __init__(self) -> None:
        super().__init__()
        self.weights, self.environment, self.drifted = "a" * 64, "e" * 64, False

    def upgrade(self, drifted: bool = True, environment: str | None = None) -> None:
        """Other weights, or the same ones in another environment."""
        self.drifted = drifted
        if environment is None:
            self.weights = chr(ord(self.weights[0]) + 1) * 64
        else:
            self.environment = environment

    def plan(self, request: GenerationRequest) -> Provenance:
        """See FakeGenerator."""
        self.capability.check(request)
        return self._made_on(request)

    def generate(
        self,
        request: GenerationRequest,
        on_step: StepListener | None = None,
        on_preview: PreviewListener | None = None,
    ) -> GenerationResult:
        """See FakeGenerator."""
        made = super().generate(request, on_step, on_preview)
        return GenerationResult(made.image, self._made_on(request), evaluations=made.evaluations)

    def picture(self, request: GenerationRequest) -> Image.Image:
        """See FakeGenerator."""
        if not self.drifted:
            return super().picture(request)
        return draw(f"{self.weights} {request.prompt}", request.seed)

    def _made_on(self, request: GenerationRequest) -> Provenance:
        facts: dict[str, Any] = {"weights_sha256": self.weights, "environment": self.environment}
        return provenance_of(request, **facts)


def live_listing(
    session: Session, services: Services, engine: FakeGenerator, **options: Any
) -> Listing:
    """A listing that this engine reproduced and a moderator approved; committed."""
    listing = honest_listing(session, services, **options)
    with unit_of_work(services.database) as other:
        request_run(other, other.get_one(ListingVersion, listing.version_id))
    assert work(services, engine) is not None
    return approve(session, listing)


def approve(session: Session, listing: Listing) -> Listing:
    """Put the version under review on sale, on the strength of its report; committed."""
    session.expire_all()
    case = session.scalars(select(Case).where(Case.version_id == listing.version_id)).one()
    moderator = make_moderator(session)
    moderation.claim(session, case.id, moderator)
    moderation.approve(session, case.id, moderator)
    session.commit()
    return listing


def reverifications_of(session: Session, *listings: Listing) -> Sequence[Reverification]:
    """Everything planned for the listings' live versions, read anew, oldest first."""
    session.expire_all()
    return session.scalars(
        select(Reverification)
        .where(Reverification.version_id.in_([one.live_version_id for one in listings]))
        .order_by(Reverification.created_at)
    ).all()
