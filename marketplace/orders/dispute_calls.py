"""Answering a dispute at the provider: evidence sent once and for all, or the dispute accepted."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping

from marketplace.core.clock import now
from marketplace.core.container import Services
from marketplace.core.errors import ConflictError, UnavailableError
from marketplace.core.unit_of_work import unit_of_work
from marketplace.gateways.payments import DisputeFacts, PaymentError, PaymentUnavailableError
from marketplace.orders.dispute_models import Dispute
from marketplace.orders.disputes import (
    gather_evidence,
    locked_dispute,
    note,
    record_dispute,
    save_evidence,
)
from marketplace.orders.states import DISPUTE_ANSWERABLE

log = logging.getLogger(__name__)

NOT_NOW = "Stripe does not answer just now. Nothing is lost; please try again in a moment."


def submit_dispute_evidence(
    services: Services,
    dispute_id: str,
    evidence: Mapping[str, str] | None,
    actor_id: str | None,
) -> Dispute:
    """Send evidence to the bank; it cannot be changed afterwards.

    Args:
        dispute_id: our row's.
        evidence: by Stripe's field names; None for what was saved, or gathered now.
        actor_id: the person; None where the deadline came near and nobody had answered.

    Raises:
        NotFoundError: no such dispute.
        ConflictError: it cannot be answered any more, or Stripe refuses.
        InvalidError: an unknown field, or too much text.
        UnavailableError: Stripe does not answer; what was written is kept.
    """
    with unit_of_work(services.database) as session:
        dispute = locked_dispute(session, dispute_id)
        if evidence is None:
            evidence = dict(dispute.evidence) or gather_evidence(session, dispute_id)
        save_evidence(session, dispute_id, evidence, actor_id)
        sent, stripe_id = dict(dispute.evidence), dispute.dispute_id
    # The same words under the same key: a repeated call sends nothing twice.
    digest = hashlib.sha256(json.dumps(sent, sort_keys=True).encode()).hexdigest()[:16]
    key = f"dispute-{stripe_id}-submit-{digest}"
    facts = _asked(lambda: services.payments.submit_evidence(stripe_id, sent, key))
    with unit_of_work(services.database) as session:
        dispute = locked_dispute(session, dispute_id)
        if dispute.submitted_at is None:
            dispute.submitted_at, dispute.submitted_by = now(), actor_id
            note(session, dispute, "evidence_submitted", actor_id=actor_id)
    return _recorded(services, dispute_id, facts)


def accept_dispute(services: Services, dispute_id: str, actor_id: str) -> Dispute:
    """Give up: the dispute is lost, and its lines bear it.

    Raises:
        NotFoundError: no such dispute.
        ConflictError: it is decided already, or Stripe refuses.
        UnavailableError: Stripe does not answer.
    """
    with unit_of_work(services.database) as session:
        dispute = locked_dispute(session, dispute_id)
        if dispute.status not in DISPUTE_ANSWERABLE:
            raise ConflictError("This dispute is decided already.", "not_answerable")
        stripe_id = dispute.dispute_id
        if dispute.accepted_at is None:
            dispute.accepted_at, dispute.accepted_by = now(), actor_id
            note(session, dispute, "accepted", actor_id=actor_id)
    facts = _asked(lambda: services.payments.close_dispute(stripe_id))
    return _recorded(services, dispute_id, facts)


def _recorded(services: Services, dispute_id: str, facts: DisputeFacts) -> Dispute:
    """What Stripe answered; where that must wait for a refund, a webhook or a sweep brings it."""
    try:
        with unit_of_work(services.database) as session:
            record_dispute(session, services.queue, facts)
    except PaymentUnavailableError:
        log.info("a dispute's news waits for a refund")
    with unit_of_work(services.database) as session:
        return locked_dispute(session, dispute_id)


def _asked(call: Callable[[], DisputeFacts]) -> DisputeFacts:
    try:
        return call()
    except PaymentUnavailableError:
        raise UnavailableError(NOT_NOW) from None
    except PaymentError as error:
        raise ConflictError(
            f"Stripe refuses this ({error.code}). Open the dispute again to see how it stands.",
            "refused",
        ) from None
