"""Everything below /sell, as a table of contents; the views live in the *_views modules."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, request

from marketplace.core.web.guards import signed_in, to_log_in
from marketplace.images import MAX_BYTES
from marketplace.listings import (
    draft_views,
    listing_views,
    picture_views,
    start_views,
    touch_up_views,
)
from marketplace.listings.bulk import views as bulk
from marketplace.listings.bulk.limits import MAX_ARCHIVE_BYTES, MAX_TABLE_BYTES
from marketplace.listings.licences import licence_name
from marketplace.listings.models import MAX_SAMPLES
from marketplace.listings.wizard import views as wizard
from marketplace.prompts import describe_variable

blueprint = Blueprint("sell", __name__, url_prefix="/sell")

GET, POST = ("GET",), ("POST",)
ROUTES = (
    ("", "index", start_views.index, GET),
    ("/start", "start", start_views.start, GET + POST),
    ("/new", "new", draft_views.new, GET + POST),
    ("/new/from-picture", "from_picture", draft_views.from_picture, POST),
    ("/preview.json", "preview", draft_views.preview, POST),
    ("/<listing_id>", "listing", listing_views.listing, GET),
    ("/<listing_id>/edit", "edit", draft_views.edit, GET + POST),
    ("/<listing_id>/samples", "samples", listing_views.samples, POST),
    ("/<listing_id>/samples/<sample_id>/original", "original", listing_views.original, GET),
    (
        "/<listing_id>/samples/<sample_id>/settings",
        "sample_settings",
        picture_views.sample_settings,
        GET,
    ),
    ("/<listing_id>/samples/<sample_id>/seed", "take_seed", picture_views.take_seed, POST),
    ("/<listing_id>/submit", "submit", listing_views.submit, POST),
    ("/bulk", "bulk", bulk.bulk, GET + POST),
    ("/bulk.csv", "bulk_example", bulk.example, GET),
    ("/bulk/<upload_id>", "bulk_upload", bulk.upload, GET),
    ("/bulk/<upload_id>/stop", "bulk_stop", bulk.stop, POST),
    ("/begin", "begin", wizard.begin, GET + POST),
    ("/<listing_id>/steps", "resume", wizard.resume, GET),
    ("/<listing_id>/steps/<step>", "step", wizard.step, GET + POST),
    ("/<listing_id>/steps/take/<sample_id>", "take_over", wizard.take_over, POST),
    ("/<listing_id>/hand-in", "hand_in", wizard.hand_in, POST),
    ("/<listing_id>/revise", "revise", wizard.revise, POST),
    ("/<listing_id>/give-up", "give_up", wizard.give_up, POST),
    ("/<listing_id>/touch-up", "touch_up", touch_up_views.touch_up, GET + POST),
    ("/<listing_id>/withdraw", "withdraw", listing_views.withdraw, POST),
    ("/<listing_id>/relist", "relist", listing_views.relist, POST),
)

# Wherever variables are shown; pages of other features do so too.
blueprint.add_app_template_filter(describe_variable, "described")
blueprint.add_app_template_filter(licence_name, "licence_name")

for rule, endpoint, view, methods in ROUTES:
    blueprint.add_url_rule(rule, endpoint, view, methods=list(methods))

MAX_UPLOAD_BYTES = (MAX_SAMPLES + 1) * (MAX_BYTES + 100_000)


def allow_large_forms(target: Blueprint, *endpoints: str, most: int = MAX_UPLOAD_BYTES) -> None:
    """Let forms with pictures be large. Other forms are read into memory whole and stay small.

    A preprocessor, because the CSRF check reads the form before any view or blueprint hook: of
    strangers' forms nothing is read.
    """

    @target.url_value_preprocessor
    def allow(endpoint: str | None, values: dict[str, Any] | None) -> None:
        if endpoint in endpoints and request.mimetype == "multipart/form-data":
            if not signed_in():
                abort(to_log_in())
            request.max_content_length = most


allow_large_forms(
    blueprint,
    "sell.samples",
    "sell.submit",
    "sell.from_picture",
    "sell.begin",
    "sell.step",
)
allow_large_forms(blueprint, "sell.bulk", most=MAX_ARCHIVE_BYTES + MAX_TABLE_BYTES + 100_000)
