"""What a seller should look at, most urgent first; each kind in one query."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.community.models import Review
from marketplace.core.clock import now
from marketplace.core.money import Money
from marketplace.gateways.payments import TransfersStatus
from marketplace.insights.items import EACH, Item, Urgency
from marketplace.insights.listing_attention import degraded, left_drafts, turned_away, unconfirmed
from marketplace.listings.models import Listing
from marketplace.listings.presenters import payout_note
from marketplace.moderation.appeals.models import Appeal, AppealState
from marketplace.moderation.decisions.models import Decision
from marketplace.moderation.models import Case
from marketplace.orders.dispute_models import Dispute, DisputeLine
from marketplace.orders.models import OrderLine


def attention(session: Session, profile: SellerProfile) -> list[Item]:
    """Everything that waits for a seller; at most a handful of each kind. Seven queries."""
    items = [*_standing(profile)]
    kinds: tuple[Callable[[Session, str], list[Item]], ...] = (
        turned_away,
        degraded,
        _disputes,
        unconfirmed,
        _reviews,
        _appeals,
        left_drafts,
    )
    for kind in kinds:
        items += kind(session, profile.user_id)
    far = now() + timedelta(days=3650)
    return sorted(items, key=lambda item: (item.urgency, item.due or far))


def _standing(profile: SellerProfile) -> list[Item]:
    """The shop itself: suspended, or not to be paid."""
    found = []
    if profile.suspended_until is not None and profile.suspended_until > now():
        says = "You cannot submit or list again until then. Your page of decisions says why."
        found.append(
            Item(
                Urgency.NOW,
                "Suspended",
                "Your shop is suspended",
                says,
                "appeals.decisions",
                "Read why",
                due=profile.suspended_until,
            )
        )
    note = payout_note(profile)
    if note is not None and profile.transfers_status is not TransfersStatus.PENDING:
        title = "Your account for payouts"
        found.append(Item(Urgency.NOW, "Payouts", title, note, "payouts.account", "Set it up"))
    return found


def _disputes(session: Session, seller_id: str) -> list[Item]:
    """Sales that a buyer's bank looks at; Bracket answers it, the seller may know something."""
    many, cents, line_id, title = session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(DisputeLine.seller_cents), 0),
            func.min(OrderLine.id),
            func.min(OrderLine.title),
        )
        .select_from(DisputeLine)
        .join(Dispute, Dispute.id == DisputeLine.dispute_id)
        .join(OrderLine, OrderLine.id == DisputeLine.line_id)
        .where(
            OrderLine.seller_id == seller_id,
            DisputeLine.lost.is_(False),
            DisputeLine.returned.is_(False),
            DisputeLine.seller_cents > 0,
        )
    ).one()
    if not many:
        return []
    title = title if many == 1 else f"{many} sales"
    share = Money(int(cents))
    says = f"A buyer’s bank is looking at it. {share} of yours is kept back until it decides."
    one = many == 1
    return [
        Item(
            Urgency.SOON,
            "Dispute",
            title,
            says,
            "payouts.sale" if one else "payouts.balance",
            "See the sale" if one else "See your balance",
            {"line_id": line_id} if one else {},
        )
    ]


def _reviews(session: Session, seller_id: str) -> list[Item]:
    """Reviews without an answer."""
    many, newest = session.execute(
        select(func.count(), func.max(Review.created_at)).where(
            Review.seller_id == seller_id, Review.hidden_at.is_(None), Review.reply.is_(None)
        )
    ).one()
    if not many:
        return []
    title = "One review without an answer" if many == 1 else f"{many:,} reviews without an answer"
    says = f"The newest is of {newest.day} {newest:%b %Y}. Everybody reads your reply."
    return [Item(Urgency.LATER, "Reviews", title, says, "reviews.of_seller", "Answer")]


def _appeals(session: Session, seller_id: str) -> list[Item]:
    """Appeals that are under way, with the day by which they are answered."""
    rows = session.execute(
        select(Appeal.decision_id, Appeal.due_at, Listing.title)
        .join(Decision, Decision.id == Appeal.decision_id)
        .join(Case, Case.id == Decision.case_id)
        .join(Listing, Listing.id == Case.listing_id)
        .where(
            Appeal.seller_id == seller_id,
            Appeal.state.in_([AppealState.OPEN, AppealState.CLAIMED]),
        )
        .order_by(Appeal.due_at)
        .limit(EACH)
    )
    return [
        Item(
            Urgency.LATER,
            "Appeal",
            title,
            "Another moderator looks at your appeal; nothing to do for you.",
            "appeals.decision",
            "See the appeal",
            {"decision_id": decision_id},
            due=due,
            due_says="The answer is due by",
        )
        for decision_id, due, title in rows
    ]
