"""The desk's page of webhooks: the inbox in numbers, what was given up, what was refused."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_security import current_user

from marketplace.core.errors import NotFoundError
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import requires
from marketplace.core.web.pagination import Page, page_number
from marketplace.core.web.request_scope import db, services
from marketplace.gateways.payments import RejectionCause
from marketplace.orders.desk import acts
from marketplace.orders.desk.blueprint import page_values
from marketplace.orders.desk.models import Act
from marketplace.stripe_events.models import InboxState
from marketplace.stripe_events.operations import retry_dead
from marketplace.stripe_events.queries import dead_events, inbox_counts, webhook_troubles

blueprint = Blueprint("desk_webhooks", __name__, url_prefix="/desk/webhooks")
blueprint.context_processor(page_values)

PAGE_SIZE = 50
MAX_ID = 80
CAUSES = {
    RejectionCause.SIGNATURE: "Signature of nobody we know: forged, or our secret is wrong",
    RejectionCause.STALE: "Older than five minutes: sent again by somebody, or our clock is ahead",
    RejectionCause.AHEAD: "From the future: our clock is behind (they were accepted)",
    RejectionCause.MALFORMED: "Not readable",
    RejectionCause.OTHER_MODE: "Test event at the live site, or the other way round",
}
ENDPOINTS = {
    "platform": "/webhooks/stripe",
    "connect": "/webhooks/stripe-connect",
    "v2": "/webhooks/stripe-v2",
}


@blueprint.get("", strict_slashes=False)
@requires(Permission.DESK_BOOKS_READ)
def index() -> str:
    """Everything about webhooks that a person may have to act upon."""
    counts, number = inbox_counts(db()), page_number()
    dead = dead_events(db(), PAGE_SIZE, (number - 1) * PAGE_SIZE)
    return render_template(
        "desk/webhooks.html",
        counts=counts,
        page=Page(dead, number, PAGE_SIZE, counts.get(InboxState.DEAD, 0)),
        troubles=webhook_troubles(db()),
        causes={cause.value: text for cause, text in CAUSES.items()},
        endpoints=ENDPOINTS,
    )


@blueprint.post("/<event_id>/retry")
@requires(Permission.DESK_WEBHOOKS_WRITE)
def retry(event_id: str) -> Any:
    """Set an event going again that was given up."""
    if len(event_id) > MAX_ID or not event_id.isascii() or not event_id.isprintable():
        raise NotFoundError
    retry_dead(db(), services().queue, event_id, current_user.id)
    acts.record(db(), Act.RETRY_EVENT, current_user.id, subject=event_id)
    flash(f"{event_id} is being tried again.", "success")
    return redirect(url_for("desk_webhooks.index"), 303)
