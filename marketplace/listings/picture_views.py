"""What a seller's own pictures say about their making, offered to be taken over."""

from __future__ import annotations

from collections.abc import Mapping

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_security import current_user

from marketplace.core.errors import InvalidError
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import requires
from marketplace.core.web.request_scope import db, services
from marketplace.gateways.blobs import BlobMissingError
from marketplace.images import MAX_BYTES
from marketplace.listings.models import Listing, Sample
from marketplace.listings.picture_table import PictureTable, picture_table, taken_fields
from marketplace.listings.queries import own_listing, sample_of, target_models, version_of
from marketplace.listings.samples import change_sample
from marketplace.listings.states import TURNED_AWAY, ListingState


@requires(Permission.SELL_LISTINGS_WRITE)
def sample_settings(listing_id: str, sample_id: str) -> ResponseReturnValue:
    """The table of one stored sample, with what can be taken over into the draft."""
    listing = own_listing(db(), current_user.id, listing_id)
    sample = sample_of(db(), listing.id, sample_id)
    table = table_of(sample)
    if table is None:
        abort(404)
    return render_template(
        "listings/picture.html",
        listing=listing,
        sample=sample,
        version=version_of(db(), listing),
        table=table,
        may_edit=listing.working_state
        in (ListingState.DRAFT, *TURNED_AWAY, ListingState.WITHDRAWN),
        may_seed=listing.working_state is ListingState.DRAFT,
    )


@requires(Permission.SELL_LISTINGS_WRITE)
def take_seed(listing_id: str, sample_id: str) -> ResponseReturnValue:
    """Give a draft's sample the seed that its file names."""
    listing = own_listing(db(), current_user.id, listing_id)
    sample = sample_of(db(), listing.id, sample_id)
    table = table_of(sample)
    seed = table.values.get("seed") if table else None
    if seed is None:
        abort(404)
    try:
        change_sample(db(), services().vault, listing, sample.id, sample.values, int(seed))
    except InvalidError as error:
        flash(error.message, "warning")
    else:
        flash(f"Sample {sample.position} has the seed {seed} now.", "success")
    return redirect(url_for("sell.listing", listing_id=listing.id, _anchor="samples"))


def uploaded_table() -> PictureTable | None:
    """The table of a picture sent to start a listing from; None when none was chosen.

    Only its settings are read; the picture itself is not kept.
    """
    upload = request.files.get("picture")
    if upload is None or not upload.filename:
        return None
    return picture_table(upload.stream.read(MAX_BYTES + 1), target_models(db()))


def table_of(sample: Sample, answers: Mapping[str, str] | None = None) -> PictureTable | None:
    """The table of a stored sample's original file; None when its blob is gone.

    Args:
        answers: a form or a query with what was said to the import's questions, by number.
    """
    try:
        data = services().blobs.get(sample.original_key)
    except BlobMissingError:
        return None
    models = target_models(db())
    table = picture_table(data, models)
    if answers is not None and table.imported and table.imported.questions:
        # By number: a question's id may hold a word of the prompt, which no address may.
        said = {
            question.id: answers.get(f"answer-{number}", "")
            for number, question in enumerate(table.imported.questions, start=1)
        }
        table = picture_table(data, models, said)
    return table


def taken_from_sample(listing: Listing) -> tuple[dict[str, str], list[str]]:
    """Values for the draft's form that the address asks to take over, and their labels.

    The address names the sample and the fields only; the values come out of the file again.
    """
    sample_id = request.args.get("from", "")
    if not sample_id:
        return {}, []
    table = table_of(sample_of(db(), listing.id, sample_id), answers=request.args)
    return taken_fields(table, request.args.getlist("take")) if table else ({}, [])
