"""Listings that wait for their seller: turned away, degraded, not confirmed, begun and left."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import case, func, or_, select, true
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.insights.items import EACH, Item, Urgency
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.queries import works
from marketplace.listings.states import TURNED_AWAY, ListingState
from marketplace.listings.wizard.models import WizardDraft
from marketplace.moderation.appeals.models import Appeal
from marketplace.moderation.decisions.models import Decision, Outcome
from marketplace.moderation.models import Case
from marketplace.moderation.states import CaseState, DecisionKind, OutcomeKind
from marketplace.verification.states import Verdict

LEFT_FOR = timedelta(days=1)
"""A draft that nobody has touched for so long was left."""
MENDED_SINCE = timedelta(days=30)
"""A listing that went off sale because nobody mended it is pointed out for so long."""


def turned_away(session: Session, seller_id: str) -> list[Item]:
    """Listings that a moderator has rejected or wants changed, with the time for an appeal."""
    newest = (
        select(Decision.id, Decision.kind, Decision.statement)
        .join(Outcome, Outcome.decision_id == Decision.id)
        .join(Case, Case.id == Decision.case_id)
        .where(
            Case.listing_id == Listing.id,
            Outcome.kind == OutcomeKind.APPLIED,
            Decision.kind.in_([DecisionKind.REJECT, DecisionKind.REQUEST_CHANGES]),
        )
        .order_by(Decision.at.desc())
        .limit(1)
        .correlate(Listing)
        .lateral()
    )
    rows = session.execute(
        select(Listing.id, Listing.title, newest.c.id, newest.c.kind, newest.c.statement, Appeal.id)
        .select_from(Listing)
        .join(ListingVersion, ListingVersion.id == Listing.version_id)
        .outerjoin(newest, true())
        .outerjoin(Appeal, Appeal.decision_id == newest.c.id)
        .where(Listing.seller_id == seller_id, works(*TURNED_AWAY))
        .order_by(Listing.submitted_at.desc(), Listing.id)
        .limit(EACH)
    )
    found = []
    for listing_id, title, decision_id, kind, statement, appeal_id in rows:
        until = _appeal_until(statement) if appeal_id is None else None
        wants = kind is DecisionKind.REQUEST_CHANGES
        says = (
            "A moderator asks for changes." if wants else "It was turned away; the reason is there."
        )
        found.append(
            Item(
                Urgency.NOW,
                "Changes requested" if wants else "Rejected",
                title,
                says,
                "sell.listing" if wants or not until else "appeals.decision",
                "Make the changes" if wants else "Read why",
                {"listing_id": listing_id} if wants or not until else {"decision_id": decision_id},
                due=until,
                due_says="You may object until",
            )
        )
    return found


def _appeal_until(statement: dict[str, str] | None) -> datetime | None:
    text = (statement or {}).get("appeal_until")
    until = datetime.fromisoformat(text) if text else None
    return until if until is not None and until > now() else None


def degraded(session: Session, seller_id: str) -> list[Item]:
    """Listings whose model has changed and no longer makes their samples."""
    rows = session.execute(
        select(Listing.id, Listing.title, ListingVersion.fix_by, Listing.state)
        .join(ListingVersion, ListingVersion.id == Listing.live_version_id)
        .where(
            Listing.seller_id == seller_id,
            Listing.version_id == Listing.live_version_id,  # no newer one is at work
            ListingVersion.degraded_since.is_not(None),
            or_(
                Listing.state == ListingState.LIVE,
                (Listing.state == ListingState.WITHDRAWN)
                & ListingVersion.fix_by.between(now() - MENDED_SINCE, now()),
            ),
        )
        .order_by(ListingVersion.fix_by, Listing.id)
        .limit(EACH)
    )
    return [
        Item(
            Urgency.NOW,
            "Model changed",
            title,
            "Its model has changed and no longer makes its samples. "
            + (
                "Mend it before it goes off sale."
                if state is ListingState.LIVE
                else "It is off sale until it has a version that works."
            ),
            "sell.listing",
            "Mend it",
            {"listing_id": listing_id},
            due=fix_by,
            due_says="Until" if state is ListingState.LIVE else "Since",
        )
        for listing_id, title, fix_by, state in rows
    ]


def unconfirmed(session: Session, seller_id: str) -> list[Item]:
    """Listings in review whose samples our re-run did not confirm."""
    rows = session.execute(
        select(Listing.id, Listing.title, Case.due_at)
        .join(ListingVersion, ListingVersion.id == Listing.version_id)
        .join(Case, Case.version_id == Listing.version_id)
        .where(
            Listing.seller_id == seller_id,
            works(ListingState.IN_REVIEW),
            Case.state.in_([CaseState.OPEN, CaseState.CLAIMED, CaseState.DECIDING]),
            Case.verdict.is_not(None),
            Case.verdict != Verdict.REPRODUCED.value,
        )
        .order_by(Case.due_at)
        .limit(EACH)
    )
    return [
        Item(
            Urgency.SOON,
            "Not confirmed",
            title,
            "Our re-run did not confirm its samples; a moderator decides. The report says which.",
            "sell.listing",
            "See the report",
            {"listing_id": listing_id},
            due=due,
            due_says="Its answer is due by",
        )
        for listing_id, title, due in rows
    ]


def left_drafts(session: Session, seller_id: str) -> list[Item]:
    """Drafts that were begun and left."""
    begun = case(
        (ListingVersion.edit_state.is_(None), Listing.created_at), else_=ListingVersion.created_at
    )
    touched = func.coalesce(WizardDraft.updated_at, begun)
    rows = session.execute(
        select(Listing.id, Listing.title, touched)
        .join(ListingVersion, ListingVersion.id == Listing.version_id)
        .outerjoin(WizardDraft, WizardDraft.listing_id == Listing.id)
        .where(
            Listing.seller_id == seller_id,
            works(ListingState.DRAFT),
            touched < now() - LEFT_FOR,
        )
        .order_by(touched.desc(), Listing.id)
        .limit(EACH)
    )
    return [
        Item(
            Urgency.LATER,
            "Draft",
            title,
            f"Left on {at.day} {at:%b %Y}. Everything you typed is still there.",
            "sell.resume",
            "Go on",
            {"listing_id": listing_id},
        )
        for listing_id, title, at in rows
    ]
