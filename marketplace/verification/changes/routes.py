"""The page about models for those who run the site, and the notice that all pages share."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_security import current_user

from marketplace.core.errors import ConflictError, InvalidError
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import requires
from marketplace.core.web.request_scope import db, services
from marketplace.listings.models import ListingVersion
from marketplace.verification.changes import health, operations, queries
from marketplace.verification.changes.presenters import Degradation, degradation_of
from marketplace.verification.changes.states import ReverificationState

blueprint = Blueprint("changes", __name__)
SAID = {
    "repeat": "It will be run again.",
    "dismiss": "The listing stands as it is.",
    "degrade": "The listing is marked, and its seller has been told.",
}


@blueprint.get("/moderate/models")
@requires(Permission.MODERATE_CASES_READ)
def models() -> Any:
    """Workers, changes of models, and the listings for which a person has to decide."""
    return render_template(
        "moderation/models.html",
        workers=health.known_workers(db()),
        campaigns=queries.campaigns(db()),
        questions=queries.affected(db(), [ReverificationState.REFERRED]),
        degraded=queries.affected(db(), [ReverificationState.DEGRADED]),
        names=queries.model_names(db()),
    )


@blueprint.post("/moderate/models/<reverification_id>")
@requires(Permission.MODERATE_CASES_DECIDE)
def decide(reverification_id: str) -> Any:
    """A moderator's word on a re-verification that was referred to one."""
    decision = request.form.get("decision", "")
    note = request.form.get("note", "")
    try:
        operations.decide(db(), services(), reverification_id, current_user, decision, note)
        flash(SAID[decision], "success")
    except (ConflictError, InvalidError) as error:
        flash(error.message, "error")
    return redirect(url_for("changes.models"))


@blueprint.app_template_global()
def degradation(version: ListingVersion | None) -> Degradation | None:
    """The notice that a version's pages carry, if any."""
    return degradation_of(db(), version)
