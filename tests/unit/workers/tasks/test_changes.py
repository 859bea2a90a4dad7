"""A model changes: its listings prove themselves again, and what follows for each of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import OutgoingMail
from marketplace.core.clock import frozen, now
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError
from marketplace.core.unit_of_work import unit_of_work
from marketplace.listings import operations as listings
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.states import ListingState
from marketplace.moderation import operations as moderation
from marketplace.moderation.decisions.operations import Ruling, decide, settle
from marketplace.moderation.models import Case
from marketplace.moderation.states import About, CaseState, DecisionKind, Lane, OutcomeKind
from marketplace.task_names import TaskName
from marketplace.verification import operations as runs
from marketplace.verification.changes import operations, queries
from marketplace.verification.changes.models import ModelChange
from marketplace.verification.changes.noticing import NEW_ENVIRONMENT, NEW_WEIGHTS
from marketplace.verification.changes.outcomes import judged
from marketplace.verification.changes.states import ReverificationAction, ReverificationState
from marketplace.verification.models import VerificationRun
from marketplace.verification.report import proof_runs, standing_run
from marketplace.verification.states import RunKind, Verdict
from tests.factories.accounts import make_user
from tests.factories.changes import ChangingGenerator, live_listing, reverifications_of
from tests.factories.orders import make_seller
from tests.factories.runs import work
from tests.factories.shop import make_purchase
from tests.factories.verification import SECRET_WORD, make_moderator, make_waiting_listing
from workers.engines.contract import EngineRefused
from workers.runs import runner
from workers.tasks import changes

S = ReverificationState


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, services: Services) -> ChangingGenerator:
    monkeypatch.setattr(changes, "services", lambda: services)
    # Looking for copies takes longest and says nothing about a model.
    monkeypatch.setattr(runner, "gather_evidence", lambda *_: None)
    return ChangingGenerator()


def notice(services: Services, engine: ChangingGenerator) -> bool:
    """What a worker does at its start."""
    with unit_of_work(services.database) as session:
        found = operations.notice(session, "house", engine.weights, engine.environment)
        return found is not None


def verify_again(services: Services, engine: ChangingGenerator) -> None:
    """Notice the change and finish everything that follows from it at once."""
    assert notice(services, engine)
    changes.sweep_changes()
    while work(services, engine) is not None:
        pass


def states_of(session: Session, *them: Listing) -> list[ReverificationState]:
    return [one.state for one in reverifications_of(session, *them)]


def put_on_sale(session: Session, listing: Listing, version: ListingVersion) -> None:
    """Another version takes the live one's place, by a moderator's override."""
    moderator = make_moderator(session)
    approval = Case(
        listing_id=listing.id,
        version_id=version.id,
        state=CaseState.APPROVED,
        decided_by=moderator.id,
        decided_at=now(),
        override=True,
        decision_note="for a test",
    )
    session.add(approval)
    listing.version_id = listing.live_version_id = version.id
    session.commit()


def mails(session: Session) -> list[OutgoingMail]:
    session.expire_all()
    return list(session.scalars(select(OutgoingMail).order_by(OutgoingMail.created_at)))


def test_new_weights_that_draw_the_same_leave_a_second_report_and_nothing_else(
    session: Session, services: Services, engine: ChangingGenerator
) -> None:
    listing = live_listing(session, services, engine)
    assert not notice(services, engine)  # nothing is new
    engine.upgrade(drifted=False)
    verify_again(services, engine)
    assert not notice(services, engine)  # a second worker with the same is no second change
    (one,) = reverifications_of(session, listing)
    assert (one.state, one.change.what) == (S.PASSED, NEW_WEIGHTS)
    found = proof_runs(session, [listing.live_version_id or ""])
    assert [run.kind for run in found] == [RunKind.REVERIFICATION, RunKind.LISTING]
    assert standing_run(found) is found[1]
    assert found[0].reason == NEW_WEIGHTS
    assert "Before: reproduced" in (one.reason or "")
    story = [event.to_state for event in queries.story(session, one.id)]
    assert story == ["waiting", "running", "passed"]
    assert listing.state is ListingState.LIVE
    assert one.version.degraded_since is None
    assert mails(session) == []


def test_what_no_longer_comes_out_is_marked_and_its_seller_told_once(
    session: Session, services: Services, engine: ChangingGenerator
) -> None:
    listing = live_listing(session, services, engine)
    engine.upgrade()
    verify_again(services, engine)
    (one,) = reverifications_of(session, listing)
    assert one.state is S.DEGRADED
    assert listing.state is ListingState.LIVE  # the seller has time
    since, fix_by = one.version.degraded_since, one.version.fix_by
    assert since is not None
    assert fix_by == since + timedelta(days=services.settings.fix_window_days)
    (mail,) = mails(session)
    assert listing.title in mail.body_text
    assert f"{fix_by.day} {fix_by:%B %Y}" in mail.body_text
    assert SECRET_WORD not in mail.body_text + mail.subject
    engine.upgrade()  # and once more: neither a second mail nor a longer window
    verify_again(services, engine)
    assert states_of(session, listing) == [S.DEGRADED, S.DEGRADED]
    assert (one.version.fix_by, len(mails(session))) == (fix_by, 1)


def test_after_the_window_it_goes_off_sale_and_its_buyers_keep_it(
    session: Session, services: Services, engine: ChangingGenerator
) -> None:
    listing = live_listing(session, services, engine)
    right = make_purchase(session, make_user(session), listing)
    engine.upgrade()
    verify_again(services, engine)
    changes.sweep_changes()
    session.expire_all()
    assert listing.state is ListingState.LIVE
    later = now() + timedelta(days=services.settings.fix_window_days, minutes=1)
    with frozen(later):
        changes.sweep_changes()
        changes.sweep_changes()
        session.expire_all()
        assert listing.state is ListingState.WITHDRAWN
        assert states_of(session, listing) == [S.EXPIRED]
        assert [mail.subject for mail in mails(session)][1:] == [f"“{listing.title}” is off sale"]
        assert session.merge(right).version_id == listing.live_version_id
        with pytest.raises(ConflictError, match="new version"):
            listings.relist(session, listing, listing.seller_id)


def test_a_later_model_that_draws_as_before_mends_it(
    session: Session, services: Services, engine: ChangingGenerator
) -> None:
    listing = live_listing(session, services, engine)
    engine.upgrade()
    verify_again(services, engine)
    with frozen(now() + timedelta(days=30)):
        changes.sweep_changes()
    session.expire_all()
    assert listing.state is ListingState.WITHDRAWN
    engine.upgrade(drifted=False)
    verify_again(services, engine)
    assert states_of(session, listing) == [S.MENDED, S.PASSED]
    version = session.get_one(ListingVersion, listing.live_version_id)
    assert (version.degraded_since, version.fix_by) == (None, None)
    listings.relist(session, listing, listing.seller_id)
    assert listing.state is ListingState.LIVE
    assert "comes out right again" in mails(session)[-1].subject


def test_a_new_version_on_sale_mends_it_and_the_old_one_stays_marked(
    session: Session, services: Services, engine: ChangingGenerator
) -> None:
    listing = live_listing(session, services, engine)
    engine.upgrade()
    verify_again(services, engine)
    (one,) = reverifications_of(session, listing)
    other = make_waiting_listing(session, services.vault, listing.seller)
    version = session.get_one(ListingVersion, other.version_id)
    version.listing_id, version.number = listing.id, 2
    put_on_sale(session, listing, version)
    changes.sweep_changes()
    session.expire_all()
    assert one.state is S.MENDED
    assert one.version.degraded_since is not None
    with frozen(now() + timedelta(days=30)):
        changes.sweep_changes()
    session.expire_all()
    assert listing.state is ListingState.LIVE


def test_the_best_selling_go_first_within_the_budget(
    session: Session, services: Services, engine: ChangingGenerator
) -> None:
    seller = make_seller(session)  # of all three, or the search would find copies
    quiet, hit, middling = (
        live_listing(session, services, engine, seller=seller) for _ in range(3)
    )
    for _ in range(2):
        make_purchase(session, make_user(session), hit)
    make_purchase(session, make_user(session), middling)
    engine.upgrade(drifted=False)
    notice(services, engine)
    with unit_of_work(services.database) as other:
        (change,) = operations.unplanned(other)
        versions = operations.affected_versions(other, change)
        assert operations.plan(other, change, changes.times_sold(other, versions)) == 3
        assert operations.plan(other, change, changes.times_sold(other, versions)) == 0
    session.expire_all()
    cost = session.scalars(select(VerificationRun.work_units)).first() or 0
    with unit_of_work(services.database) as other:
        first = operations.start_due(other, services.queue, cost)
        assert [one.version_id for one in first] == [hit.live_version_id]
        # The budget of this hour is spent.
        assert operations.start_due(other, services.queue, cost) == []
        # More of it: the next one, and then two are at work.
        more = operations.start_due(other, services.queue, 10 * cost)
        assert [one.version_id for one in more] == [middling.live_version_id]
        assert operations.start_due(other, services.queue, 10 * cost) == []
    assert states_of(session, quiet) == [S.WAITING]
    sent = [args[0] for name, args in services.queue.sent if name == TaskName.VERIFY_LISTING]  # type: ignore[attr-defined]
    assert sent[-2:] == [hit.live_version_id, middling.live_version_id]


def test_they_never_start_before_a_seller_who_waits(
    session: Session, services: Services, engine: ChangingGenerator
) -> None:
    listing = live_listing(session, services, engine)
    submitted = make_waiting_listing(session, services.vault)
    runs.request_run(session, session.get_one(ListingVersion, submitted.version_id))
    session.commit()
    engine.upgrade(drifted=False)
    notice(services, engine)
    changes.sweep_changes()
    assert states_of(session, listing) == [S.WAITING]
    run = session.scalars(
        select(VerificationRun).where(VerificationRun.version_id == submitted.version_id)
    ).one()
    runs.cancel_run(session, run)
    session.commit()
    changes.sweep_changes()
    assert states_of(session, listing) == [S.RUNNING]


def test_a_failure_of_ours_goes_to_a_person_and_is_not_held_against_the_listing(
    session: Session, services: Services, engine: ChangingGenerator
) -> None:
    listing = live_listing(session, services, engine)
    engine.upgrade()
    engine.failures = [EngineRefused("no")]
    verify_again(services, engine)
    (one,) = reverifications_of(session, listing)
    assert one.state is S.REFERRED
    assert one.version.degraded_since is None
    assert mails(session) == []
    case = session.scalars(select(Case).where(Case.about == About.ON_SALE)).one()
    assert (case.lane, case.version_id) == (Lane.REVERIFICATION, one.version_id)
    moderator = make_moderator(session)
    moderation.claim(session, case.id, moderator)
    made = decide(session, case.id, moderator, Ruling(DecisionKind.RERUN), timedelta())
    assert settle(session, made.id) is OutcomeKind.APPLIED
    session.commit()
    changes.sweep_changes()
    assert work(services, engine) is not None
    assert states_of(session, listing) == [S.DEGRADED]
    event = queries.story(session, one.id)[3]
    assert (event.action, event.actor_id) == ("repeat", moderator.id)


def test_a_run_that_an_unchanged_worker_took_proves_nothing_about_the_change(
    session: Session, services: Services, engine: ChangingGenerator
) -> None:
    listing = live_listing(session, services, engine)
    old = ChangingGenerator()
    engine.upgrade()
    notice(services, engine)
    changes.sweep_changes()
    assert work(services, old) is not None
    assert states_of(session, listing) == [S.WAITING]
    changes.sweep_changes()  # not at once: the other worker has to get a chance
    assert states_of(session, listing) == [S.WAITING]
    with frozen(now() + timedelta(minutes=11)):
        changes.sweep_changes()
        assert work(services, engine) is not None
    assert states_of(session, listing) == [S.DEGRADED]


def test_a_run_tells_of_a_new_environment_by_itself(
    session: Session, services: Services, engine: ChangingGenerator
) -> None:
    first = live_listing(session, services, engine)
    engine.upgrade(drifted=False, environment="f" * 64)
    second = live_listing(session, services, engine, seller=first.seller)
    change = session.scalars(select(ModelChange)).one()
    assert (change.what, change.environment) == (NEW_ENVIRONMENT, "f" * 64)
    changes.sweep_changes()
    assert states_of(session, first) == [S.RUNNING]
    assert states_of(session, second) == []


def test_what_left_the_shelf_meanwhile_is_left_alone(
    session: Session, services: Services, engine: ChangingGenerator
) -> None:
    listing = live_listing(session, services, engine)
    engine.upgrade()
    notice(services, engine)
    with unit_of_work(services.database) as other:
        (change,) = operations.unplanned(other)
        operations.plan(other, change, {listing.live_version_id or "": 0})
    listings.withdraw(session, listing, listing.seller_id)
    session.commit()
    changes.sweep_changes()
    assert states_of(session, listing) == [S.DROPPED]


def test_a_conclusion_lost_with_its_worker_is_drawn_by_the_sweep(
    session: Session, services: Services, engine: ChangingGenerator
) -> None:
    listing = live_listing(session, services, engine)
    engine.upgrade()
    notice(services, engine)
    changes.sweep_changes()
    (one,) = reverifications_of(session, listing)
    run = session.get_one(VerificationRun, one.run_id)
    runs.cancel_run(session, run)
    session.commit()
    changes.sweep_changes()
    assert states_of(session, listing) == [S.REFERRED]


def test_copies_found_later_are_a_question_for_a_person(
    session: Session, services: Services, engine: ChangingGenerator
) -> None:
    listing = live_listing(session, services, engine)
    engine.upgrade(drifted=False)
    notice(services, engine)
    changes.sweep_changes()
    (one,) = reverifications_of(session, listing)
    run = session.get_one(VerificationRun, one.run_id)
    assert work(services, engine) is not None
    session.expire_all()
    # The same end, had the search found something: judged on the row as it would stand.
    run.verdict = Verdict.COPIED
    action, reason = judged(session, one, run)
    assert action is ReverificationAction.REFER
    assert "finds a sample elsewhere" in reason
    session.rollback()
