"""The inbox's verbs: store, process, put off, give up. Effects and "done" are one transaction."""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError, NotFoundError
from marketplace.core.task_queue import TaskQueue, enqueue
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.payments import WebhookEvent
from marketplace.orders.alerts import AlertKind, raise_alert
from marketplace.stripe_events.dispatch import FETCHED_TYPES, HANDLERS, note_surprise, prepare
from marketplace.stripe_events.models import InboxState, StripeEvent
from marketplace.task_names import TaskName

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 12
FIRST_DELAY = timedelta(seconds=5)
MAX_DELAY = timedelta(hours=1)
UNFINISHED = (InboxState.RECEIVED, InboxState.FAILED)
RESEND_AFTER = timedelta(seconds=20)
"""How long the message sent on arrival has before the sweep sends another."""
RESEND_GAP = timedelta(minutes=1)
BATCH = 200


def store_event(session: Session, event: WebhookEvent) -> bool:
    """Keep a verified event; False when it is there already (Stripe delivers at least once)."""
    stored = session.scalar(
        insert(StripeEvent)
        .values(
            id=event.event_id,
            type=event.type[:100],
            account=event.account,
            livemode=event.livemode,
            api_version=event.api_version,
            object_id=event.object_id,
            payload=event.payload,
            state=InboxState.RECEIVED,
            attempts=0,
            next_attempt_at=now() + RESEND_AFTER,
            created=event.created,
        )
        .on_conflict_do_nothing(index_elements=[StripeEvent.id])
        .returning(StripeEvent.id)
    )
    return stored is not None


def process_event(services: Services, event_id: str) -> InboxState | None:
    """Act on a stored event unless it is finished; None when there is no such event.

    What must be read from Stripe is read first, without a transaction; then the effects and the
    event's end are committed together. A failure is remembered and tried again with growing gaps.
    """
    with unit_of_work(services.database) as session:
        event = session.get(StripeEvent, event_id)
        if event is None or event.state not in UNFINISHED:
            return None if event is None else event.state
    kind = event.type  # a rollback below forgets what was read
    try:
        effect = prepare(services, event)
        with unit_of_work(services.database) as session:
            event = _lock(session, event_id)
            if event.state not in UNFINISHED:
                return event.state
            if effect is not None:
                effect(session)
            elif event.type not in HANDLERS:
                note_surprise(session, event)
            event.state = InboxState.IGNORED if effect is None else InboxState.DONE
            event.finished_at, event.next_attempt_at, event.error = now(), None, None
            return event.state
    except Exception as error:
        # Whatever went wrong, the event must neither be lost nor block the others. The type
        # alone is kept: a message might quote a person's data.
        log.warning("event %s (%s) failed: %s", event_id, kind, type(error).__name__)
        with unit_of_work(services.database) as session:
            return _put_off(session, _lock(session, event_id), type(error).__name__)


def _lock(session: Session, event_id: str) -> StripeEvent:
    return session.get_one(
        StripeEvent, event_id, with_for_update={"key_share": True}, populate_existing=True
    )


def retry_dead(session: Session, queue: TaskQueue, event_id: str, actor_id: str) -> StripeEvent:
    """Set an event going again that was given up, with all its tries before it.

    Raises:
        NotFoundError: no such event.
        ConflictError: it was not given up.
    """
    event = session.get(StripeEvent, event_id, with_for_update=True, populate_existing=True)
    if event is None:
        raise NotFoundError
    if event.state is not InboxState.DEAD:
        raise ConflictError("This event is not given up, so there is nothing to retry.")
    event.state, event.attempts, event.retried_by = InboxState.FAILED, 0, actor_id
    event.next_attempt_at = now() + RESEND_AFTER
    enqueue(session, queue, TaskName.PROCESS_STRIPE_EVENT, event.id)
    return event


def fetch_undelivered(services: Services) -> int:
    """Take in what Stripe could not deliver to us; returns how many events were new.

    Raises:
        PaymentUnavailableError, PaymentError: Stripe did not say all; the next call goes on.
    """
    new = 0
    for event in services.payments.undelivered_events(FETCHED_TYPES):
        with unit_of_work(services.database) as session:
            if store_event(session, event):
                enqueue(session, services.queue, TaskName.PROCESS_STRIPE_EVENT, event.event_id)
                new += 1
    return new


def _put_off(session: Session, event: StripeEvent, error: str) -> InboxState:
    if event.state not in UNFINISHED:
        return event.state  # another worker finished it meanwhile
    event.attempts += 1
    event.error = error[:200]
    if event.attempts >= MAX_ATTEMPTS:
        event.state, event.next_attempt_at = InboxState.DEAD, None
        text = f"{event.type} is given up after {event.attempts} tries: {error}"
        raise_alert(session, AlertKind.DEAD_EVENT, event.id, text)
    else:
        delay = min(FIRST_DELAY * 2 ** (event.attempts - 1), MAX_DELAY)
        event.state, event.next_attempt_at = InboxState.FAILED, now() + delay
    return event.state


def sweep_events(session: Session, queue: TaskQueue) -> int:
    """Send unfinished events again whose time has come; returns how many."""
    due = session.scalars(
        select(StripeEvent)
        .where(
            StripeEvent.state.in_(UNFINISHED),
            or_(StripeEvent.next_attempt_at.is_(None), StripeEvent.next_attempt_at <= now()),
        )
        .order_by(StripeEvent.received_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    for event in due:
        event.next_attempt_at = now() + RESEND_GAP
        enqueue(session, queue, TaskName.PROCESS_STRIPE_EVENT, event.id)
    return len(due)
