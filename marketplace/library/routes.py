"""A buyer's library. These pages carry prompts: they are for one person and are never stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from flask_security import current_user

from marketplace.core.web.guards import login_required
from marketplace.core.web.request_scope import db, services
from marketplace.library.presenters import (
    client_template,
    filled_prompt,
    library_cards,
    library_item,
    submitted_values,
)
from marketplace.library.queries import (
    closed_item_of,
    closed_items,
    item_of,
    newer_versions,
    updated_items,
)
from marketplace.listings.models import ListingVersion
from marketplace.listings.queries import covers_of
from marketplace.orders.access import log_access
from marketplace.orders.models import Entitlement
from marketplace.orders.order_words import RIGHT_WORDS
from marketplace.orders.queries import purchases_of
from marketplace.orders.risk import address_hash
from marketplace.prompts import Template, parse

blueprint = Blueprint("library", __name__, url_prefix="/library")


@blueprint.after_request
def never_store(response: Response) -> Response:
    """Whoever uses the browser next must not find a prompt in its cache."""
    response.headers["Cache-Control"] = "private, no-store"
    return response


@blueprint.get("", strict_slashes=False)
@login_required
def index() -> Any:
    """Everything the person owns."""
    items = purchases_of(db(), current_user.id)
    covers = covers_of(db(), [item.version_id for item in items])
    return render_template(
        "library/index.html",
        cards=library_cards(items, covers, updated_items(db(), items)),
        closed=closed_items(db(), current_user.id),
        words=RIGHT_WORDS,
    )


@blueprint.get("/<id>")
@login_required
def item(id: str) -> Any:
    """An owned prompt with its form, filled with the defaults; one that is closed says why."""
    closed = closed_item_of(db(), id, current_user.id)
    if closed is not None:
        page = render_template("library/closed.html", item=closed, words=RIGHT_WORDS[closed.state])
        return page, 403
    owned = item_of(db(), id, current_user.id)
    shown, newer = _shown(owned)
    # Should a bank ever ask whether it was delivered.
    key = services().settings.secret_key
    log_access(db(), owned.id, address_hash(key, request.remote_addr or ""))
    return _page(owned, shown, newer, _template(shown), None)


@blueprint.post("/<id>")
@login_required
def fill_in(id: str) -> Any:
    """The same page with the values sent; without scripts this is the preview."""
    owned = item_of(db(), id, current_user.id)
    shown, newer = _shown(owned)
    template = _template(shown)
    return _page(owned, shown, newer, template, submitted_values(template, request.form))


def _shown(owned: Entitlement) -> tuple[ListingVersion, list[ListingVersion]]:
    """The version that the address asks for, else the one that was bought; and all newer ones."""
    newer = newer_versions(db(), owned)
    wanted = request.args.get("version", "")
    shown = next((one for one in newer if str(one.number) == wanted), owned.version)
    return shown, newer


def _template(version: ListingVersion) -> Template:
    return parse(services().vault.open(version.prompt_sealed))


def _guide(version: ListingVersion) -> str:
    sealed = version.guide_sealed
    return services().vault.open(sealed) if sealed else ""


def _page(
    owned: Entitlement,
    shown: ListingVersion,
    newer: list[ListingVersion],
    template: Template,
    values: Mapping[str, str] | None,
) -> Response:
    filled = filled_prompt(template, values)
    page = render_template(
        "library/item.html",
        item=library_item(owned, shown, _guide(shown)),
        version=shown,
        versions=[*newer, owned.version] if newer else [],
        filled=filled,
        submitted=values is not None,
        client=client_template(template),
    )
    refused = values is not None and filled.text is None
    return make_response(page, 422 if refused else 200)
