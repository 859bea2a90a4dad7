"""Strikes count and expire; suspensions have a cause and a term, and end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.accounts.models import OutgoingMail, SellerProfile, User
from marketplace.core.clock import frozen, now
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError, InvalidError
from marketplace.listings import operations as listings
from marketplace.listings.states import ListingState
from marketplace.moderation import operations as cases
from marketplace.moderation.lanes import file_case
from marketplace.moderation.models import Case
from marketplace.moderation.standing import operations, queries
from marketplace.moderation.states import Lane, ReasonCode
from tests.factories.verification import make_moderator
from tests.unit.moderation.test_operations import make_case


@pytest.fixture
def case(session: Session, services: Services) -> Case:
    return make_case(session, services)


def reject(session: Session, case: Case, code: ReasonCode) -> User:
    moderator = make_moderator(session)
    cases.claim(session, case.id, moderator)
    cases.reject(session, case.id, moderator, code)
    session.commit()
    return moderator


def test_points_count_until_they_expire(session: Session, case: Case) -> None:
    reject(session, case, ReasonCode.SAMPLE_STOLEN)
    seller = case.listing.seller_id
    assert queries.points_of(session, seller) == 3
    with frozen(now() + operations.STRIKE_LASTS + timedelta(days=1)):
        assert queries.points_of(session, seller) == 0


def test_what_is_merely_unfinished_brings_no_points(session: Session, case: Case) -> None:
    reject(session, case, ReasonCode.TOO_SIMPLE)
    assert queries.strikes_of(session, case.listing.seller_id) == []


def test_enough_points_suspend_and_the_seller_is_told_why_and_until_when(
    session: Session, services: Services, case: Case
) -> None:
    reject(session, case, ReasonCode.MINOR_SAFETY)
    seller = case.listing.seller
    row = queries.standing_suspension(session, seller.user_id)
    assert row is not None
    assert row.imposed_by is None
    assert "points" in row.cause
    assert seller.suspended_until == row.until
    [mail] = session.scalars(select(OutgoingMail))
    assert mail.recipient == seller.user.email
    assert row.cause in mail.body_text
    case.listing.state = ListingState.DRAFT
    with pytest.raises(ConflictError, match="suspended"):
        listings.submit(session, services.vault, services.queue, case.listing, seller.user_id)
    with frozen(now() + operations.SUSPENDED_FOR + timedelta(seconds=1)):
        assert operations.end_terms(session) == 1
        assert operations.end_terms(session) == 0
    assert seller.suspended_until is None
    assert queries.standing_suspension(session, seller.user_id) is None


def test_a_moderator_suspends_for_good_and_reinstates_with_reasons(
    session: Session, case: Case
) -> None:
    moderator, seller = make_moderator(session), case.listing.seller
    with pytest.raises(InvalidError, match="Say why"):
        operations.suspend(session, seller.user_id, "bad", None, moderator.id)
    with pytest.raises(InvalidError, match="between 1 and"):
        operations.suspend(
            session, seller.user_id, "Sells stolen pictures.", timedelta(), moderator.id
        )
    operations.suspend(session, seller.user_id, "Sells stolen pictures.", None, moderator.id)
    assert seller.suspended_until == operations.FOR_GOOD
    with pytest.raises(ConflictError, match="already"):
        operations.suspend(session, seller.user_id, "Sells stolen pictures.", None, moderator.id)
    with pytest.raises(InvalidError, match="Say why"):
        operations.reinstate(session, seller.user_id, " ", moderator.id)
    row = operations.reinstate(session, seller.user_id, "It was a misunderstanding.", moderator.id)
    assert (row.lifted_by, seller.suspended_until) == (moderator.id, None)
    subjects = session.scalars(select(OutgoingMail.subject).order_by(OutgoingMail.created_at))
    assert list(subjects) == ["Your shop is suspended", "Your shop is open again"]


def test_payment_risk_moves_a_case_to_its_lane(session: Session, case: Case) -> None:
    seller = session.get_one(SellerProfile, case.listing.seller_id)
    operations.note_risks(session, {seller.user_id: "2 open disputes with buyers’ banks."})
    file_case(session, case)
    assert case.lane is Lane.PAYMENT_RISK
    assert queries.standing_of(session, seller).risk == "2 open disputes with buyers’ banks."
    operations.note_risks(session, {})
    session.expire_all()
    file_case(session, case)
    assert case.lane is not Lane.PAYMENT_RISK
