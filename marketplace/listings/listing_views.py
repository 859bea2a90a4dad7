"""A seller's page of one listing, by its state: samples, progress, review, shelf."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user

from marketplace.core.errors import NotFoundError
from marketplace.core.permissions import Permission
from marketplace.core.task_queue import enqueue
from marketplace.core.web.guards import login_required, may, requires
from marketplace.core.web.request_scope import db, save, services
from marketplace.gateways.blobs import BlobMissingError
from marketplace.listings import lifecycle
from marketplace.listings.checks import SubmissionError
from marketplace.listings.hints import Hint, hints, lint_context
from marketplace.listings.models import Listing, ListingVersion
from marketplace.listings.pictures import content_type_of
from marketplace.listings.presenters import (
    payout_note,
    prompt_parts,
    settings_lines,
    waits_for_model,
)
from marketplace.listings.queries import (
    listing_named,
    own_listing,
    sample_of,
    version_of,
)
from marketplace.listings.readiness import readiness_problems
from marketplace.listings.sample_rows import (
    SampleRow,
    empty_rows,
    posted_rows,
    save_rows,
    stored_rows,
)
from marketplace.listings.samples import remove_sample
from marketplace.listings.states import TURNED_AWAY, ListingState
from marketplace.prompts import parse
from marketplace.task_names import TaskName


@requires(Permission.SELL_LISTINGS_WRITE)
def listing(listing_id: str) -> ResponseReturnValue:
    """The listing as it stands; what can be done depends on its state."""
    return page_of(own_listing(db(), current_user.id, listing_id))


@requires(Permission.SELL_LISTINGS_WRITE)
def samples(listing_id: str) -> ResponseReturnValue:
    """Save the table of samples; what is fine stays even when another row is refused."""
    listing = own_listing(db(), current_user.id, listing_id)
    rows = save_table(listing)
    if any(row.errors for row in rows):
        return page_of(listing, rows, status=422)
    enqueue(db(), services().queue, TaskName.CHECK_PREFLIGHT, listing.id)
    flash("Samples saved.", "success")
    return redirect(url_for("sell.listing", listing_id=listing.id, _anchor="samples"))


@requires(Permission.SELL_LISTINGS_WRITE)
def submit(listing_id: str) -> ResponseReturnValue:
    """Save the table if it was sent along, then hand the listing to verification."""
    listing = own_listing(db(), current_user.id, listing_id)
    rows = save_table(listing) if listing.state is ListingState.DRAFT else []
    if any(row.errors for row in rows):
        return page_of(listing, rows, status=422)
    try:
        lifecycle.submit(db(), services().vault, services().queue, listing, current_user.id)
    except SubmissionError:
        return page_of(listing, status=422)  # the page lists what is missing
    tier = version_of(db(), listing).tier
    flash(
        "Submitted. We are re-running your samples now."
        if tier.is_rerun
        else "Submitted. We search your samples for copies; then two moderators look at them.",
        "success",
    )
    return redirect(url_for("sell.listing", listing_id=listing.id))


@requires(Permission.SELL_LISTINGS_WRITE)
def withdraw(listing_id: str) -> ResponseReturnValue:
    """Take it off the shelves."""
    listing = own_listing(db(), current_user.id, listing_id)
    lifecycle.withdraw(db(), listing, current_user.id)
    enqueue(db(), services().queue, TaskName.UPDATE_SEARCH)
    flash("Withdrawn. Buyers keep what they bought.", "success")
    return redirect(url_for("sell.listing", listing_id=listing.id))


@requires(Permission.SELL_LISTINGS_WRITE)
def relist(listing_id: str) -> ResponseReturnValue:
    """Put it back."""
    listing = own_listing(db(), current_user.id, listing_id)
    lifecycle.relist(db(), listing, current_user.id)
    enqueue(db(), services().queue, TaskName.UPDATE_SEARCH)
    flash("Back on sale.", "success")
    return redirect(url_for("sell.listing", listing_id=listing.id))


@login_required
def original(listing_id: str, sample_id: str) -> ResponseReturnValue:
    """A sample's upload as it came, for its seller and for moderators: always a download."""
    listing = listing_named(db(), listing_id)
    if listing.seller_id != current_user.id and not may(Permission.MODERATE_CASES_READ):
        raise NotFoundError
    sample = sample_of(db(), listing.id, sample_id)
    ending = sample.original_key.rpartition(".")[2]
    try:
        data = services().blobs.get(sample.original_key)
    except BlobMissingError:
        raise NotFoundError from None
    response = Response(data, content_type=content_type_of(ending))
    response.headers["Content-Disposition"] = (
        f'attachment; filename="sample-{sample.position}.{ending}"'
    )
    response.headers["Cache-Control"] = "private, no-store"
    # Somebody else's bytes: even opened in a tab they may do nothing.
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def save_table(listing: Listing) -> list[SampleRow]:
    """Save the rows that were sent and commit those that are fine; a refusal must not undo them."""
    version = version_of(db(), listing)
    rows = posted_rows(version, request.form, request.files)
    save_rows(db(), services(), listing, rows)
    gone = request.form.get("remove", "")
    if gone:
        remove_sample(db(), services().vault, listing, gone)
        rows = [row for row in rows if row.sample is None or row.sample.id != gone]
    save()
    read = [row.sample.position for row in rows if row.sample and row.seed_from_file]
    if read:
        numbers = ", ".join(map(str, sorted(read)))
        flash(
            f"The seed of sample {numbers} was read from the picture's file. Correct it if it is "
            "not the one.",
            "info",
        )
    return rows


def page_of(
    listing: Listing, rows: list[SampleRow] | None = None, status: int = 200
) -> ResponseReturnValue:
    """The seller's page of a listing by its state; ``rows`` keeps refused input on a draft's."""
    version = _shown(listing)
    prompt = services().vault.open(version.prompt_sealed)
    draft = listing.state is ListingState.DRAFT
    if not prompt:
        return redirect(url_for("sell.resume", listing_id=listing.id))  # begun step by step
    if draft:
        # Refused new rows first keep what was typed in them; more empty ones follow.
        rows = stored_rows(version) if rows is None else rows
        rows += empty_rows(version, rows)
    name = ListingState.REJECTED if listing.state in TURNED_AWAY else listing.state
    page = render_template(
        f"listings/{name.value}.html",
        listing=listing,
        edit=listing.edit,
        version=version,
        rows=rows,
        refused=status >= 400,
        problems=readiness_problems(db(), services().vault, listing) if draft else [],
        prompt_parts=prompt_parts(parse(prompt)),
        hints=_hints(version, prompt) if draft else [],
        settings_lines=settings_lines(version),
        waits_for_model=waits_for_model(listing),
        payout_note=payout_note(listing.seller),
    )
    return page, status


def _hints(version: ListingVersion, prompt: str) -> list[Hint]:
    context = lint_context(services().settings, version.target_model, version.samples)
    return hints(prompt, context)


def _shown(listing: Listing) -> ListingVersion:
    """What the listing's own page is about: what is sold, where an edit of it is the newest."""
    if listing.edit is not None and listing.live_version is not None:
        return listing.live_version
    return version_of(db(), listing)
