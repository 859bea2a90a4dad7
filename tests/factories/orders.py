"""Buyers, sellers and listings for sale, in as few rows as buying needs."""

from __future__ import annotations

import itertools
import secrets

from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile, User
from marketplace.core.clock import now
from marketplace.gateways.payments import TransfersStatus
from marketplace.listings.models import Category, Listing, ListingVersion
from marketplace.listings.states import ListingState
from marketplace.moderation.models import Case
from marketplace.moderation.states import CaseState
from tests.factories.models import target_model

_numbers = itertools.count(1)
SECRET_PROMPT = "a paper-cut fox under a velvet sky"


def make_buyer(session: Session) -> User:
    """A confirmed account."""
    user = User(
        email=f"buyer{next(_numbers)}-{secrets.token_hex(4)}@example.com",
        password="!",
        active=True,
        fs_uniquifier=secrets.token_hex(32),
        confirmed_at=now(),
    )
    session.add(user)
    session.flush()
    return user


def make_seller(
    session: Session,
    account_id: str | None = None,
    status: TransfersStatus = TransfersStatus.ACTIVE,
) -> SellerProfile:
    """A seller with a connected account in the given state."""
    user = make_buyer(session)
    profile = SellerProfile(
        user_id=user.id,
        handle=f"seller-{user.id}",
        display_name="Paper Fox",
        bio="",
        stripe_account_id=account_id,
        transfers_status=status,
    )
    session.add(profile)
    session.flush()
    return profile


def make_live_listing(session: Session, seller: SellerProfile, price_cents: int = 299) -> Listing:
    """A listing that can be bought."""
    session.merge(Category(slug="wallpapers", name="Wallpapers", blurb="", position=1))
    session.merge(target_model())
    listing = Listing(
        seller_id=seller.user_id,
        slug="paper-fox",
        title="Paper fox",
        description="A fox cut from paper.",
        tags=[],
        category_slug="wallpapers",
        price_cents=price_cents,
        currency="usd",
        state=ListingState.DRAFT,
    )
    session.add(listing)
    session.flush()
    publish_version(session, listing)
    return listing


def publish_version(session: Session, listing: Listing, number: int = 1) -> ListingVersion:
    """Make a new version the one that buyers get."""
    version = ListingVersion(
        listing_id=listing.id,
        number=number,
        prompt_sealed=SECRET_PROMPT[::-1].encode(),
        prompt_fingerprint=secrets.token_bytes(32),
        skeleton=[],
        variables=[],
        word_count=6,
        target_model_slug="house-full",
        scheduler="dpmpp_2m",
        steps=20,
        guidance=4.0,
        width=256,
        height=256,
    )
    session.add(version)
    session.flush()
    session.add(_approval(listing, version))
    listing.version_id = listing.live_version_id = version.id
    listing.published_at, listing.state = now(), ListingState.LIVE
    session.flush()
    return version


def _approval(listing: Listing, version: ListingVersion) -> Case:
    """Without a report, only a moderator's explained override puts a version on sale."""
    return Case(
        listing_id=listing.id,
        version_id=version.id,
        state=CaseState.APPROVED,
        decided_by=listing.seller_id,
        decided_at=now(),
        override=True,
        decision_note="for a test of buying",
    )
