"""The preflight's pages: for the seller alone."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.container import Services
from marketplace.listings.models import Listing
from marketplace.listings.queries import version_of
from marketplace.listings.tiers import Tier
from marketplace.task_names import TaskName
from marketplace.verification.preflight.models import Outcome, Preflight
from tests.factories.accounts import make_seller
from tests.factories.consistency import EvenScorer
from tests.factories.consistency import work as make_report
from tests.factories.generation import FakeGenerator
from tests.factories.listings import SECRET_WORD, make_draft
from tests.factories.runs import work
from tests.fixtures.app import log_in


@pytest.fixture
def seller(session: Session) -> SellerProfile:
    return make_seller(session)


@pytest.fixture
def draft(session: Session, services: Services, seller: SellerProfile) -> Listing:
    listing = make_draft(session, services, seller, samples=3)
    session.commit()
    return listing


@pytest.fixture
def shop(client: FlaskClient, seller: SellerProfile) -> FlaskClient:
    return log_in(client, seller.user)


def test_a_seller_runs_one_and_reads_the_evidence(
    session: Session,
    services: Services,
    shop: FlaskClient,
    draft: Listing,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = f"/sell/{draft.id}/preflight"
    assert "Run a preflight" in shop.get(f"/sell/{draft.id}").text
    assert "No preflight of this listing yet" in shop.get(address).text
    answer = shop.post(address, follow_redirects=True)
    assert "Measuring your draft" in answer.text
    assert shop.get(f"{address}.json").json["open"]  # type: ignore[index]
    work(services, FakeGenerator())
    make_report(monkeypatch, services, FakeGenerator(), EvenScorer())
    assert shop.get(f"{address}.json").json == {  # type: ignore[comparison-overlap]
        "open": False,
        "percent": 100,
        "message": "Done.",
    }
    page = shop.get(address).text
    assert "Does not match" in page
    assert "Samples do not match" in page
    assert "75 %" in page
    assert page.count("sheet__shot--worst") == 1
    assert SECRET_WORD not in page
    assert "See what we found" in shop.get(f"/sell/{draft.id}").text


def test_the_table_is_saved_first(
    session: Session, services: Services, shop: FlaskClient, draft: Listing
) -> None:
    sample = version_of(session, draft).samples[0]
    form = {f"{sample.id}-seed": "4242"}
    form |= {f"{sample.id}-value-{name}": value for name, value in sample.values.items()}
    shop.post(f"/sell/{draft.id}/preflight", data=form, content_type="multipart/form-data")
    session.expire_all()
    assert sample.seed == 4242
    preflight = session.scalars(select(Preflight)).one()
    # Changing it afterwards calls for a check, and starting anew replaces what is out of date.
    form[f"{sample.id}-seed"] = "77"
    shop.post(f"/sell/{draft.id}/samples", data=form, content_type="multipart/form-data")
    call = (TaskName.CHECK_PREFLIGHT, (draft.id,))
    assert call in services.queue.sent  # type: ignore[attr-defined]
    shop.post(f"/sell/{draft.id}/preflight")
    session.expire_all()
    assert preflight.outcome is Outcome.CANCELLED
    assert len(session.scalars(select(Preflight)).all()) == 2


def test_a_draft_with_gaps_is_told_what_is_missing(
    session: Session, services: Services, shop: FlaskClient, seller: SellerProfile
) -> None:
    listing = make_draft(session, services, seller, samples=1)
    session.commit()
    answer = shop.post(f"/sell/{listing.id}/preflight")
    assert answer.status_code == 422
    assert "Add 2 more samples" in answer.text
    assert session.scalars(select(Preflight)).all() == []


def test_it_can_be_cancelled(session: Session, shop: FlaskClient, draft: Listing) -> None:
    shop.post(f"/sell/{draft.id}/preflight")
    answer = shop.post(f"/sell/{draft.id}/preflight/cancel", follow_redirects=True)
    assert "Cancelled" in answer.text
    session.expire_all()
    assert session.scalars(select(Preflight)).one().outcome is Outcome.CANCELLED


def test_the_limit_is_said(
    session: Session, services: Services, shop: FlaskClient, draft: Listing
) -> None:
    address = f"/sell/{draft.id}/preflight"
    for _ in range(services.settings.preflights_per_day):
        shop.post(address)
        shop.post(f"{address}/cancel")
    answer = shop.post(address, follow_redirects=True)
    assert "The next one is free at" in answer.text
    assert len(session.scalars(select(Preflight)).all()) == services.settings.preflights_per_day


def test_nobody_else_finds_it(session: Session, client: FlaskClient, draft: Listing) -> None:
    address = f"/sell/{draft.id}/preflight"
    assert client.get(address).status_code == 302  # to the log-in page
    rival = make_seller(session)
    session.commit()
    log_in(client, rival.user)
    for answer in (
        client.get(address),
        client.get(f"{address}.json"),
        client.post(address),
        client.post(f"{address}/cancel"),
    ):
        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("tier", "words"),
    [
        (Tier.PERCEPTUAL, "we re-run the samples, search for copies"),
        (Tier.DISTRIBUTIONAL, "we draw pictures from the prompt, test whether"),
        (Tier.ATTESTED, "This model cannot be run here, so nothing is re-run."),
    ],
)
def test_the_draft_promises_what_its_tier_can_keep(
    shop: FlaskClient, session: Session, draft: Listing, tier: Tier, words: str
) -> None:
    version_of(session, draft).target_model.tier = tier
    session.commit()
    page = " ".join(shop.get(f"/sell/{draft.id}").text.split())
    assert words in page
    assert ("we re-run the samples" in page) is (tier is Tier.PERCEPTUAL)
