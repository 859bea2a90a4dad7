"""The disputes desk: what is due, the evidence, and sending it or giving up."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_security import current_user
from sqlalchemy import select

from marketplace.accounts.models import User
from marketplace.core.errors import ConflictError, NotFoundError, UnavailableError
from marketplace.core.permissions import Permission
from marketplace.core.web.guards import requires
from marketplace.core.web.pagination import page_number
from marketplace.core.web.request_scope import db, save, services
from marketplace.orders.desk import acts, overview
from marketplace.orders.desk.blueprint import blueprint, known_id
from marketplace.orders.desk.forms import AcceptForm
from marketplace.orders.desk.models import Act
from marketplace.orders.desk.refund_routes import seller_names
from marketplace.orders.desk.rights import is_own, must_not_be_own, parties
from marketplace.orders.dispute_calls import accept_dispute, submit_dispute_evidence
from marketplace.orders.dispute_models import Dispute, DisputeEvent
from marketplace.orders.disputes import gather_evidence, save_evidence
from marketplace.orders.evidence import FIELD_LIMIT, FIELDS, LIMIT

LABELS = {
    "product_description": "What was sold",
    "customer_name": "Buyer's name",
    "customer_email_address": "Buyer's e-mail",
    "billing_address": "Billing address",
    "service_date": "Day of delivery",
    "access_activity_log": "When the buyer opened it",
    "refund_policy_disclosure": "How the buyer was told of the terms",
    "refund_refusal_explanation": "Why no refund is due",
    "cancellation_policy_disclosure": "How the buyer was told about cancelling",
    "cancellation_rebuttal": "Why it was not cancelled",
    "duplicate_charge_explanation": "How it differs from another payment",
    "duplicate_charge_id": "The other payment (ch_…)",
    "customer_purchase_ip": "Network address of the purchase",
    "uncategorized_text": "Anything else",
}
SHORT = frozenset(
    {
        "customer_name",
        "customer_email_address",
        "service_date",
        "duplicate_charge_id",
        "customer_purchase_ip",
    }
)
"""Fields of one line."""


@blueprint.get("/disputes")
@requires(Permission.DESK_ORDERS_READ)
def disputes() -> str:
    """All disputes, those to be answered first, by their due date."""
    page = overview.disputes_page(db(), page_number())
    emails = overview.emails(db(), [one.order for one in page.items])
    return render_template("desk/disputes.html", page=page, emails=emails)


@blueprint.get("/disputes/<dispute_id>")
@requires(Permission.DESK_ORDERS_READ)
def dispute(dispute_id: str) -> str:
    """One dispute with its evidence: what was saved, or what the rows say now."""
    found = _dispute(dispute_id)
    return _page(found, _evidence(found))


@blueprint.post("/disputes/<dispute_id>/evidence")
@requires(Permission.DESK_DISPUTES_WRITE)
def change_evidence(dispute_id: str) -> Any:
    """Keep what was written, or gather it anew; sending has a page of its own."""
    found = _dispute(dispute_id)
    must_not_be_own(*parties(found.order))
    _must_be_answerable(found)
    if "gather" in request.form:
        typed = gather_evidence(db(), found.id)
    else:
        typed = {name: _typed(name) for name in FIELDS}
        errors = _too_long(typed)
        if errors:
            return _page(found, typed, errors=errors), 422
    save_evidence(db(), found.id, {k: v for k, v in typed.items() if v}, current_user.id)
    acts.record(
        db(),
        Act.SAVE_EVIDENCE,
        current_user.id,
        "gathered anew" if "gather" in request.form else None,
        subject=found.dispute_id,
        order_id=found.order_id,
    )
    if "send" in request.form:
        return redirect(url_for("desk.send_evidence", dispute_id=found.id), 303)
    flash("The evidence is saved; nothing was sent yet.", "success")
    return redirect(url_for("desk.dispute", dispute_id=found.id), 303)


@blueprint.get("/disputes/<dispute_id>/send")
@requires(Permission.DESK_DISPUTES_WRITE)
def send_evidence(dispute_id: str) -> str:
    """Exactly what would be sent, to be confirmed."""
    return _send_page(_dispute(dispute_id))


@blueprint.post("/disputes/<dispute_id>/send")
@requires(Permission.DESK_DISPUTES_WRITE)
def sent_evidence(dispute_id: str) -> Any:
    """Send what was shown to the bank, once and for all."""
    found = _dispute(dispute_id)
    must_not_be_own(*parties(found.order))
    _must_be_answerable(found)
    evidence = _evidence(found)
    if request.form.get("seen") != _digest(evidence):
        flash("Somebody has changed the evidence meanwhile. Please read it again.", "warning")
        return _send_page(found), 409
    save()  # no lock of ours may wait for the call's own transactions
    try:
        submit_dispute_evidence(services(), found.id, evidence, current_user.id)
    except (ConflictError, UnavailableError) as error:
        flash(error.message, "error")
        return redirect(url_for("desk.dispute", dispute_id=found.id), 303)
    _record(found, Act.SUBMIT_EVIDENCE, None)
    flash("The bank has our evidence. Its decision comes by itself, in weeks.", "success")
    return redirect(url_for("desk.dispute", dispute_id=found.id), 303)


@blueprint.post("/disputes/<dispute_id>/accept")
@requires(Permission.DESK_DISPUTES_WRITE)
def accept(dispute_id: str) -> Any:
    """Give the dispute up: the buyer keeps the money."""
    found, form = _dispute(dispute_id), AcceptForm()
    must_not_be_own(*parties(found.order))
    if not form.validate_on_submit():
        return _page(found, _evidence(found), accept_form=form), 422
    save()
    try:
        accept_dispute(services(), found.id, current_user.id)
    except (ConflictError, UnavailableError) as error:
        flash(error.message, "error")
        return redirect(url_for("desk.dispute", dispute_id=found.id), 303)
    _record(found, Act.ACCEPT_DISPUTE, (form.reason.data or "").strip())
    flash("The dispute is given up.", "success")
    return redirect(url_for("desk.dispute", dispute_id=found.id), 303)


def _dispute(dispute_id: str) -> Dispute:
    found = db().get(Dispute, known_id(dispute_id))
    if found is None:
        raise NotFoundError
    return found


def _must_be_answerable(found: Dispute) -> None:
    if not found.can_be_answered:
        raise ConflictError("This dispute cannot be answered any more.", "not_answerable")


def _record(found: Dispute, act: Act, reason: str | None) -> None:
    subject, order_id = found.dispute_id, found.order_id
    acts.record(db(), act, current_user.id, reason, subject=subject, order_id=order_id)


def _evidence(found: Dispute) -> dict[str, str]:
    """What was saved or sent; what the rows say where nothing was."""
    if found.evidence or not found.can_be_answered:
        return {name: str(text) for name, text in found.evidence.items()}
    return gather_evidence(db(), found.id)


def _typed(name: str) -> str:
    """What was typed into a field, with the line ends of text files."""
    return request.form.get(name, "").replace("\r\n", "\n").replace("\x00", "").strip()


def _too_long(typed: dict[str, str]) -> dict[str, str]:
    errors = {
        name: f"At most {FIELD_LIMIT:,} characters; this has {len(text):,}."
        for name, text in typed.items()
        if len(text) > FIELD_LIMIT
    }
    total = sum(len(text) for text in typed.values())
    if total > LIMIT and not errors:
        errors[FIELDS[0]] = f"Stripe takes {LIMIT:,} characters in all; these are {total:,}."
    return errors


def _digest(evidence: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(evidence, sort_keys=True).encode()).hexdigest()


def _send_page(found: Dispute) -> str:
    evidence = _evidence(found)
    return render_template(
        "desk/evidence.html",
        dispute=found,
        evidence=[(LABELS.get(name, name), evidence[name]) for name in FIELDS if name in evidence],
        digest=_digest(evidence),
        own=is_own(*parties(found.order)),
    )


def _page(
    found: Dispute,
    evidence: dict[str, str],
    errors: dict[str, str] | None = None,
    accept_form: AcceptForm | None = None,
) -> str:
    events = db().scalars(
        select(DisputeEvent)
        .where(DisputeEvent.dispute_id == found.id)
        .order_by(DisputeEvent.at, DisputeEvent.id)
    )
    history = list(events)
    return render_template(
        "desk/dispute.html",
        dispute=found,
        order=found.order,
        buyer=db().get(User, found.order.buyer_id),
        sellers=seller_names(db(), found.order),
        fields=FIELDS,
        labels=LABELS,
        short=SHORT,
        evidence=evidence,
        errors=errors or {},
        accept_form=accept_form or AcceptForm(formdata=None),
        history=history,
        names=acts.people(db(), [event.actor_id for event in history]),
        own=is_own(*parties(found.order)),
    )
