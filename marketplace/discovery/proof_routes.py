"""The public report, as a page and as JSON, and the seller's progress."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, jsonify, redirect, render_template, url_for
from flask_security import current_user

from marketplace.core.errors import NotFoundError
from marketplace.core.ids import split_slug
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import login_required, may, public
from marketplace.core.web.request_scope import db
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.states import ListingState
from marketplace.moderation.queries import Override, override_of
from marketplace.verification import queries
from marketplace.verification.presenters import Report, progress_of, report_json, report_of

blueprint = Blueprint("proof", __name__)


@blueprint.get("/p/<path>/proof")
@public
def report(path: str) -> Any:
    """The report that anyone may read."""
    listing, found, override = _visible(path)
    if path != (right := f"{listing.slug}-{listing.id}"):
        return redirect(url_for("proof.report", path=right), 301)
    return render_template(
        "verification/report.html", listing=listing, report=found, override=override
    )


@blueprint.get("/p/<path>/proof.json")
@public
def report_as_json(path: str) -> Any:
    """The same report for machines."""
    listing, found, override = _visible(path)
    if found is None:
        raise NotFoundError("There is no report for this listing.")
    address = url_for("discovery.listing", path=f"{listing.slug}-{listing.id}", _external=True)
    data = report_json(found, listing, address)
    data["override"] = asdict(override) if override else None
    return jsonify(data)


@blueprint.get("/sell/<listing_id>/progress.json")
@login_required
def progress(listing_id: str) -> Any:
    """How far the verification of one's own listing is."""
    listing = db().get(Listing, listing_id)
    if listing is None or listing.seller_id != current_user.id:
        raise NotFoundError
    run = queries.run_of(db(), listing.version_id)
    return jsonify(progress_of(db(), run) | {"listing_state": listing.state.value})


@blueprint.app_template_global()
def verification_progress(listing: Listing) -> dict[str, Any]:
    """The same numbers as progress.json, for the seller's page without scripts."""
    return progress_of(db(), queries.run_of(db(), listing.version_id))


def _visible(path: str) -> tuple[Listing, Report | None, Override | None]:
    """The listing with its report: public when live, else for its seller and moderators.

    A withdrawn listing keeps its public report: people who bought it may want to read it.
    """
    listing = db().get(Listing, split_slug(path)[1])
    if listing is None:
        raise NotFoundError
    public_states = {ListingState.LIVE, ListingState.WITHDRAWN}
    if listing.state in public_states:
        version_id = listing.live_version_id
    elif may(Permission.MODERATE_CASES_READ) or _is_own(listing):
        version_id = listing.version_id
    else:
        raise NotFoundError
    version = db().get(ListingVersion, version_id) if version_id else None
    if version is None:
        return listing, None, None
    return listing, report_of(db(), version), override_of(db(), version.id)


def _is_own(listing: Listing) -> bool:
    return bool(current_user.is_authenticated and current_user.id == listing.seller_id)
