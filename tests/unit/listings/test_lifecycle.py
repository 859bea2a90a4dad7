"""States of a listing: who moves it where, once, with a line of history each time."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError
from marketplace.core.task_queue import RecordingQueue
from marketplace.core.unit_of_work import commit, rollback
from marketplace.listings import operations
from marketplace.listings.models import Listing, ListingEvent
from marketplace.listings.queries import version_of
from marketplace.listings.states import ListingState
from marketplace.task_names import TaskName
from tests.factories.listings import (
    contents,
    make_draft,
    make_in_review,
    make_live,
    make_sample,
    make_submitted,
)


def history(session: Session, listing: Listing) -> list[tuple[str, str | None, str]]:
    query = select(ListingEvent).where(ListingEvent.listing_id == listing.id)
    rows = session.scalars(query.order_by(ListingEvent.at))
    return [(row.action, row.from_state, row.to_state) for row in rows]


def sent(services: Services) -> list[tuple[str, tuple[str, ...]]]:
    assert isinstance(services.queue, RecordingQueue)
    return services.queue.sent


def test_submitting_asks_for_verification_once(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_submitted(session, services, seller)
    assert sent(services) == []  # not before the row is safe
    commit(session)
    again = operations.submit(session, services.vault, services.queue, listing, seller.user_id)
    commit(session)
    assert again.state is ListingState.VERIFYING
    version_id = str(listing.version_id)
    assert sent(services) == [
        (TaskName.CHECK_POLICY, (version_id,)),
        (TaskName.VERIFY_LISTING, (version_id,)),
    ]
    assert history(session, listing)[1:] == [("submit", "draft", "verifying")]


def test_nothing_is_sent_when_the_work_is_undone(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    make_submitted(session, services, seller)
    rollback(session)
    commit(session)
    assert sent(services) == []
    assert session.scalars(select(Listing)).all() == []


def test_two_samples_are_too_few(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_draft(session, services, seller, samples=2)
    with pytest.raises(operations.SubmissionError, match="Add 1 more sample:") as caught:
        operations.submit(session, services.vault, services.queue, listing, seller.user_id)
    assert [problem.code for problem in caught.value.problems] == ["too_few_samples"]
    assert listing.state is ListingState.DRAFT
    assert history(session, listing) == [("create", None, "draft")]


def test_values_that_no_longer_fit_hold_the_listing_back(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_draft(session, services, seller, samples=2)
    make_sample(session, services, listing, 3, {"sky": "noon"})
    changed = contents(prompt="paper [subject] under a [sky: dawn | sunset] sky")
    operations.revise(session, services.vault, listing, changed, seller.user_id)
    with pytest.raises(operations.SubmissionError) as caught:
        operations.submit(session, services.vault, services.queue, listing, seller.user_id)
    (problem,) = caught.value.problems
    assert (problem.code, problem.sample) == ("sample_values", 3)


def test_publishing(session: Session, services: Services, seller: SellerProfile) -> None:
    listing = make_in_review(session, services, seller)
    operations.publish(session, listing, version_of(session, listing), seller.user_id, "fine")
    session.flush()
    assert listing.state is ListingState.LIVE
    assert listing.live_version_id == listing.version_id
    assert listing.published_at is not None
    with pytest.raises(ConflictError):
        operations.reject(session, listing, seller.user_id, "SPAM", "no")


def test_only_the_version_under_review_can_be_published(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_in_review(session, services, seller)
    other = make_in_review(session, services, seller)
    with pytest.raises(ConflictError):
        operations.publish(session, listing, version_of(session, other), seller.user_id)
    assert listing.state is ListingState.IN_REVIEW


def test_rejected_mended_and_submitted_again(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_in_review(session, services, seller)
    operations.reject(session, listing, seller.user_id, "TOO_SIMPLE", "Add more.")
    assert (listing.state, listing.rejection_text) == (ListingState.REJECTED, "Add more.")
    operations.revise(session, services.vault, listing, contents(), seller.user_id)
    operations.submit(session, services.vault, services.queue, listing, seller.user_id)
    commit(session)
    assert listing.rejection_text is None
    assert sent(services)[-1] == (TaskName.VERIFY_LISTING, (str(listing.version_id),))
    assert [line[0] for line in history(session, listing)] == [
        "create",
        "submit",
        "finish_verification",
        "reject",
        "revise",
        "submit",
    ]


def test_withdrawn_and_back(session: Session, services: Services, seller: SellerProfile) -> None:
    listing = make_live(session, services, seller)
    operations.withdraw(session, listing, seller.user_id)
    operations.withdraw(session, listing, seller.user_id)
    assert listing.state is ListingState.WITHDRAWN
    operations.relist(session, listing, seller.user_id)
    assert listing.state is ListingState.LIVE
    assert [line[0] for line in history(session, listing)][-2:] == ["withdraw", "relist"]


def test_a_draft_cannot_jump(session: Session, services: Services, seller: SellerProfile) -> None:
    listing = make_draft(session, services, seller, samples=3)
    version = version_of(session, listing)
    for jump in (
        lambda: operations.publish(session, listing, version, seller.user_id),
        lambda: operations.finish_verification(session, listing),
        lambda: operations.withdraw(session, listing, seller.user_id),
    ):
        with pytest.raises(ConflictError):
            jump()
    assert listing.state is ListingState.DRAFT


def test_two_people_cannot_both_decide(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_in_review(session, services, seller)
    session.commit()
    with services.database.new_session() as other:
        stale = other.get_one(Listing, listing.id)
        operations.reject(session, listing, seller.user_id, "SPAM", "no")
        session.commit()
        # The other moderator's page is older than the decision.
        with pytest.raises(ConflictError):
            operations.publish(other, stale, version_of(other, stale), seller.user_id)
