"""Favourites and sellers who are followed: their pages, and the buttons on everybody's pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask_security import current_user
from werkzeug import Response

from marketplace.community import favourites
from marketplace.community.panels import remember_favourite
from marketplace.core.errors import ConflictError
from marketplace.core.web.error_pages import wants_json
from marketplace.core.web.guards import login_required, public, signed_in
from marketplace.core.web.pagination import Page, page_number
from marketplace.core.web.request_scope import db
from marketplace.discovery.presenters import cards
from marketplace.discovery.queries import seller_named
from marketplace.discovery.shelves import newest_of_sellers
from marketplace.discovery.shelving import shelved

PAGE_SIZE = 24

blueprint = Blueprint("favourites", __name__)


@blueprint.get("/favourites")
@login_required
def index() -> Any:
    """What the person keeps; what is not on sale now is counted alone."""
    number = page_number()
    total = favourites.count_of(db(), current_user.id)
    ids = favourites.favourites_of(
        db(), current_user.id, PAGE_SIZE, offset=(number - 1) * PAGE_SIZE
    )
    shown = shelved(db(), ids)
    return render_template(
        "community/favourites.html",
        page=Page(shown, number, PAGE_SIZE, total),
        cards=cards(shown),
        away=len(ids) - len(shown),
    )


@blueprint.post("/favourites")
@public
def change() -> Any:
    """Keep or drop a listing. A stranger logs in first, and then it is kept."""
    keep, drop = request.form.get("keep", ""), request.form.get("drop", "")
    if not signed_in():
        return _log_in(keep)
    try:
        if keep:
            favourites.keep(db(), current_user.id, keep)
        else:
            favourites.drop(db(), current_user.id, drop)
    except ConflictError as error:
        if wants_json():
            raise
        flash(error.message, "warning")
    if wants_json():
        return jsonify(kept=bool(keep))
    return redirect(_back(), 303)


@blueprint.get("/favourites/keep/<listing_id>")
@public
def wish(listing_id: str) -> Any:
    """The button as strangers have it: a link, so that their pages are the same for all of them.

    It changes nothing but their own session; who is signed in finds the button on the page.
    """
    listing = favourites.public_listing(db(), listing_id)
    if signed_in():
        return redirect(url_for("discovery.listing", path=listing.path))
    return _log_in(listing_id)


def _log_in(listing_id: str) -> Response:
    # Another site's page may hold such a link; only our own buttons mean it.
    if listing_id and request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin":
        listing = favourites.public_listing(db(), listing_id)
        remember_favourite(listing_id)
        flash(f"Log in, and “{listing.title}” is among your favourites.", "info")
    return redirect(url_for("security.login", next=_back()))


def _back() -> str:
    """The page of ours on which the button was; the favourites otherwise."""
    parts = urlsplit(request.referrer or "")
    if parts.netloc != request.host or parts.path.startswith(("/account", "/favourites/keep")):
        return url_for("favourites.index")
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


@blueprint.get("/following")
@login_required
def following() -> Any:
    """The sellers whom the person follows, and what they brought out last."""
    sellers = favourites.followed(db(), current_user.id)
    newest = newest_of_sellers(db(), [seller.user_id for seller in sellers], PAGE_SIZE)
    return render_template(
        "community/following.html",
        sellers=sellers,
        cards=cards(newest),
        digest=favourites.wants_digest(db(), current_user.id),
    )


@blueprint.post("/following/digest")
@login_required
def digest() -> Any:
    """Switch the mail on or off."""
    wanted = request.form.get("wanted") == "yes"
    favourites.want_digest(db(), current_user.id, wanted)
    flash("You get a mail when they bring something out." if wanted else "No more mail.", "success")
    return redirect(url_for("favourites.following"), 303)


@blueprint.post("/s/<handle>/follow")
@login_required
def follow(handle: str) -> Any:
    """Follow a seller, or leave them."""
    seller = seller_named(db(), handle)
    if request.form.get("do") == "leave":
        favourites.unfollow(db(), current_user.id, seller.user_id)
        flash(f"You no longer follow {seller.display_name}.", "success")
    else:
        favourites.follow(db(), current_user.id, seller.user_id)
        flash(f"You follow {seller.display_name}.", "success")
    return redirect(_back(), 303)


@blueprint.get("/s/<handle>/follow")
@public
def follow_first(handle: str) -> Any:
    """Where strangers come back to after logging in: the seller's page, with its button."""
    if not signed_in():
        back = url_for("discovery.seller", handle=handle)
        return redirect(url_for("security.login", next=back))
    return redirect(url_for("discovery.seller", handle=handle))
