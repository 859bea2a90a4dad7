"""Labels, second looks, workload, transparency, bulk decisions and trust lanes."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError, InvalidError
from marketplace.core.permissions import Role
from marketplace.listings.models import ListingVersion
from marketplace.listings.states import ListingState
from marketplace.moderation import operations, trust
from marketplace.moderation.decisions.models import Decision
from marketplace.moderation.decisions.operations import Ruling, decide, settle
from marketplace.moderation.quality import labels, second_looks
from marketplace.moderation.quality.bulk import reject_as_spam
from marketplace.moderation.quality.models import SecondLook
from marketplace.moderation.quality.workload import HEADER, transparency_csv, workload
from marketplace.moderation.recommendation import Advice, Recommendation
from marketplace.moderation.states import CaseState, DecisionKind, Lane, ReasonCode
from marketplace.policy import Finding, Severity
from marketplace.screening import operations as screening
from marketplace.screening.models import PolicyFinding
from marketplace.screening.recording import Noted, finish
from marketplace.screening.states import Stage
from tests.factories.accounts import make_user
from tests.factories.verification import make_moderator
from tests.fixtures.app import log_in
from tests.unit.moderation.test_operations import make_case

TEN = timedelta(seconds=10)


@pytest.fixture
def moderator(session: Session) -> User:
    return make_user(session, Role.MODERATOR)


def test_precision_per_rule_is_counted_from_labels(
    session: Session, services: Services, moderator: User
) -> None:
    case = make_case(session, services)
    version = session.get_one(ListingVersion, case.version_id)
    check = screening.request(session, services.vault, version, Stage.TEXTS)
    found = [
        Finding("SPAM", Severity.SOFT, "title", None, "said", "fix", rule)
        for rule in ("spam.links", "spam.links", "spam.tags")
    ]
    finish(session, services.vault, check, [Noted(one) for one in found])
    ids = {row.position: row.id for row in session.scalars(select(PolicyFinding))}
    other = make_moderator(session)
    labels.label(session, ids[1], moderator.id, True)
    labels.label(session, ids[1], moderator.id, False)  # a second word replaces the first
    labels.label(session, ids[1], other.id, True)
    labels.label(session, ids[3], other.id, True)
    told = {one.rule: (one.right, one.labelled) for one in labels.precision_per_rule(session)}
    assert told == {"spam.links": (1, 2), "spam.tags": (1, 1)}
    assert labels.precision_per_rule(session)[0].rule == "spam.links"
    assert labels.labels_of(session, list(ids.values()), moderator.id) == {ids[1]: False}


def approve(session: Session, services: Services, moderator: User) -> Decision:
    case = make_case(session, services)
    operations.claim(session, case.id, moderator)
    advice = Recommendation(Advice.APPROVE, ("green",))
    made = decide(
        session, case.id, moderator, Ruling(DecisionKind.APPROVE, advice=advice), timedelta()
    )
    settle(session, made.id)
    session.commit()
    return made


def test_the_page_of_second_looks_counts_them_and_leaves_out_ones_own(
    client: FlaskClient,
    session: Session,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moderator = make_user(session, Role.MODERATOR)
    approve(session, services, moderator)
    monkeypatch.setattr(second_looks, "is_drawn", lambda *_: True)
    second_looks.draw(session)
    session.commit()
    log_in(client, moderator)
    page = client.get("/moderate/second-looks").text
    assert 'Second looks <span class="numeric">1</span>' in page
    assert "The decision was yours" in page
    assert "SecondLook" not in page


def test_a_second_look_is_somebody_elses(
    session: Session, services: Services, moderator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    approve(session, services, moderator)
    monkeypatch.setattr(second_looks, "is_drawn", lambda *_: True)
    assert (second_looks.draw(session), second_looks.draw(session)) == (1, 0)
    [look] = second_looks.waiting(session)
    with pytest.raises(InvalidError, match="The decision was yours"):
        second_looks.record(session, look.id, moderator, True, "")
    owner = look.decision.case.listing.seller.user
    with pytest.raises(InvalidError, match="This listing is your own"):
        second_looks.record(session, look.id, owner, True, "")
    other = make_moderator(session)
    with pytest.raises(InvalidError, match="what you would have decided"):
        second_looks.record(session, look.id, other, False, " ")
    second_looks.record(session, look.id, other, False, "The title promises a pack.")
    with pytest.raises(ConflictError):
        second_looks.record(session, look.id, make_moderator(session), True, "")
    [work] = workload(session, 7)
    assert (work.decided, work.looks, work.disagreed, work.with_machine) == (1, 1, 1, 1.0)


def test_the_sample_is_about_as_large_as_it_says() -> None:
    drawn = sum(second_looks.is_drawn(f"decision-{number}", False) for number in range(4000))
    often = sum(second_looks.is_drawn(f"decision-{number}", True) for number in range(4000))
    assert 140 <= drawn <= 260
    assert 900 <= often <= 1100


def test_the_export_holds_numbers_and_no_names(
    session: Session, services: Services, moderator: User
) -> None:
    approve(session, services, moderator)
    case = make_case(session, services)
    operations.claim(session, case.id, moderator)
    operations.reject(session, case.id, moderator, ReasonCode.SPAM, "secret words")
    session.commit()
    text = transparency_csv(session)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert tuple(rows[0]) == HEADER
    assert [(row["decision"], row["reason_code"], row["decisions"]) for row in rows] == [
        ("approve", "", "1"),
        ("reject", "SPAM", "1"),
    ]
    assert "secret" not in text
    assert moderator.display_name not in text


def test_a_wave_is_rejected_but_what_others_hold_is_left(
    session: Session, services: Services, moderator: User
) -> None:
    wave = [make_case(session, services) for _ in range(3)]
    operations.claim(session, wave[0].id, make_moderator(session))
    session.commit()
    ids = [case.id for case in wave] + ["none"]
    made, left = reject_as_spam(session, ids, moderator, "One of many.", TEN)
    session.commit()
    assert (len(made), left) == (2, 2)
    states = sorted(case.state.value for case in wave)
    assert states == ["claimed", "deciding", "deciding"]


def test_trust_lanes_are_off_until_the_owner_says_so_and_want_a_record(
    session: Session, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = make_case(session, services)
    version = session.get_one(ListingVersion, case.version_id)
    case.lane = Lane.NEW
    check = screening.request(session, services.vault, version, Stage.TEXTS)
    finish(session, services.vault, check, [])
    session.commit()
    assert trust.approve_trusted(session) == 0
    owner = make_user(session, Role.ADMIN)
    trust.switch(session, True, owner)
    assert trust.approve_trusted(session) == 0  # no record yet
    monkeypatch.setattr(trust, "LEAST_APPROVED", 0)
    assert trust.approve_trusted(session) == 1
    session.commit()
    assert (case.state, case.listing.state) == (CaseState.APPROVED, ListingState.LIVE)
    [made] = session.scalars(select(Decision))
    assert (made.automatic, made.moderator_id) == (True, owner.id)
    assert made.statement["decided_by_a_person"] is False
    trust.switch(session, False, owner)
    assert trust.switched_on_by(session) is None


def test_pages_about_quality_are_for_those_who_may(
    client: FlaskClient, session: Session, services: Services, moderator: User
) -> None:
    approve(session, services, moderator)
    look = SecondLook(
        decision_id=session.scalars(select(Decision.id)).one(), decider_id=moderator.id
    )
    session.add(look)
    lead, owner = make_user(session, Role.LEAD), make_user(session, Role.ADMIN)
    session.commit()
    log_in(client, moderator)
    assert "No finding has been labelled" in client.get("/moderate/rules").text
    assert "The decision was yours" in client.get("/moderate/second-looks").text
    assert client.get("/moderate/team").status_code == 404
    log_in(client, lead)
    page = client.get("/moderate/team?days=7").text
    assert moderator.display_name in page
    assert client.post("/moderate/trust", data={"on": "yes"}).status_code == 404
    assert client.get("/moderate/transparency.csv").mimetype == "text/csv"
    answer = client.post(f"/moderate/second-looks/{look.id}", data={"agrees": "yes"})
    assert answer.status_code == 302
    log_in(client, owner)
    client.post("/moderate/trust", data={"on": "yes"})
    assert "<strong>On</strong>" in client.get("/moderate/team").text
