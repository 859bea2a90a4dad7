"""What a seller sees of a run under way, and stopping it over HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.core.container import Services
from marketplace.core.permissions import Role
from marketplace.listings.catalogue import load_catalogue
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.states import ListingState
from marketplace.verification import operations
from marketplace.verification.presenters import in_words
from marketplace.verification.states import RunState
from tests.factories.accounts import make_seller, make_user
from tests.factories.listings import make_submitted
from tests.fixtures.app import log_in


def test_a_seller_stops_their_own_run_and_nobody_elses(
    app: Flask, session: Session, services: Services
) -> None:
    load_catalogue(session)
    listing = make_submitted(session, services, make_seller(session))
    version = session.get_one(ListingVersion, listing.version_id)
    run = operations.request_run(session, version)
    owner = session.get_one(User, listing.seller_id)
    stranger = make_user(session, Role.SELLER)
    session.commit()
    stop = f"/sell/{listing.id}/stop"
    assert log_in(app.test_client(), stranger).post(stop).status_code == 404
    page = log_in(app.test_client(), owner)
    shown = page.get(f"/sell/{listing.id}").text
    assert "You are next: waiting for a worker." in shown
    assert f'action="{stop}"' in shown
    assert page.get(f"/sell/{listing.id}/progress.json").json["position"] == 0  # type: ignore[index]
    answer = page.post(stop)
    assert (answer.status_code, answer.location) == (302, f"/sell/{listing.id}")
    session.expire_all()
    assert session.get_one(Listing, listing.id).state is ListingState.DRAFT
    assert run.state is RunState.CANCELLED
    assert page.post(stop).status_code == 409


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (20, "Less than a minute to go."),
        (60, "About 1 minute to go."),
        (61, "About 2 minutes to go."),
        (3 * 3600 - 5, "About 3 hours to go."),
    ],
)
def test_estimates_are_rough_words(seconds: float | None, words: str) -> None:
    assert in_words(None if seconds is None else timedelta(seconds=seconds)) == words
