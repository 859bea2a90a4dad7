"""What people see of changed models: staff, sellers, visitors, buyers; and the commands."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.permissions import Role
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.states import ListingState
from marketplace.moderation.models import Case
from marketplace.moderation.on_sale import open_waiting
from marketplace.moderation.states import CaseState, Lane
from marketplace.search import indexing
from marketplace.verification.changes import operations
from marketplace.verification.changes.health import Checkup
from marketplace.verification.changes.models import ModelChange, Reverification
from marketplace.verification.changes.moving import move
from marketplace.verification.changes.states import ReverificationAction, ReverificationState
from marketplace.verification.states import RunKind, Verdict
from tests.factories.accounts import make_seller, make_user
from tests.factories.proof import make_proof_run
from tests.factories.shop import make_on_sale, make_purchase
from tests.fixtures.app import log_in


@pytest.fixture
def listing(session: Session, services: Services) -> Listing:
    return make_on_sale(session, services, make_seller(session))


def planned(session: Session, listing: Listing) -> Reverification:
    """The listing's place in a campaign that the owner asked for; it is running."""
    change = operations.declare(session, "house", "a new worker image")
    operations.plan(session, change, {str(listing.live_version_id): 3})
    one = session.scalars(select(Reverification)).one()
    move(session, one, ReverificationAction.START)
    return one


def degraded(session: Session, services: Services, listing: Listing) -> Reverification:
    """The same, found wanting by a run of its own; committed."""
    one = planned(session, listing)
    one.run_id = make_proof_run(
        session, one.version, (120, 118, 122), Verdict.MISMATCH, kind=RunKind.REVERIFICATION
    ).id
    session.flush()
    session.refresh(one)
    assert one.run is not None
    operations.conclude(session, services, one.run)
    session.commit()
    return one


def test_all_is_quiet_while_all_is_well(client: FlaskClient, listing: Listing) -> None:
    for page in (f"/p/{listing.path}", f"/p/{listing.path}/proof"):
        assert b"data-degraded" not in client.get(page).data


def test_visitors_buyers_and_the_seller_are_told(
    client: FlaskClient, session: Session, services: Services, listing: Listing
) -> None:
    buyer = make_user(session)
    right = make_purchase(session, buyer, listing)
    indexing.update(services)
    assert "Reproduced, " in client.get("/browse").text
    one = degraded(session, services, listing)
    since, by = one.version.degraded_since, one.version.fix_by
    assert since is not None
    assert by is not None
    for page in (f"/p/{listing.path}", f"/p/{listing.path}/proof"):
        text = client.get(page).text
        assert f"Degraded on {one.version.target_model.name} since {since.day} " in text
        assert f"run={one.run_id}" in text
        assert f"until {by.day} " in text
    assert "Reproduced, " not in client.get("/browse").text
    log_in(client, buyer)
    assert 'badge--warning">Degraded<' in client.get("/library").text
    assert "Degraded on" in client.get(f"/library/{right.id}").text
    log_in(client, listing.seller.user)
    assert "To mend it, make a new version" in client.get(f"/sell/{listing.id}").text


def test_both_reports_stay_readable(
    client: FlaskClient, session: Session, services: Services, listing: Listing
) -> None:
    one = degraded(session, services, listing)
    standing = client.get(f"/p/{listing.path}/proof")
    newer = client.get(f"/p/{listing.path}/proof?version=1&run={one.run_id}")
    assert (standing.status_code, newer.status_code) == (200, 200)
    assert "Verified again" in standing.text


def test_after_the_window_the_page_says_so_and_it_cannot_be_put_back(
    client: FlaskClient, session: Session, services: Services, listing: Listing
) -> None:
    right = make_purchase(session, make_user(session), listing)
    one = degraded(session, services, listing)
    one.version.fix_by = now() - timedelta(minutes=1)
    operations.expire(session, services)
    session.commit()
    log_in(client, listing.seller.user)
    text = client.get(f"/sell/{listing.id}").text
    assert "The time to mend it is over" in text
    assert "Put it back on sale" not in text
    assert client.post(f"/sell/{listing.id}/relist").status_code == 409
    log_in(client, session.get_one(User, right.buyer_id))
    page = client.get(f"/library/{right.id}")
    assert page.status_code == 200
    assert "everyone who bought it keeps it" in page.text


