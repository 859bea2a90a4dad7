"""Bundles as strangers see them: on their own page, at their seller's, and beside a listing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template
from flask_security import current_user
from sqlalchemy.orm import Session

from marketplace.accounts.models import SellerProfile
from marketplace.core.errors import NotFoundError
from marketplace.core.web.guards import public, signed_in
from marketplace.core.web.page_keeping import kept_for_strangers
from marketplace.core.web.request_scope import db
from marketplace.discovery.presenters import ListingCard, card
from marketplace.discovery.shelving import shelved
from marketplace.offers.bundles import bundle_of
from marketplace.offers.models import Bundle
from marketplace.orders.bundling import OVER, bundle_offer

SHOWN = 6

blueprint = Blueprint("bundles", __name__, url_prefix="/bundles")


@dataclass(frozen=True)
class BundleCard:
    """A bundle on a shelf: everything in it is on sale, and together it costs less."""

    id: str
    title: str
    price_cents: int
    single_cents: int
    """What its prompts cost one by one today."""
    cards: list[ListingCard]


def bundle_cards(session: Session, bundles: Sequence[Bundle]) -> list[BundleCard]:
    """Those of the bundles that anybody could buy today, in their order; one query for all."""
    if not bundles:
        return []
    ids = list(dict.fromkeys(one for bundle in bundles for one in bundle.listing_ids))
    there = {item.listing_id: card(item) for item in shelved(session, ids)}
    found = []
    for bundle in bundles[:SHOWN]:
        inside = [there[one] for one in bundle.listing_ids if one in there]
        single = sum(one.price_cents for one in inside)
        if len(inside) == len(bundle.chosen) and bundle.price_cents < single:
            found.append(BundleCard(bundle.id, bundle.title, bundle.price_cents, single, inside))
    return found


@blueprint.get("/<bundle_id>")
@public
@kept_for_strangers()
def show(bundle_id: str) -> Any:
    """What is in a bundle, what it costs whoever asks, and the way to buy it."""
    bundle = bundle_of(db(), bundle_id)
    offer = bundle_offer(db(), current_user.id if signed_in() else None, bundle_id)
    if offer.obstacle is OVER:
        raise NotFoundError
    return render_template(
        "discovery/bundle.html",
        offer=offer,
        bundle=bundle,
        seller=db().get_one(SellerProfile, bundle.seller_id),
        cards=[card(item) for item in shelved(db(), bundle.listing_ids)],
    )
