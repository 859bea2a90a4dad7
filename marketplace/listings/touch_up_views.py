"""Price and spelling of a listing on sale, over HTTP."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user

from marketplace.core.errors import ConflictError, InvalidError
from marketplace.core.money import parse_price
from marketplace.core.permissions import Permission
from marketplace.core.task_queue import enqueue
from marketplace.core.web.guards import requires
from marketplace.core.web.request_scope import db, services
from marketplace.listings.forms import read_tags
from marketplace.listings.presenters import draft_fields
from marketplace.listings.queries import own_listing
from marketplace.listings.touching_up import touch_up as change
from marketplace.listings.wizard.forms import WizardForm
from marketplace.listings.wizard.problems import form_for
from marketplace.listings.words import Words
from marketplace.task_names import TaskName

FIELDS = ("title", "summary", "description", "tags", "price")


@requires(Permission.SELL_LISTINGS_WRITE)
def touch_up(listing_id: str) -> ResponseReturnValue:
    """A short form; what says something new is refused with the way that it can go."""
    listing = own_listing(db(), current_user.id, listing_id)
    version = listing.live_version
    if version is None:
        raise ConflictError("Only what is, or was, on sale can be touched up.")
    standing = draft_fields(listing, version, services().vault)
    sent = {name: request.form[name] for name in FIELDS if name in request.form}
    form = form_for(db()).filled(standing | sent)
    refused: dict[str, list[str]] = {}
    if request.method == "POST":
        refused = {name: told for name, told in form.problems().items() if name in FIELDS}
        if not refused:
            try:
                words = _words(form, listing.category_slug)
                changed = change(
                    db(), services().vault, services().queue, listing, words, current_user.id
                )
            except InvalidError as error:
                refused = {error.field or "title": [error.message]}
            else:
                enqueue(db(), services().queue, TaskName.UPDATE_SEARCH)
                flash("Changed." if changed else "Nothing was changed.", "success")
                return redirect(url_for("sell.listing", listing_id=listing.id))
    form.filled(standing | sent)
    for name, told in refused.items():
        form[name].errors = told
    page = render_template("listings/touch_up.html", listing=listing, form=form, refused=refused)
    return page, 422 if refused else 200


def _words(form: WizardForm, category_slug: str) -> Words:
    return Words(
        title=form.title.data or "",
        summary=form.summary.data or "",
        description=form.description.data or "",
        category_slug=category_slug,
        tags=read_tags(form.tags.data or ""),
        price_cents=parse_price(form.price.data or "").cents,
    )
