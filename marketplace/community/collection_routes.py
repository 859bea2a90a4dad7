"""Collections: their owner's pages, the form on a listing's page, and the page for everybody."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_security import current_user

from marketplace.community import collecting
from marketplace.community.favourites import public_listing
from marketplace.community.forms import CollectionForm
from marketplace.community.models import Collection
from marketplace.core.errors import ConflictError, InvalidError
from marketplace.core.web.guards import login_required, public, signed_in
from marketplace.core.web.request_scope import db, services
from marketplace.discovery.presenters import cards
from marketplace.discovery.shelving import shelved

blueprint = Blueprint("collections", __name__)


@blueprint.route("/collections", methods=["GET", "POST"])
@login_required
def index() -> Any:
    """The person's collections, and a form to begin another."""
    form = CollectionForm()
    if form.validate_on_submit():
        found = _begin(form)
        if found is not None:
            flash(f"“{found.name}” is there. Add prompts to it from their pages.", "success")
            return redirect(url_for("collections.index"), 303)
    page = render_template(
        "community/collections.html",
        form=form,
        rows=[
            (found, count, _address(found))
            for found, count in collecting.collections_of(db(), current_user.id)
        ],
    )
    return page, 422 if form.is_submitted() else 200


def _begin(form: CollectionForm) -> Collection | None:
    """A new collection; None where it was refused, and the form says why."""
    try:
        return collecting.create(
            db(),
            services(),
            current_user.id,
            form.name.data or "",
            form.about.data or "",
            bool(form.public.data),
        )
    except InvalidError as error:
        form[error.field or "name"].errors = [error.message]
    except ConflictError as error:
        form.form_errors.append(error.message)
    return None


@blueprint.route("/collections/<collection_id>", methods=["GET", "POST"])
@login_required
def edit(collection_id: str) -> Any:
    """Rename it, open it to everybody or close it."""
    found = collecting.own_collection(db(), current_user.id, collection_id)
    form = CollectionForm(obj=found)
    if form.validate_on_submit():
        name, about = form.name.data or "", form.about.data or ""
        try:
            collecting.change(db(), services(), found, name, about, bool(form.public.data))
        except InvalidError as error:
            form[error.field or "name"].errors = [error.message]
        else:
            flash("Saved.", "success")
            return redirect(_address(found), 303)
    page = render_template("community/edit_collection.html", form=form, collection=found)
    return page, 422 if form.is_submitted() else 200


@blueprint.post("/collections/<collection_id>/delete")
@login_required
def delete(collection_id: str) -> Any:
    """Delete a collection; its prompts stay."""
    found = collecting.own_collection(db(), current_user.id, collection_id)
    collecting.delete_collection(db(), found)
    flash(f"“{found.name}” is deleted.", "success")
    return redirect(url_for("collections.index"), 303)


@blueprint.post("/collections/of/<listing_id>")
@login_required
def hold(listing_id: str) -> Any:
    """Which of the person's collections hold a listing, as ticked on its page."""
    listing = public_listing(db(), listing_id)
    ticked = set(request.form.getlist("in"))
    holding = collecting.holding(db(), current_user.id, listing.id)
    try:
        if name := request.form.get("name", "").strip():
            new = collecting.create(db(), services(), current_user.id, name, "", public=False)
            collecting.put_in(db(), new, listing.id)
        for found, _ in collecting.collections_of(db(), current_user.id):
            if found.id in ticked and found.id not in holding:
                collecting.put_in(db(), found, listing.id)
            elif found.id not in ticked and found.id in holding:
                collecting.take_out(db(), found, listing.id)
    except (InvalidError, ConflictError) as error:
        flash(error.message, "warning")
    else:
        flash("Your collections are saved.", "success")
    return redirect(url_for("discovery.listing", path=listing.path), 303)


@blueprint.get("/c/<owner>/<slug>")
@public
def show(owner: str, slug: str) -> Any:
    """A collection: what of it is on sale."""
    viewer_id = current_user.id if signed_in() else None
    found = collecting.at_address(db(), owner, slug, viewer_id)
    ids = collecting.items_of(db(), found.id)
    shown = shelved(db(), ids)
    return render_template(
        "community/collection.html",
        collection=found,
        cards=cards(shown),
        own=found.owner_id == viewer_id,
        away=len(ids) - len(shown),
        address=_address(found),
    )


def _address(found: Collection) -> str:
    owner, slug = collecting.address_parts(found)
    return url_for("collections.show", owner=owner, slug=slug)
