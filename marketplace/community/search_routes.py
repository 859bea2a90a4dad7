"""Saved searches: saving the page one is on, and the list of what was saved."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_security import current_user
from werkzeug import Response

from marketplace.community import saved_searches
from marketplace.core.errors import ConflictError, InvalidError
from marketplace.core.web.guards import login_required
from marketplace.core.web.request_scope import db

blueprint = Blueprint("saved_searches", __name__, url_prefix="/saved-searches")


@blueprint.get("", strict_slashes=False)
@login_required
def index() -> Any:
    """What was saved, and whether we write about it."""
    return render_template(
        "community/saved_searches.html",
        searches=saved_searches.searches_of(db(), current_user.id),
    )


@blueprint.post("")
@login_required
def save() -> Any:
    """Save the search of the page one comes from."""
    try:
        search = saved_searches.save_search(db(), current_user.id, request.form.get("address", ""))
    except (InvalidError, ConflictError) as error:
        flash(error.message, "warning")
    else:
        flash(f"Saved: {search.name}. We write when something new matches.", "success")
    return _to_list()


@blueprint.post("/<search_id>/pause")
@login_required
def pause(search_id: str) -> Any:
    """Write no more for now."""
    saved_searches.pause(saved_searches.own_search(db(), current_user.id, search_id))
    return _to_list()


@blueprint.post("/<search_id>/resume")
@login_required
def resume(search_id: str) -> Any:
    """Write again."""
    saved_searches.resume(saved_searches.own_search(db(), current_user.id, search_id))
    return _to_list()


@blueprint.post("/<search_id>/delete")
@login_required
def delete(search_id: str) -> Any:
    """Forget it."""
    search = saved_searches.own_search(db(), current_user.id, search_id)
    saved_searches.delete_search(db(), search)
    flash(f"Deleted: {search.name}.", "success")
    return _to_list()


def _to_list() -> Response:
    return redirect(url_for("saved_searches.index"), 303)
