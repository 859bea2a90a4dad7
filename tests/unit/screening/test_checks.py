"""A version's policy check from submission to rows: durable, repeatable, sealed, clones named."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.clock import frozen, now
from marketplace.core.container import Services
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.text_moderation import ModerationUnavailableError, Opinion
from marketplace.listings import operations as listings
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.queries import version_of
from marketplace.policy import Finding, Severity
from marketplace.screening import operations, queries
from marketplace.screening.models import PolicyCheck, PolicyFinding, PolicyPrint
from marketplace.screening.recording import opened
from marketplace.screening.states import CheckState, Stage
from tests.factories.accounts import make_seller
from tests.factories.listings import make_live, make_submitted
from workers.tasks import policy

PROMPT = (
    "velvet Homer Simpson statue in [material: bronze | clay], soft rim light over a marble floor, "
    "five lamps, muted greens and a long shadow"
)
CLONE = PROMPT.replace("[material: bronze | clay]", "[stuff=oak]").replace("five", "six")


@pytest.fixture(autouse=True)
def _workers(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "services", lambda: services)


@pytest.fixture
def seller(session: Session) -> SellerProfile:
    return make_seller(session)


def submitted(session: Session, services: Services, seller: SellerProfile, **fields: object) -> str:
    listing = make_submitted(session, services, seller, **fields)
    session.commit()
    return str(listing.version_id)


def findings(session: Session, services: Services, version_id: str) -> list[Finding]:
    session.expire_all()
    return [
        opened(services.vault, row)
        for check in queries.latest_checks(session, version_id)
        for row in check.findings
    ]


def states(session: Session) -> dict[Stage, CheckState]:
    session.expire_all()
    return {row.stage: row.state for row in session.scalars(select(PolicyCheck))}


def test_a_submission_is_checked_once_and_what_is_found_is_sealed(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    version_id = submitted(session, services, seller, prompt=PROMPT)
    policy.check_policy(version_id)
    policy.check_policy(version_id)
    policy.sweep_policy()
    found = findings(session, services, version_id)
    assert [(f.code, f.severity, f.span) for f in found] == [
        ("THIRD_PARTY_IP", Severity.HARD, (7, 20))
    ]
    assert session.scalars(select(PolicyCheck.stage)).all() == [Stage.TEXTS]
    tables = ("policy_checks", "policy_findings", "policy_prints")
    stored = "".join(
        str(row) for table in tables for row in session.execute(text(f"SELECT * FROM {table}"))
    )
    assert "Simpson" not in stored
    assert "velvet" not in stored


def test_a_lost_message_is_found_by_the_sweep(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    version_id = submitted(session, services, seller, prompt=PROMPT)
    policy.sweep_policy()
    assert [f.code for f in findings(session, services, version_id)] == ["THIRD_PARTY_IP"]


def test_findings_never_change(session: Session, services: Services, seller: SellerProfile) -> None:
    policy.check_policy(submitted(session, services, seller, prompt=PROMPT))
    row = session.scalars(select(PolicyFinding)).one()
    row.severity = Severity.NOTE
    with pytest.raises(IntegrityError, match="append-only"):
        session.flush()


def test_a_check_that_fails_waits_and_is_given_up_in_the_end(
    session: Session,
    services: Services,
    seller: SellerProfile,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_: object) -> list[Finding]:
        raise RuntimeError("velvet")

    monkeypatch.setattr(operations, "check", broken)
    version_id = submitted(session, services, seller, prompt=PROMPT)
    moment = now()
    for attempt in range(operations.MAX_ATTEMPTS):
        assert states(session).get(Stage.TEXTS, CheckState.WAITING) is CheckState.WAITING
        with frozen(moment + timedelta(hours=attempt)):
            policy.check_policy(version_id)
    assert states(session) == {Stage.TEXTS: CheckState.FAILED}
    assert session.scalars(select(PolicyCheck.error_code)).one() == "RuntimeError"
    assert "velvet" not in caplog.text


def test_a_changed_draft_is_checked_anew(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    version_id = submitted(session, services, seller, prompt=PROMPT)
    policy.check_policy(version_id)
    version = session.get_one(ListingVersion, version_id)
    listing = session.get_one(Listing, version.listing_id)
    listings.cancel_verification(session, listing, seller.user_id)
    version.prompt_sealed = services.vault.seal(PROMPT.replace("Homer Simpson", "poet"))
    listings.submit(session, services.vault, services.queue, listing, seller.user_id)
    session.commit()
    policy.sweep_policy()
    assert findings(session, services, version_id) == []
    assert len(session.scalars(select(PolicyCheck)).all()) == 2


def test_clones_are_named_and_one_stands_first(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    first = make_live(session, services, seller, prompt=PROMPT, title="Statues first")
    session.commit()
    original = str(first.version_id)
    with unit_of_work(services.database) as work:
        version = work.get_one(ListingVersion, original)
        asked = operations.request(work, services.vault, version, Stage.TEXTS)
        operations.perform(work, services.vault, asked.id, 0)
    clone = submitted(session, services, make_seller(session), prompt=CLONE, title="Mine")
    policy.check_policy(clone)
    (found,) = [f for f in findings(session, services, clone) if f.code == "DUPLICATE"]
    assert (found.severity, found.rule) == (Severity.HARD, "clones.earlier")
    assert "“Statues first”" in found.explanation
    assert not {"velvet", "Simpson", "marble"} & set(found.explanation.split())
    row = session.scalars(select(PolicyFinding).where(PolicyFinding.code == "DUPLICATE")).one()
    assert [other["listing_id"] for other in row.others] == [first.id]
    assert session.get_one(PolicyPrint, clone).bands


def test_habits_across_a_sellers_listings(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    words = ("candles", "torches", "stars", "mirrors")
    versions = [
        submitted(session, services, seller, prompt=PROMPT.replace("lamps", word), title=word)
        for word in words
    ]
    for version_id in versions:
        with unit_of_work(services.database) as work:
            version = work.get_one(ListingVersion, version_id)
            asked = operations.request(work, services.vault, version, Stage.TEXTS)
            operations.perform(work, services.vault, asked.id, per_day=3)
    rules = {f.rule for f in findings(session, services, versions[-1])}
    assert {"habits.pace", "habits.boiler_plate", "habits.structure", "clones.own"} <= rules


class Judge:
    """A provider that notes what it was asked."""

    name = "judge"

    def __init__(self, *opinions: Opinion, error: str | None = None) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.opinions, self.error = opinions, error

    def review(self, texts: tuple[str, ...]) -> list[Opinion]:
        self.asked.append(tuple(texts))
        if self.error:
            raise ModerationUnavailableError(self.error)
        return [*self.opinions, *[Opinion(())] * len(texts)][: len(texts)]


@pytest.mark.parametrize("allowed", [False, True])
def test_a_provider_is_sent_prompts_only_where_the_owner_allows_it(
    session: Session,
    services: Services,
    seller: SellerProfile,
    monkeypatch: pytest.MonkeyPatch,
    allowed: bool,
) -> None:
    judge = Judge(Opinion((("hate", 0.91),)))
    settings = services.settings.model_copy(update={"moderation_sends_prompts": allowed})
    parts = replace(services, text_moderator=judge, settings=settings)
    monkeypatch.setattr(policy, "services", lambda: parts)
    version_id = submitted(session, services, seller, prompt=PROMPT)
    policy.check_policy(version_id)
    (texts,) = judge.asked
    assert ("velvet" in " ".join(texts)) is allowed
    told = [f for f in findings(session, services, version_id) if f.rule == "hosted.hate"]
    assert [(f.code, f.field, f.severity) for f in told] == [("OFFENSIVE", "title", Severity.SOFT)]


def test_a_provider_that_is_silent_costs_nothing_but_its_own_stage(
    session: Session, services: Services, seller: SellerProfile, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Judge(error="TIMEOUT")
    parts = replace(services, text_moderator=judge)
    monkeypatch.setattr(policy, "services", lambda: parts)
    version_id = submitted(session, services, seller, prompt=PROMPT)
    policy.check_policy(version_id)
    policy.sweep_policy()  # too early for another try
    assert len(judge.asked) == 1
    assert states(session) == {Stage.TEXTS: CheckState.DONE, Stage.HOSTED: CheckState.WAITING}
    for hours in range(1, operations.MAX_ATTEMPTS):
        with frozen(now() + timedelta(hours=hours)):
            policy.sweep_policy()
    assert states(session)[Stage.HOSTED] is CheckState.FAILED
    assert version_of(session, session.scalars(select(Listing)).one()).id == version_id
