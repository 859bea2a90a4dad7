"""Places of the shop: a category, a model, and the page that explains the proof."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from marketplace.core.errors import NotFoundError
from marketplace.core.web.guards import public
from marketplace.core.web.page_keeping import kept_for_strangers
from marketplace.core.web.request_scope import db
from marketplace.discovery import queries, shelves
from marketplace.discovery.presenters import cards, home_proof
from marketplace.listings.catalogue import scheduler_name
from marketplace.listings.models import Category, TargetModel
from marketplace.listings.queries import categories, target_models
from marketplace.listings.tiers import Tier

SHELF = 15

blueprint = Blueprint("places", __name__)


@blueprint.get("/c/<slug>")
@public
@kept_for_strangers()
def category(slug: str) -> Any:
    """One shelf of the shop: its newest listings, and the way to all of them."""
    found = category_named(slug)
    return render_template(
        "discovery/category.html",
        category=found,
        others=[other for other in categories(db()) if other.slug != slug],
        cards=cards(shelves.newest_in_category(db(), slug, SHELF)),
    )


@blueprint.get("/m/<slug>")
@public
@kept_for_strangers()
def model(slug: str) -> Any:
    """One target model: its tier, how listings for it are verified, what the registry knows."""
    found = db().get(TargetModel, slug) if _is_slug(slug) else None
    if found is None:
        raise NotFoundError
    return render_template(
        "discovery/model.html",
        model=found,
        schedulers=[scheduler_name(name) for name in found.schedulers],
        relatives=[
            other
            for other in target_models(db())
            if other.family == found.family and other.slug != slug
        ],
        cards=cards(shelves.newest_on_model(db(), slug, SHELF)),
    )


@blueprint.get("/how-proof-works")
@public
@kept_for_strangers()
def how_proof_works() -> Any:
    """What a re-run shows and what it does not, with a real pair of pictures."""
    return render_template(
        "discovery/how_proof_works.html",
        proof=home_proof(queries.latest_proof(db())),
        tiers=list(Tier),
    )


def category_named(slug: str) -> Category:
    """The category of an address. Raises NotFoundError."""
    found = db().get(Category, slug) if _is_slug(slug) else None
    if found is None:
        raise NotFoundError
    return found


def _is_slug(text: str) -> bool:
    """PostgreSQL refuses NUL and half characters; no slug holds anything but ASCII."""
    return text.isascii() and text.isprintable()
