"""What waits for a seller is named, with its deadline; what does not is not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.community.models import Review
from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.gateways.payments import TransfersStatus
from marketplace.insights.attention import attention
from marketplace.insights.items import EACH, Item
from marketplace.listings import operations as listings
from marketplace.listings.drafting import reopen_draft
from marketplace.listings.models import Listing
from marketplace.listings.queries import version_of
from marketplace.listings.states import ListingState
from marketplace.moderation.appeals.models import Appeal
from marketplace.moderation.decisions.models import Decision, Outcome
from marketplace.moderation.models import Case
from marketplace.moderation.states import CaseState, DecisionKind, OutcomeKind, ReasonCode
from marketplace.orders.dispute_models import Dispute, DisputeLine
from tests.factories.accounts import make_seller, make_user
from tests.factories.listings import make_draft, make_in_review, make_live
from tests.factories.money import make_order


@pytest.fixture
def seller(session: Session) -> SellerProfile:
    profile = make_seller(session, name="Mira Holm", handle="mira-holm")
    profile.transfers_status = TransfersStatus.ACTIVE
    return profile


def signs(session: Session, seller: SellerProfile) -> list[str]:
    session.flush()
    return [item.sign for item in attention(session, seller)]


def only(session: Session, seller: SellerProfile) -> Item:
    session.flush()
    (item,) = attention(session, seller)
    return item


def decide(session: Session, listing: Listing, kind: DecisionKind, days: int) -> Decision:
    """Turn a listing away, with so many days for an appeal."""
    moderator = make_user(session)
    changes = kind is DecisionKind.REQUEST_CHANGES
    case = Case(
        listing_id=listing.id,
        version_id=listing.version_id,
        state=CaseState.CHANGES if changes else CaseState.REJECTED,
        decided_by=moderator.id,
        decided_at=now(),
        reason_code=ReasonCode.TOO_SIMPLE,
    )
    session.add(case)
    session.flush()
    decision = Decision(
        case_id=case.id,
        moderator_id=moderator.id,
        kind=kind,
        reason_code=ReasonCode.TOO_SIMPLE,
        statement={"appeal_until": (now() + timedelta(days=days)).isoformat()},
        effective_at=now(),
    )
    session.add(decision)
    session.flush()
    session.add(Outcome(decision_id=decision.id, kind=OutcomeKind.APPLIED))
    listings.reject(session, listing, moderator.id, "TOO_SIMPLE", "Add something.", mend=changes)
    session.flush()
    return decision


def test_a_shop_in_order_needs_nothing(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    make_live(session, services, seller)
    make_draft(session, services, seller)  # of this minute
    make_in_review(session, services, seller)
    assert signs(session, seller) == []


def test_what_was_turned_away_says_until_when_one_may_object(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    first = make_in_review(session, services, seller, title="Foxes")
    decision = decide(session, first, DecisionKind.REJECT, days=5)
    rejected = only(session, seller)
    assert (rejected.sign, rejected.title) == ("Rejected", "Foxes")
    assert (rejected.endpoint, rejected.values) == (
        "appeals.decision",
        {"decision_id": decision.id},
    )
    assert rejected.due is not None
    appeal = Appeal(
        decision_id=decision.id,
        seller_id=seller.user_id,
        first_moderator_id=decision.moderator_id,
        text_sealed=services.vault.seal("It was not too simple."),
        due_at=now() + timedelta(days=3),
    )
    session.add(appeal)
    assert signs(session, seller) == ["Rejected", "Appeal"]
    assert attention(session, seller)[0].due is None  # an appeal is under way already
    second = make_in_review(session, services, seller, title="Owls")
    decide(session, second, DecisionKind.REQUEST_CHANGES, days=-1)
    late = next(item for item in attention(session, seller) if item.title == "Owls")
    assert (late.sign, late.due, late.endpoint) == ("Changes requested", None, "sell.listing")


def test_an_edit_of_what_stays_on_sale_counts_too(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    live = make_live(session, services, seller, title="Foxes")
    reopen_draft(session, live, seller.user_id)
    edit = version_of(session, live)
    assert live.state is ListingState.LIVE
    assert edit.edit_state is ListingState.DRAFT
    assert signs(session, seller) == []  # of this minute
    edit.created_at = now() - timedelta(days=2)
    session.flush()
    assert only(session, seller).sign == "Draft"
    edit.edit_state = ListingState.REJECTED
    assert only(session, seller).sign == "Rejected"
    edit.edit_state = ListingState.IN_REVIEW
    session.add(Case(listing_id=live.id, version_id=edit.id, verdict="mismatch"))
    assert only(session, seller).sign == "Not confirmed"


def test_a_changed_model_a_dispute_and_what_was_not_confirmed(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    live = make_live(session, services, seller, title="Foxes")
    version = live.live_version
    assert version is not None
    version.degraded_since, version.fix_by = now(), now() + timedelta(days=4)
    unsure = make_in_review(session, services, seller, title="Owls")
    session.add(Case(listing_id=unsure.id, version_id=unsure.version_id, verdict="mismatch"))
    order = make_order(session, make_user(session).id, live)
    dispute = Dispute(
        dispute_id="du_1",
        order_id=order.id,
        charge_id="ch_1",
        cents=299,
        currency="usd",
        reason="fraudulent",
        status="needs_response",
        opened_at=now(),
    )
    session.add(dispute)
    session.flush()
    part = DisputeLine(
        dispute_id=dispute.id,
        line_id=order.lines[0].id,
        cents=299,
        tax_cents=0,
        seller_cents=239,
        commission_cents=60,
        currency="usd",
    )
    session.add(part)
    assert signs(session, seller) == ["Model changed", "Not confirmed", "Dispute"]
    assert "$2.39" in attention(session, seller)[2].says
    part.lost = True
    assert signs(session, seller) == ["Model changed", "Not confirmed"]
    # A seller who took it off sale and let it be is not reminded for ever.
    listings.withdraw(session, live, seller.user_id)
    assert signs(session, seller) == ["Not confirmed"]


def test_reviews_without_an_answer_and_drafts_that_were_left(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    live = make_live(session, services, seller)
    order = make_order(session, make_user(session).id, live)
    review = Review(
        line_id=order.lines[0].id,
        listing_id=live.id,
        seller_id=seller.user_id,
        author_id=order.buyer_id,
        rating=4,
        text="Nice.",
    )
    session.add(review)
    assert only(session, seller).title == "One review without an answer"
    review.reply, review.replied_at = "Thanks.", now()
    for _ in range(EACH + 2):
        make_draft(session, services, seller).created_at = now() - timedelta(days=2)
    assert signs(session, seller) == ["Draft"] * EACH


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (TransfersStatus.NONE, ["Payouts"]),
        (TransfersStatus.RESTRICTED, ["Payouts"]),
        (TransfersStatus.PENDING, []),
        (TransfersStatus.ACTIVE, []),
    ],
)
def test_payouts_are_mentioned_while_there_is_something_to_do(
    session: Session, seller: SellerProfile, status: TransfersStatus, expected: list[str]
) -> None:
    seller.transfers_status = status
    assert signs(session, seller) == expected
    seller.suspended_until = now() + timedelta(days=3)
    assert signs(session, seller)[0] == "Suspended"


def test_an_edit_that_was_turned_away_waits_for_its_seller_too(
    session: Session, services: Services, seller: SellerProfile
) -> None:
    listing = make_live(session, services, seller)
    reopen_draft(session, listing, seller.user_id)
    listings.submit(session, services.vault, services.queue, listing, seller.user_id)
    listings.finish_verification(session, listing)
    decide(session, listing, DecisionKind.REQUEST_CHANGES, 14)
    assert signs(session, seller) == ["Changes requested"]
