"""What a seller can do about a run under way: stop it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask_security import current_user

from marketplace.core.errors import NotFoundError
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import requires
from marketplace.core.web.request_scope import db
from marketplace.listings.models import Listing
from marketplace.verification import operations

blueprint = Blueprint("verification", __name__)


@blueprint.post("/sell/<listing_id>/stop")
@requires(Permission.SELL_LISTINGS_WRITE)
def stop(listing_id: str) -> Any:
    """Stop the verification and make the listing a draft again."""
    listing = _own(listing_id)
    operations.stop_verification(db(), listing, current_user.id)
    flash("Stopped. The listing is a draft again; what was measured is kept for next time.", "info")
    return redirect(url_for("sell.listing", listing_id=listing.id))


def _own(listing_id: str) -> Listing:
    listing = db().get(Listing, listing_id)
    if listing is None or listing.seller_id != current_user.id:
        raise NotFoundError
    return listing
