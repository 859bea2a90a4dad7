"""The seller's preflight: its page, starting and cancelling one, progress; all of it private."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, url_for
from flask_security import current_user

from marketplace.core.errors import DomainError
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import requires
from marketplace.core.web.request_scope import db, services
from marketplace.listings import listing_views
from marketplace.listings.checks import SubmissionError
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.queries import own_listing, version_of
from marketplace.listings.routes import allow_large_forms
from marketplace.listings.states import ListingState
from marketplace.policy.codes import name_of
from marketplace.verification.consistency.presenters import consistency_of
from marketplace.verification.preflight import operations, queries
from marketplace.verification.preflight.presenters import PreflightView, progress_of, view_of

blueprint = Blueprint("preflight", __name__)
# The button stands below the table of samples, which is saved first as submitting does.
allow_large_forms(blueprint, "preflight.start")
# Wherever findings are shown; moderators' pages do so too.
blueprint.add_app_template_filter(name_of, "code_name")


@blueprint.get("/sell/<listing_id>/preflight")
@requires(Permission.SELL_LISTINGS_WRITE)
def page(listing_id: str) -> Any:
    """The newest preflight of one's own listing."""
    listing = own_listing(db(), current_user.id, listing_id)
    view = view_of(db(), listing, services().settings.preflights_per_day)
    return render_template(
        "listings/preflight.html", listing=listing, version=version_of(db(), listing), view=view
    )


@blueprint.post("/sell/<listing_id>/preflight")
@requires(Permission.SELL_LISTINGS_WRITE)
def start(listing_id: str) -> Any:
    """Save the table of samples if it was sent along, then run the draft as it stands."""
    listing = own_listing(db(), current_user.id, listing_id)
    rows = listing_views.save_table(listing) if listing.working_state is ListingState.DRAFT else []
    if any(row.errors for row in rows):
        return listing_views.page_of(listing, rows, status=422)
    # What was saved is saved, whatever comes of the preflight.
    operations.cancel_if_changed(db(), listing)
    parts = services()
    try:
        operations.start(db(), parts.vault, parts.queue, listing, parts.settings.preflights_per_day)
    except SubmissionError:
        return listing_views.page_of(listing, status=422)  # the page lists what is missing
    except DomainError as error:
        flash(error.message, "error")
        return redirect(url_for("preflight.page", listing_id=listing.id))
    return redirect(url_for("preflight.page", listing_id=listing.id))


@blueprint.post("/sell/<listing_id>/preflight/cancel")
@requires(Permission.SELL_LISTINGS_WRITE)
def cancel(listing_id: str) -> Any:
    """Stop the listing's open preflight; it still counts as one of the day's."""
    listing = own_listing(db(), current_user.id, listing_id)
    preflight = queries.open_preflight_of(db(), listing.id)
    if preflight is not None:
        operations.cancel(db(), preflight, "cancelled by the seller")
        flash("Cancelled.", "info")
    return redirect(url_for("preflight.page", listing_id=listing.id))


@blueprint.get("/sell/<listing_id>/preflight.json")
@requires(Permission.SELL_LISTINGS_WRITE)
def progress(listing_id: str) -> Any:
    """How far it is."""
    listing = own_listing(db(), current_user.id, listing_id)
    return jsonify(progress_of(db(), queries.newest_of(db(), listing.id)))


@blueprint.app_template_global()
def preflight_of(listing: Listing) -> PreflightView:
    """The newest preflight, for the draft's page."""
    return view_of(db(), listing, services().settings.preflights_per_day)


@blueprint.app_template_global()
def consistency_report(version: ListingVersion) -> dict[str, Any] | None:
    """The public consistency report of a version, for the report's page."""
    return consistency_of(db(), version)
