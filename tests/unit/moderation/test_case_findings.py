"""Policy findings on a case: that there are some for all moderators, what they say for one."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.accounts.models import User
from marketplace.core.container import Services
from marketplace.core.permissions import Role
from marketplace.listings.models import ListingVersion
from marketplace.moderation import operations
from marketplace.moderation.models import Case
from marketplace.moderation.states import CaseState
from marketplace.policy import Finding, Severity
from marketplace.screening import operations as screening
from marketplace.screening.recording import Noted, finish
from marketplace.screening.seller_panel import seller_findings
from marketplace.screening.states import Stage
from marketplace.verification.policy import FindingDraft
from marketplace.verification.states import Verdict
from tests.factories.accounts import make_seller, make_user
from tests.factories.listings import make_in_review
from tests.factories.shop import make_report
from tests.fixtures.app import log_in
from workers.tasks import policy

PROMPT = "zanzibar Pikachu in a [place: garden | kitchen], soft pastel, long shadow"


@pytest.fixture
def case(session: Session, services: Services, monkeypatch: pytest.MonkeyPatch) -> Case:
    monkeypatch.setattr(policy, "services", lambda: services)
    listing = make_in_review(session, services, make_seller(session), prompt=PROMPT)
    version = session.get_one(ListingVersion, listing.version_id)
    run = make_report(session, version, (0, 4, 8), Verdict.REPRODUCED)
    draft = FindingDraft("RUN_NOTE", "info", "samples", "Something about the run.")
    case = operations.open_case(session, listing, version, run, [draft])
    session.commit()
    return case


@pytest.fixture
def moderator(session: Session) -> User:
    user = make_user(session, Role.MODERATOR)
    session.commit()
    return user


def test_details_are_for_the_moderator_at_work(
    client: FlaskClient, case: Case, moderator: User
) -> None:
    log_in(client, moderator)
    assert "still being checked" in client.get(f"/moderate/{case.id}").text
    policy.sweep_policy()
    before = client.get(f"/moderate/{case.id}").text
    assert "Somebody else’s characters or brands" in before
    assert "Something about the run." in before
    assert "Pikachu" not in before
    client.post(f"/moderate/{case.id}/claim")
    after = client.get(f"/moderate/{case.id}").text
    assert "Names “Pikachu”, a character" in after
    assert '<span class="numeric">10–16</span>' in after
    assert '<q class="finding__excerpt">Pikachu</q>' in after
    assert "Describe what the figure looks like" in after


def test_advice_stands_beside_the_decision(
    client: FlaskClient, case: Case, moderator: User
) -> None:
    log_in(client, moderator)
    assert "The texts are still being checked." in client.get(f"/moderate/{case.id}").text
    policy.sweep_policy()
    page = client.get(f"/moderate/{case.id}").text
    assert "Reject: Somebody else’s characters or brands" in page
    assert "Pikachu" not in page


def test_the_seller_reads_what_was_found_and_strangers_do_not(
    client: FlaskClient, session: Session, case: Case, moderator: User
) -> None:
    policy.sweep_policy()
    log_in(client, session.get_one(User, case.listing.seller_id))
    page = client.get(f"/sell/{case.listing_id}").text
    assert "Names “Pikachu”, a character" in page
    assert "What the checks say" in page
    with client.application.test_request_context():
        assert seller_findings(case.listing) is None


def test_grave_reasons_ask_for_two_moderators(
    session: Session, services: Services, case: Case, moderator: User
) -> None:
    version = session.get_one(ListingVersion, case.version_id)
    check = screening.request(session, services.vault, version, Stage.TEXTS)
    assert operations.hands_needed(session, version) == 1
    grave = Finding("MINOR_SAFETY", Severity.HARD, "template", None, "said", "fix", "minors.x")
    finish(session, services.vault, check, [Noted(grave)])
    session.commit()
    assert operations.hands_needed(session, version) == 2
    operations.claim(session, case.id, moderator)
    assert operations.approve(session, case.id, moderator).state is CaseState.OPEN
