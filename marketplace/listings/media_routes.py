"""Public pictures: content-addressed, hence cacheable for ever. Originals are in listing_views."""

from __future__ import annotations

import re

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from marketplace.core.errors import NotFoundError
from marketplace.core.web.guards import public
from marketplace.core.web.request_scope import services
from marketplace.gateways.blobs import BlobMissingError, public_key
from marketplace.listings.pictures import content_type_of

blueprint = Blueprint("media", __name__, url_prefix="/media")

_NAME = re.compile(r"([0-9a-f]{64})\.(webp|jpg)")
IMMUTABLE = "public, max-age=31536000, immutable"


@blueprint.route("/<name>")
@public
def public_file(name: str) -> ResponseReturnValue:
    """One derivative; its name is its content's hash, so it is its own ETag."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise NotFoundError
    digest, ending = match.groups()
    if request.if_none_match.contains(digest):
        response = Response(status=304)
    else:
        try:
            data = services().blobs.get(public_key(name))
        except BlobMissingError:
            raise NotFoundError from None
        response = Response(data, content_type=content_type_of(ending))
    response.set_etag(digest)
    response.headers["Cache-Control"] = IMMUTABLE
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
