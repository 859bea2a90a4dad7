"""Pages for everybody: home, a listing, a seller, the note to search engines; search by name."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, render_template, url_for
from flask_security import current_user

from marketplace.core.ids import split_slug
from marketplace.core.web.guards import public, signed_in
from marketplace.core.web.page_keeping import kept_for_all, kept_for_strangers
from marketplace.core.web.pagination import page_number
from marketplace.core.web.request_scope import db, services
from marketplace.core.web.traces import note_opened
from marketplace.core.web.uploads import keep_files_in_memory
from marketplace.discovery import queries, search_views, shelves
from marketplace.discovery.bundles import bundle_cards
from marketplace.discovery.gallery import gallery_of
from marketplace.discovery.presenters import ListingCard, card, cards, home_proof, listing_page
from marketplace.discovery.structured import product_of
from marketplace.listings.queries import categories, target_models
from marketplace.offers.bundles import bundles_of, bundles_with
from marketplace.offers.queries import running_sales
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
    "/search",
    "/sell",
    "/unsubscribe",
    "/via",
    "/webhooks",
)

blueprint = Blueprint("discovery", __name__)

GET, POST = ("GET",), ("POST",)
for rule, endpoint, view, methods in (
    ("/browse", "browse", search_views.browse, GET),
    ("/search", "search", search_views.search, GET),
    ("/search/suggestions.json", "suggestions", search_views.suggestions, GET),
    ("/search/image", "image", search_views.image, GET),
    ("/search/image", "search_by_image", search_views.search_by_image, POST),
):
    blueprint.add_url_rule(rule, endpoint, view, methods=list(methods))

keep_files_in_memory(blueprint, "discovery.search_by_image", search_views.IMAGE_FORM_BYTES)


@blueprint.get("/")
@public
@kept_for_strangers()
def home() -> Any:
    """What Bracket is, a piece of real proof, and the shelves."""
    return render_template(
        "discovery/home.html",
        proof=kept_for_all("home proof", lambda: home_proof(queries.latest_proof(db()))),
        newest=kept_for_all("home newest", lambda: cards(queries.latest(db(), HOME_SHELF))),
        consistent=kept_for_all(
            "home consistent", lambda: cards(shelves.most_consistent(db(), CONSISTENT_SHELF))
        ),
        categories=categories(db()),
        covers=kept_for_all("home covers", _covers),
        models=[model for model in target_models(db()) if model.is_open],
    )


def _covers() -> dict[str, ListingCard]:
    """The newest listing of each category, by the category's slug."""
    return {slug: card(item) for slug, item in shelves.newest_of_each_category(db()).items()}


@blueprint.get("/p/<path>")
@public
@kept_for_strangers()
def listing(path: str) -> Any:
    """One listing as anyone may see it; its seller may see it before it is live."""
    viewer_id = current_user.id if signed_in() else None
    found, version = queries.listing_for(db(), split_slug(path)[1], viewer_id)
    if path != found.path:
        return redirect(url_for("discovery.listing", path=found.path), 301)
    sale, bundles = kept_for_all(("offers", found.id), _offers, found.id)
    page = listing_page(found, version, completed_run_of(db(), version.id), sale)
    consistency = consistency_of(db(), version)
    if page.live:
        note_opened(found.id, is_own=found.seller_id == viewer_id)
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
        bundles=bundles,
        related=cards(shelves.related(db(), found, RELATED)),
    )


def _offers(listing_id: str) -> tuple[Any, Any]:
    """A listing's sale, if one runs, and the bundles that it is part of."""
    sale = running_sales(db(), [listing_id]).get(listing_id)
    return sale, bundle_cards(db(), bundles_with(db(), listing_id))


@blueprint.get("/s/<handle>")
@public
@kept_for_strangers("page")
def seller(handle: str) -> Any:
    """A seller and everything they have live."""
    profile = queries.seller_named(db(), handle)
    page = queries.of_seller(db(), profile.user_id, page_number())
    return render_template(
        "discovery/seller.html",
        seller=profile,
        page=page,
        cards=cards(page.items),
        bundles=bundle_cards(db(), bundles_of(db(), profile.user_id, offered=True)),
    )


@blueprint.get("/robots.txt")
@public
def robots() -> Any:
    """Asks crawlers to stay out of the pages that belong to somebody."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in NOT_FOR_CRAWLERS)]
    lines += ["", f"Sitemap: {services().settings.public_url}{url_for('sharing.sitemap')}"]
    return Response("\n".join(lines) + "\n", mimetype="text/plain")
