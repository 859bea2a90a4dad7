"""Addresses for machines: sitemap, a feed for each category, a picture for each listing."""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from flask import Blueprint, Response, redirect, render_template, url_for

from marketplace.core.errors import NotFoundError
from marketplace.core.ids import ALPHABET, split_slug
from marketplace.core.web.guards import public
from marketplace.core.web.request_scope import db, services
from marketplace.discovery import queries, sharing
from marketplace.discovery.place_routes import category_named
from marketplace.discovery.presenters import listing_page
from marketplace.listings.queries import categories, target_models
from marketplace.verification.queries import completed_run_of

FEED_LENGTH = 30
KEPT = "public, max-age=3600"
"""An hour in anybody's cache: nothing here depends on who asks."""

NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that people can paste into a description and no XML reader accepts."""

blueprint = Blueprint("sharing", __name__)


@blueprint.get("/sitemap.xml")
@public
def sitemap() -> Any:
    """The list of sitemap files: general pages, sellers, and listings by their id's beginning."""
    parts = ["pages", "sellers", *(f"listings-{part}" for part in sharing.filled_parts(db()))]
    return _xml("sharing/sitemap_index.xml", parts=parts)


@blueprint.get("/sitemaps/<part>.xml")
@public
def sitemap_part(part: str) -> Any:
    """The addresses of one file of the sitemap."""
    site = services().settings.public_url
    entries: list[tuple[str, datetime | None]] = []
    if part == "pages":
        places = [url_for("discovery.home"), url_for("discovery.browse")]
        places += [url_for("places.how_proof_works")]
        places += [url_for("places.category", slug=shelf.slug) for shelf in categories(db())]
        places += [url_for("places.model", slug=model.slug) for model in target_models(db())]
        entries += [(site + place, None) for place in places]
    elif part == "sellers":
        handles = sharing.sellers_on_sale(db())
        entries += [(site + url_for("discovery.seller", handle=one), None) for one in handles]
    else:
        letter = part.removeprefix("listings-")
        if part == letter or len(letter) != 1 or letter not in ALPHABET:
            raise NotFoundError
        entries += [
            (site + url_for("discovery.listing", path=f"{row.slug}-{row.id}"), row.published_at)
            for row in sharing.listings_of_part(db(), letter)
        ]
    return _xml("sharing/sitemap.xml", entries=entries)


@blueprint.get("/c/<slug>/feed.xml")
@public
def feed(slug: str) -> Any:
    """The newest listings of a category as RSS 2.0."""
    category = category_named(slug)
    items = sharing.newest_of(db(), slug, FEED_LENGTH)
    return _xml("sharing/feed.xml", category=category, items=items, rfc822=format_datetime)


@blueprint.get("/p/<path>/share.jpg")
@public
def share_picture(path: str) -> Any:
    """The picture that messages and feeds show for a listing on sale."""
    found, version = queries.listing_for(db(), split_slug(path)[1], viewer_id=None)
    if path != found.path:
        return redirect(url_for("sharing.share_picture", path=found.path), 301)
    page = listing_page(found, version, completed_run_of(db(), version.id))
    data = sharing.picture_to_share(services().blobs, page)
    if data is None:
        raise NotFoundError
    return Response(data, mimetype="image/jpeg", headers={"Cache-Control": KEPT})


def _xml(template: str, **values: Any) -> Response:
    body = NOT_IN_XML.sub("", render_template(template, **values))
    return Response(body, content_type="text/xml; charset=utf-8", headers={"Cache-Control": KEPT})