def test_the_page_about_models_is_for_staff(client: FlaskClient, session: Session) -> None:
    assert client.get("/moderate/models").status_code == 302
    someone = make_user(session)
    session.commit()
    log_in(client, someone)
    assert client.get("/moderate/models").status_code == 404


def test_staff_see_workers_changes_and_what_is_degraded(
    client: FlaskClient, session: Session, services: Services, listing: Listing
) -> None:
    owner = make_user(session, Role.ADMIN)
    drifted = Checkup("a" * 64, "e" * 64, "house-1", [0, 40], worst=40, distance_max=9)
    operations.record_checkup(session, services, "engine@one", "house", drifted)
    operations.record_checkup(
        session, services, "engine@two", "house", Checkup("a" * 64, "e" * 64, "house-1", [0], 0, 9)
    )
    degraded(session, services, listing)
    log_in(client, owner)
    text = client.get("/moderate/models").text
    assert text.index("engine@one") < text.index("engine@two")
    assert "Out of service" in text
    assert "40 bits of 256" in text
    assert "a new worker image" in text
    assert listing.title in text


@pytest.mark.parametrize(
    ("press", "state"),
    [
        ("approve", ReverificationState.DISMISSED),
        ("rerun", ReverificationState.WAITING),
        ("degrade", ReverificationState.DEGRADED),
    ],
)
def test_a_moderator_answers_a_question_in_a_case(
    client: FlaskClient,
    session: Session,
    services: Services,
    listing: Listing,
    press: str,
    state: ReverificationState,
) -> None:
    one = planned(session, listing)
    move(session, one, ReverificationAction.REFER, reason="Our disk is full.")
    assert [open_waiting(session) for _ in range(2)] == [1, 0]
    case = session.scalars(select(Case).where(Case.lane == Lane.REVERIFICATION)).one()
    moderator = make_user(session, Role.MODERATOR)
    session.commit()
    log_in(client, moderator)
    assert listing.title in client.get("/moderate?tab=reverification").text
    client.post(f"/moderate/{case.id}/claim")
    page = client.get(f"/moderate/{case.id}").text
    assert "Our disk is full." in page
    assert 'data-key="v"' in page
    client.post(f"/moderate/{case.id}/{press}", data={"note": "our fault"})
    operations.mark_degraded(session, services)
    session.expire_all()
    assert (one.state, one.reason) == (state, "our fault")
    assert (one.version.degraded_since is not None) is (press == "degrade")
    assert listing.state is ListingState.LIVE
    assert case.state is CaseState.APPROVED
    assert open_waiting(session) == 0
    assert client.post(f"/moderate/{case.id}/nonsense").status_code == 404


def test_commands_ask_for_a_campaign_and_list_workers(
    app: Flask, session: Session, services: Services, listing: Listing
) -> None:
    runner = app.test_cli_runner()
    assert "No worker has reported" in runner.invoke(args=["models", "workers"]).output
    operations.record_checkup(session, services, "engine@one", "house", Checkup(message="No."))
    session.commit()
    listed = runner.invoke(args=["models", "workers"]).output
    assert "engine@one" in listed
    assert "No." in listed
    asked = runner.invoke(args=["models", "changed", "house", "--note", "new image"])
    assert "1 listing will be verified again." in asked.output
    change = session.scalars(select(ModelChange)).one()
    assert (change.what, change.planned_at) == ("new image", None)
    unknown = runner.invoke(args=["models", "changed", "nothing-like-it"])
    assert unknown.exit_code == 1
    version = session.get_one(ListingVersion, listing.live_version_id)
    assert operations.affected_versions(session, change) == [version.id]
