"""The page about models for those who run the site, and the notice that all pages share."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from marketplace.core.permissions import Permission
from marketplace.core.web.guards import requires
from marketplace.core.web.request_scope import db
from marketplace.listings.models import ListingVersion
from marketplace.verification.changes import health, queries
from marketplace.verification.changes.presenters import Degradation, degradation_of
from marketplace.verification.changes.states import ReverificationState

blueprint = Blueprint("changes", __name__)


@blueprint.get("/moderate/models")
@requires(Permission.MODERATE_CASES_READ)
def models() -> Any:
    """Workers, changes of models, and what these have done to listings."""
    return render_template(
        "moderation/models.html",
        workers=health.known_workers(db()),
        campaigns=queries.campaigns(db()),
        degraded=queries.affected(db(), [ReverificationState.DEGRADED]),
        names=queries.model_names(db()),
    )


@blueprint.app_template_global()
def degradation(version: ListingVersion | None) -> Degradation | None:
    """The notice that a version's pages carry, if any."""
    return degradation_of(db(), version)
