"""The desk's pages: who may open them, what they show and to whom, what decisions say."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.accounts.models import RoleRow, User
from marketplace.core.container import Services
from marketplace.core.permissions import Role
from marketplace.core.task_queue import RecordingQueue
from marketplace.listings.states import ListingState
from marketplace.moderation import operations
from marketplace.moderation.models import Case
from marketplace.moderation.states import CaseState, Lane
from marketplace.verification.models import VerificationRun
from marketplace.verification.states import Verdict
from tests.factories.verification import SECRET_WORD, make_moderator
from tests.fixtures.app import log_in
from tests.unit.moderation.test_operations import make_case


def give_role(session: Session, user: User, role: Role) -> User:
    user.roles.append(RoleRow(name=role.value))
    session.commit()
    return user


@pytest.fixture
def moderator(session: Session) -> User:
    return give_role(session, make_moderator(session), Role.MODERATOR)


@pytest.fixture
def case(session: Session, services: Services) -> Case:
    return make_case(session, services, Verdict.MISMATCH)


def test_the_desk_is_not_there_for_others(
    client: FlaskClient, session: Session, case: Case
) -> None:
    assert client.get("/moderate").status_code == 302  # to the log-in page
    someone = make_moderator(session)  # an account without the role
    session.commit()
    log_in(client, someone)
    assert client.get("/moderate").status_code == 404
    assert client.get(f"/moderate/{case.id}").status_code == 404
    assert client.post(f"/moderate/{case.id}/claim").status_code == 404
    session.expire_all()
    assert case.claimed_by is None


def test_the_prompt_is_shown_to_the_moderator_at_work_only(
    client: FlaskClient, session: Session, moderator: User, case: Case
) -> None:
    log_in(client, moderator)
    queue = client.get("/moderate").text
    assert case.listing.title in queue
    assert SECRET_WORD not in queue
    assert SECRET_WORD not in client.get(f"/moderate/{case.id}").text
    client.post(f"/moderate/{case.id}/claim")
    page = client.get(f"/moderate/{case.id}").text
    assert SECRET_WORD in page
    assert "DPM++ 2M" in page
    assert "dpmpp_2m" not in page
    client.post(f"/moderate/{case.id}/release")
    assert SECRET_WORD not in client.get(f"/moderate/{case.id}").text


def test_a_refused_approval_keeps_what_was_typed_and_changes_nothing(
    client: FlaskClient, session: Session, moderator: User, case: Case
) -> None:
    log_in(client, moderator)
    client.post(f"/moderate/{case.id}/claim")
    answer = client.post(f"/moderate/{case.id}/approve", data={"note": "Looks fine to me, honest"})
    assert answer.status_code == 422
    assert "does not prove" in answer.text
    assert "Looks fine to me, honest" in answer.text
    session.expire_all()
    assert case.listing.state is ListingState.IN_REVIEW


def test_a_rejection_needs_a_reason_and_reaches_the_seller(
    client: FlaskClient, session: Session, moderator: User, case: Case
) -> None:
    log_in(client, moderator)
    client.post(f"/moderate/{case.id}/claim")
    answer = client.post(f"/moderate/{case.id}/reject", data={"note": "Sample 1 differs."})
    assert (answer.status_code, "Choose the reason" in answer.text) == (422, True)
    assert "Sample 1 differs." in answer.text
    data = {"code": "SAMPLES_MISMATCH", "note": "Sample 1 differs."}
    assert client.post(f"/moderate/{case.id}/reject", data=data).status_code == 302
    session.expire_all()
    assert case.listing.state is ListingState.REJECTED
    assert "Sample 1 differs." in (case.listing.rejection_text or "")


def test_an_override_is_named_in_public(
    client: FlaskClient, session: Session, moderator: User, case: Case
) -> None:
    log_in(client, moderator)
    client.post(f"/moderate/{case.id}/claim")
    data = {"override": "y", "note": "Compared by eye; only the sampler differs."}
    assert client.post(f"/moderate/{case.id}/approve", data=data).status_code == 302
    session.expire_all()
    stranger = client.application.test_client()
    path = f"/p/{case.listing.slug}-{case.listing.id}/proof"
    page = stranger.get(path)
    assert page.status_code == 200
    assert "Mo Derator" in page.text
    assert "Compared by eye" in page.text
    data_of = stranger.get(f"{path}.json").get_json()
    assert data_of["document"]["override"]["moderator"] == "Mo Derator"
    assert SECRET_WORD not in page.text + stranger.get(f"{path}.json").text


def test_a_report_is_private_until_the_listing_is_live(
    client: FlaskClient, session: Session, moderator: User, case: Case
) -> None:
    path = f"/p/{case.listing.slug}-{case.listing.id}/proof"
    assert client.get(path).status_code == 404
    assert client.get(f"{path}.json").status_code == 404
    log_in(client, session.get_one(User, case.listing.seller_id))
    assert client.get(path).status_code == 200


def test_a_second_decision_is_told_so(
    client: FlaskClient, session: Session, moderator: User, case: Case
) -> None:
    log_in(client, moderator)
    client.post(f"/moderate/{case.id}/claim")
    operations.approve(session, case.id, moderator, "An override, explained.", override=True)
    session.commit()
    answer = client.post(f"/moderate/{case.id}/reject", data={"code": "SPAM"})
    assert (answer.status_code, "already decided" in answer.text) == (409, True)


def test_the_desk_tells_what_the_models_maker_says_of_each_sample(
    client: FlaskClient, session: Session, case: Case, moderator: User
) -> None:
    run = session.get_one(VerificationRun, case.run_id)
    first, second, third = (sample.id for sample in run.version.samples)
    signal = {"kind": "c2pa", "detected": True, "trusted": True, "model": "a-model"}
    signal["generated_at"] = "2026-01-02T03:04:05Z"
    unseen = {"kind": "synthid", "detected": False, "trusted": None, "model": None}
    run.decision = {
        "provenance": [
            {"sample_id": third, "signals": None},
            {"sample_id": second, "signals": [unseen]},
            {"sample_id": first, "signals": [signal, unseen]},
        ]
    }
    session.commit()
    log_in(client, moderator)
    page = client.get(f"/moderate/{case.id}").text
    lines = [
        "Sample 1: C2PA manifest, trusted signature, by a-model, made 2026-01-02T03:04:05Z.",
        "Sample 2: no mark of the model&#39;s maker found, which says nothing.",
        "Sample 3: the model&#39;s maker could not be asked.",
    ]
    assert [page.count(f"<li>{line}</li>") for line in lines] == [1, 1, 1]


def test_the_desks_second_choices_look_like_buttons(
    client: FlaskClient, session: Session, services: Services, moderator: User
) -> None:
    case = make_case(session, services, Verdict.INCONCLUSIVE)
    log_in(client, moderator)
    client.post(f"/moderate/{case.id}/claim")
    page = client.get(f"/moderate/{case.id}").text
    for label in ("Approve", "Put back into the queue"):
        start = page.rindex("<button", 0, page.index(f">{label}</button>"))
        assert 'class="button"' in page[start : page.index(f">{label}</button>")], label


def test_the_queue_has_lanes_an_order_and_a_next_case(
    client: FlaskClient, session: Session, services: Services, moderator: User
) -> None:
    grave, calm = make_case(session, services), make_case(session, services)
    grave.lane, grave.risk_rank = Lane.SCANNER, 5
    calm.lane, calm.risk_rank = Lane.NEW, 90
    grave.created_at = calm.created_at + timedelta(minutes=5)
    session.commit()
    log_in(client, moderator)
    page = client.get("/moderate").text
    assert 'Waiting <span class="numeric">2</span>' in page
    assert 'Scanner <span class="numeric">1</span>' in page
    assert page.index(calm.listing.title) < page.index(grave.listing.title)
    risky = client.get("/moderate?order=risk").text
    assert risky.index(grave.listing.title) < risky.index(calm.listing.title)
    scanner = client.get("/moderate?tab=scanner").text
    assert calm.listing.title not in scanner
    first = client.post("/moderate/next", data={"order": "risk"})
    assert f"/moderate/{grave.id}" in first.location
    behind = client.post("/moderate/next", data={"after": grave.id})
    assert f"/moderate/{calm.id}" in behind.location
    held = client.post("/moderate/next", data={"after": calm.id})
    assert f"/moderate/{grave.id}" in held.location  # what one holds already comes round again
    nothing = client.post("/moderate/next", data={"tab": "edits"}, follow_redirects=True)
    assert "Nothing else waits here." in nothing.text
    assert client.get("/moderate?tab=nonsense&order=nonsense&page=x").status_code == 200


def test_a_script_is_told_what_to_undo_or_what_is_missing(
    client: FlaskClient, session: Session, moderator: User, case: Case
) -> None:
    log_in(client, moderator)
    client.post(f"/moderate/{case.id}/claim")
    script = {"X-Requested-With": "fetch"}
    missing = client.post(f"/moderate/{case.id}/reject", headers=script)
    assert (missing.status_code, missing.get_json()) == (
        422,
        {"error": "Choose the reason that fits best."},
    )
    data = {"code": "SAMPLES_MISMATCH"}
    told = client.post(f"/moderate/{case.id}/request_changes", data=data, headers=script)
    assert told.status_code == 200
    assert "changes requested" in told.text
    assert "<html" not in told.text
    assert client.post(f"/moderate/{case.id}/burn").status_code == 404


def test_a_moderator_undoes_within_the_time(
    client: FlaskClient,
    app: Flask,
    session: Session,
    services: Services,
    moderator: User,
    case: Case,
) -> None:
    settings = services.settings.model_copy(update={"undo_seconds": 10.0})
    app.extensions["bracket"] = dataclasses.replace(services, settings=settings)
    log_in(client, moderator)
    client.post(f"/moderate/{case.id}/claim")
    client.post(f"/moderate/{case.id}/reject", data={"code": "SPAM"})
    session.expire_all()
    assert (case.state, case.listing.state) == (CaseState.DECIDING, ListingState.IN_REVIEW)
    assert isinstance(services.queue, RecordingQueue)
    name, (decision_id,) = services.queue.sent[-1]
    assert name == "moderation.settle"
    assert "in a moment" in client.get("/moderate").text
    back = client.post(f"/moderate/decisions/{decision_id}/undo", follow_redirects=True)
    assert "Undone" in back.text
    session.expire_all()
    assert case.state is CaseState.CLAIMED
    late = client.post(f"/moderate/decisions/{decision_id}/undo", follow_redirects=True)
    assert "cannot be undone any more" in late.text
