"""Pages for everybody: home, browse, a listing, a seller, and the note to search engines."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_security import current_user

from marketplace.core.ids import split_slug
from marketplace.core.web.guards import public, signed_in
from marketplace.core.web.pagination import page_number
from marketplace.core.web.request_scope import db, services
from marketplace.discovery import queries, shelves
from marketplace.discovery.filters import SORT_NAMES, BrowseFilter, read_filter
from marketplace.discovery.gallery import gallery_of
from marketplace.discovery.presenters import card, cards, home_proof, listing_page
from marketplace.discovery.structured import product_of
from marketplace.listings.models import TargetModel
from marketplace.listings.queries import categories, target_models
from marketplace.orders.cart_session import current_items
from marketplace.orders.queries import owned
from marketplace.verification.consistency.presenters import consistency_of
from marketplace.verification.queries import completed_run_of

HOME_SHELF = 10
CONSISTENT_SHELF = 5
RELATED = 5
NOT_FOR_CRAWLERS = (
    "/account",
    "/cart",
    "/checkout",
    "/collections",
    "/favourites",
    "/following",
    "/ledger",
    "/library",
    "/moderate",
    "/orders",
    "/reviews",
    "/saved-searches",
    "/sell",
    "/unsubscribe",
    "/webhooks",
)

blueprint = Blueprint("discovery", __name__)


@blueprint.get("/")
@public
def home() -> Any:
    """What Bracket is, a piece of real proof, and the shelves."""
    return render_template(
        "discovery/home.html",
        proof=home_proof(queries.latest_proof(db())),
        newest=cards(queries.latest(db(), HOME_SHELF)),
        consistent=cards(shelves.most_consistent(db(), CONSISTENT_SHELF)),
        categories=categories(db()),
        covers={slug: card(item) for slug, item in shelves.newest_of_each_category(db()).items()},
        models=[model for model in target_models(db()) if model.is_open],
    )


@blueprint.get("/browse")
@public
def browse() -> Any:
    """The live listings that the address's filters let through."""
    all_categories, models = categories(db()), target_models(db())
    wanted = read_filter(
        request.args, [model.slug for model in models], [shelf.slug for shelf in all_categories]
    )
    page = queries.browse(db(), wanted, page_number())
    model_counts = queries.counts_by_model(db(), wanted)
    return render_template(
        "discovery/browse.html",
        wanted=wanted,
        page=page,
        cards=cards(page.items),
        categories=all_categories,
        category_counts=queries.counts_by_category(db(), wanted),
        models=_shown(models, model_counts, wanted.model),
        model_counts=model_counts,
        sort_names=SORT_NAMES,
        relaxed=[] if page.total else _relaxations(wanted),
    )


@blueprint.get("/p/<path>")
@public
def listing(path: str) -> Any:
    """One listing as anyone may see it; its seller may see it before it is live."""
    viewer_id = current_user.id if signed_in() else None
    found, version = queries.listing_for(db(), split_slug(path)[1], viewer_id)
    if path != found.path:
        return redirect(url_for("discovery.listing", path=found.path), 301)
    page = listing_page(found, version, completed_run_of(db(), version.id))
    consistency = consistency_of(db(), version)
    return render_template(
        "discovery/listing.html",
        listing=page,
        gallery=gallery_of(page.gallery, page.variables, consistency),
        consistency=consistency,
        about=product_of(page, services().settings.public_url) if page.live else None,
        version=version,
        entitlement=owned(db(), viewer_id, found.id) if viewer_id else None,
        own=found.seller_id == viewer_id,
        in_cart=found.id in current_items(),
        related=cards(shelves.related(db(), found, RELATED)),
    )


@blueprint.get("/s/<handle>")
@public
def seller(handle: str) -> Any:
    """A seller and everything they have live."""
    profile = queries.seller_named(db(), handle)
    page = queries.of_seller(db(), profile.user_id, page_number())
    return render_template(
        "discovery/seller.html", seller=profile, page=page, cards=cards(page.items)
    )


@blueprint.get("/robots.txt")
@public
def robots() -> Any:
    """Asks crawlers to stay out of the pages that belong to somebody."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in NOT_FOR_CRAWLERS)]
    lines += ["", f"Sitemap: {services().settings.public_url}{url_for('sharing.sitemap')}"]
    return Response("\n".join(lines) + "\n", mimetype="text/plain")


def _relaxations(wanted: BrowseFilter) -> list[tuple[BrowseFilter, int]]:
    """For an empty result: looser filters that would show something, with how many."""
    for looser in wanted.relaxed():
        counted = [(option, queries.count(db(), option)) for option in looser]
        helping = [(option, number) for option, number in counted if number]
        if helping:
            return helping
    return []


def _shown(
    models: list[TargetModel], counts: dict[str, int], chosen: str | None = None
) -> list[TargetModel]:
    """Models worth naming to a visitor: offered here, or with something on the shelf."""
    return [
        model for model in models if model.is_open or counts.get(model.slug) or model.slug == chosen
    ]
