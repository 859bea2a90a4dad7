"""Searching and browsing: one page of results for words, pictures and facets; suggestions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import jsonify, redirect, render_template, request, url_for

from marketplace.core.web.error_pages import wants_json
from marketplace.core.web.guards import public
from marketplace.core.web.page_keeping import kept_for_all, kept_for_strangers
from marketplace.core.web.request_scope import db, services
from marketplace.discovery import search_page
from marketplace.discovery.filters import args_of, clean_query, read_wanted
from marketplace.discovery.presenters import found_cards
from marketplace.discovery.shelving import shelved
from marketplace.images import MAX_BYTES, UploadError, read_upload
from marketplace.listings.queries import categories, target_models
from marketplace.search.finding import find
from marketplace.search.looks import image_encoder_of
from marketplace.search.signature import sign
from marketplace.search.suggestions import suggest
from marketplace.search.wanted import Facet

IMAGE_FORM_BYTES = MAX_BYTES + 100_000
MORE_WITHOUT_ASKING = "3"
"""Pages that the script loads as one scrolls, before it waits for the button."""


@public
@kept_for_strangers(*Facet, "sort")
def browse() -> Any:
    """The live listings that the address's filters let through."""
    if request.args.get("q") or request.args.get("look"):
        return redirect(url_for("discovery.search", **request.args.to_dict(flat=False)), 301)  # type: ignore[arg-type]
    return _results()


@public
@kept_for_strangers(*Facet, "sort", "q")
def search() -> Any:
    """What the words or the picture of the address find."""
    return _results()


@public
def suggestions() -> Any:
    """What somebody who types may mean: listings, categories, models, sellers."""
    typed = clean_query(request.args.get("q", ""))
    groups = suggest(db(), services().settings.search_language, typed)
    return jsonify(
        groups=[
            {
                "name": group.name,
                "options": [
                    {
                        "label": option.label,
                        "note": option.note,
                        "url": url_for(option.endpoint, **option.values),  # type: ignore[arg-type]
                    }
                    for option in group.options
                ],
            }
            for group in groups
        ]
    )


@public
def image() -> Any:
    """The form for who looks with a picture."""
    return render_template("discovery/image.html", problem=None)


@public
def search_by_image() -> Any:
    """Read a picture, forget it, and show what is like it.

    The picture is decoded in memory; its signature goes into the address, nothing is stored.
    """
    upload = request.files.get("image")
    try:
        checked = read_upload(upload.stream.read(IMAGE_FORM_BYTES) if upload else b"")
    except UploadError as error:
        if wants_json():
            return jsonify(error={"code": error.code, "message": error.message}), 422
        return render_template("discovery/image.html", problem=error.message), 422
    signature = sign(checked.image, image_encoder_of(services().settings))
    address = url_for("discovery.search", look=signature.text)
    return jsonify(url=address) if wants_json() else redirect(address, 303)


def _names() -> search_page.Names:
    return search_page.Names(target_models(db()), categories(db()))


def _results() -> Any:
    names = kept_for_all("names", _names)
    wanted = read_wanted(request.args, names.known)
    found = find(db(), services().settings, wanted)
    cards = found_cards(shelved(db(), [hit.listing_id for hit in found.hits]), found.hits)
    return render_template(
        "discovery/browse.html",
        wanted=wanted,
        found=found,
        cards=cards,
        heading=search_page.heading(wanted, names),
        facets=search_page.facets(wanted, found, names),
        chips=search_page.chips(wanted, names),
        total=search_page.total_text(found),
        sorts=search_page.sort_options(wanted),
        sort_note=search_page.SORT_NOTES.get(wanted.sort),
        next_url=search_page.address(wanted.behind(found.after)) if found.after else None,
        first_url=search_page.address(wanted.from_the_start()) if wanted.after else None,
        # However it is sorted, it is a page about the same prompts.
        canonical=search_page.address(replace(wanted, sort=wanted.default_sort)),
        kept=args_of(wanted),
        reason=search_page.reason_for_nothing(wanted, found, names),
        relaxed=search_page.relaxations(wanted, found, names),
        more=MORE_WITHOUT_ASKING,
    )
