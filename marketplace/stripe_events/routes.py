"""Where Stripe's webhooks arrive: verified, stored, answered. Acting on them comes later.

The factory exempts these addresses from CSRF protection: the sender's signature takes its place.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from flask import Blueprint, Response, jsonify, request

from marketplace.core.task_queue import enqueue
from marketplace.core.unit_of_work import unit_of_work
from marketplace.core.web.guards import public
from marketplace.core.web.request_scope import db, save, services
from marketplace.gateways.payments import RejectionCause, WebhookEvent, WebhookRejectedError
from marketplace.stripe_events.operations import store_event
from marketplace.stripe_events.troubles import ODD_SECONDS, note_trouble
from marketplace.task_names import TaskName

log = logging.getLogger(__name__)
blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")

MAX_BODY_BYTES = 1024 * 1024  # an event carries one object; the largest have some tens of kB


@blueprint.post("/stripe")
@public
def stripe() -> tuple[Response, int]:
    """Events of the platform's own account."""
    return _receive("platform", lambda body, sign: _read(body, sign, connect=False))


@blueprint.post("/stripe-connect")
@public
def stripe_connect() -> tuple[Response, int]:
    """Events of sellers' connected accounts, signed with another secret."""
    return _receive("connect", lambda body, sign: _read(body, sign, connect=True))


@blueprint.post("/stripe-v2")
@public
def stripe_v2() -> tuple[Response, int]:
    """Notifications of the second API, which name an account and say nothing about it."""
    return _receive("v2", lambda body, sign: services().payments.read_thin_webhook(body, sign))


def _read(body: bytes, signature: str, connect: bool) -> WebhookEvent:
    return services().payments.read_webhook(body, signature, connect)


def _receive(endpoint: str, read: Callable[[bytes, str], WebhookEvent]) -> tuple[Response, int]:
    request.max_content_length = MAX_BODY_BYTES
    body = request.get_data(cache=False)
    signature = request.headers.get("Stripe-Signature", "")
    try:
        event = read(body, signature)
    except WebhookRejectedError as error:
        # Also what a wrong clock looks like: many of these mean that ours should be checked.
        log.warning("webhook refused: %s", error)
        with unit_of_work(services().database) as session:  # the request's own is rolled back
            note_trouble(session, endpoint, error.cause, error.skew_seconds)
        return jsonify(error="webhook refused"), 400
    if event.skew_seconds > ODD_SECONDS:
        note_trouble(db(), endpoint, RejectionCause.AHEAD, event.skew_seconds)
    if store_event(db(), event):
        enqueue(db(), services().queue, TaskName.PROCESS_STRIPE_EVENT, event.event_id)
    # Once this is answered Stripe forgets the event, so it has to be safe before.
    save()
    return jsonify(received=True), 200
