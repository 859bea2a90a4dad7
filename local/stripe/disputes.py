"""Disputes: opened by the buyer's bank, answered through the API, decided on the control page.

Inquiries move no money; a dispute takes the amount and a fee at once and may give the amount back.
"""

from __future__ import annotations

from typing import Any

import stripe

from local.stripe import agenda, balance, fraud_warnings
from local.stripe.errors import StripeError, dangling
from local.stripe.listing import own as own
from local.stripe.shapes import shape, whole
from local.stripe.store import Body
from local.stripe.world import Origin, World

ANSWER_WITHIN = 7 * balance.DAY
INQUIRY_OPEN_FOR = 120 * balance.DAY
REASONS = (
    "fraudulent",
    "product_not_received",
    "product_unacceptable",
    "duplicate",
    "credit_not_processed",
    "subscription_canceled",
    "unrecognized",
    "general",
)
CLOSED = ("won", "lost", "warning_closed", "prevented")
_NETWORK_CODES = {"fraudulent": "10.4", "product_not_received": "13.1", "duplicate": "12.6.1"}


def open_dispute(
    world: World,
    charge_id: str,
    *,
    amount: int | None = None,
    reason: str = "fraudulent",
    inquiry: bool = False,
) -> Body:
    """A buyer's bank asks for a charge's money back, by default for all that is left of it.

    Raises `StripeError` when there is no such charge, or nothing left to dispute.
    """
    with world.store.transaction():
        charge = world.store.owned(charge_id, "charge", None)
        if charge is None or charge["status"] != "succeeded":
            raise StripeError(f"No charge that succeeded: '{charge_id}'", status=404)
        rest = charge["amount"] - charge["amount_refunded"]
        amount = rest if amount is None else amount
        if charge["disputed"]:
            raise StripeError("This charge is disputed already.")
        if not 1 <= amount <= rest:
            raise StripeError(f"The amount must be from 1 to {rest} cents.", param="amount")
        if reason not in REASONS:
            raise StripeError(f"The reason must be one of {', '.join(REASONS)}.", param="reason")
        dispute = world.store.add(_new(world, charge, amount, reason, inquiry=inquiry))
        charge["disputed"] = True
        world.store.save(charge)
        world.emit("charge.dispute.created", dispute)
        if not inquiry:
            _withdraw(world, dispute)
        wait = INQUIRY_OPEN_FOR if inquiry else ANSWER_WITHIN
        agenda.plan(world, wait, "dispute.timeout", dispute["id"])
        fraud_warnings.settle(world, charge_id)
        return dispute


def _new(world: World, charge: Body, amount: int, reason: str, *, inquiry: bool) -> Body:
    now = world.now()
    card = charge["payment_method_details"]["card"]
    details: Body = {
        "brand": card["brand"],
        "case_type": "inquiry" if inquiry else "chargeback",
        "network": card["network"],
        "network_reason_code": _NETWORK_CODES.get(reason, "13.3"),
    }
    values: dict[str, Any] = {
        "id": f"du_1{world.ids.token(23)}",
        "amount": amount,
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "evidence": {"enhanced_evidence": whole({})},
        "evidence_details": {
            "due_by": now + ANSWER_WITHIN,
            "enhanced_eligibility": whole({}),
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "intended_submission_method": "manual",
        "is_charge_refundable": inquiry,
        "metadata": {},
        "network_reason_code": details["network_reason_code"],
        "payment_intent": charge["payment_intent"],
        "payment_method_details": whole({"card": details, "type": "card"}),
        "reason": reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
    }
    return shape(stripe.Dispute, values)


def _withdraw(world: World, dispute: Body) -> None:
    booked = balance.record(
        world,
        dispute["id"],
        -dispute["amount"],
        dispute["currency"],
        type_="adjustment",
        category="dispute",
        fee=balance.DISPUTE_FEE,
        fee_for="Dispute fee",
        description=f"Chargeback withdrawal for {dispute['charge']}",
    )
    dispute["balance_transactions"].append(booked)
    world.store.save(dispute)
    world.emit("charge.dispute.funds_withdrawn", dispute)


def _reinstate(world: World, dispute: Body) -> None:
    booked = balance.record(
        world,
        dispute["id"],
        dispute["amount"],
        dispute["currency"],
        type_="adjustment",
        category="dispute_reversal",
        description=f"Chargeback reversal for {dispute['charge']}",
    )
    dispute["balance_transactions"].append(booked)
    world.store.save(dispute)
    world.emit("charge.dispute.funds_reinstated", dispute)


def escalate(world: World, dispute_id: str) -> Body:
    """An inquiry becomes a dispute: now the money goes. Raises `StripeError` for others."""
    with world.store.transaction():
        dispute = found(world, dispute_id)
        if dispute["status"] not in ("warning_needs_response", "warning_under_review"):
            raise StripeError(f"Only an open inquiry can escalate; this is {dispute['status']}.")
        agenda.forget(world, dispute_id)
        dispute |= {"status": "needs_response", "is_charge_refundable": False}
        dispute["payment_method_details"]["card"]["case_type"] = "chargeback"
        dispute["evidence_details"]["due_by"] = world.now() + ANSWER_WITHIN
        agenda.plan(world, ANSWER_WITHIN, "dispute.timeout", dispute_id)
        world.store.save(dispute)
        world.emit("charge.dispute.updated", dispute)
        _withdraw(world, dispute)
        return dispute


def decide(world: World, dispute_id: str, outcome: str, origin: Origin | None = None) -> Body:
    """The bank decides: `won`, `lost`, or `warning_closed` for an inquiry.

    Raises `StripeError` when the dispute is closed already, or cannot end that way.
    """
    with world.store.transaction():
        dispute = found(world, dispute_id)
        inquiry = dispute["status"].startswith("warning_")
        allowed = ("warning_closed",) if inquiry else ("won", "lost")
        if dispute["status"] in CLOSED or outcome not in allowed:
            raise StripeError(f"A dispute that is {dispute['status']} cannot become {outcome}.")
        agenda.forget(world, dispute_id)
        dispute |= {"status": outcome, "is_charge_refundable": outcome != "lost"}
        world.store.save(dispute)
        if outcome == "won":
            _reinstate(world, dispute)
        world.emit("charge.dispute.closed", dispute, origin=origin)
        return dispute


def appeal(world: World, dispute_id: str) -> Body:
    """A lost dispute may be appealed once: it waits for an answer again.

    Raises `StripeError` when it was not lost, or was appealed before.
    """
    with world.store.transaction():
        dispute = found(world, dispute_id)
        if dispute["status"] != "lost" or world.store.private(dispute_id).get("appealed"):
            raise StripeError("Only a lost dispute can be appealed, and only once.")
        world.store.remember(dispute_id, appealed=True)
        dispute["status"] = "appeal_needs_response"
        dispute["evidence_details"]["due_by"] = world.now() + ANSWER_WITHIN
        agenda.plan(world, ANSWER_WITHIN, "dispute.timeout", dispute_id)
        world.store.save(dispute)
        world.emit("charge.dispute.updated", dispute)
        return dispute


@agenda.job("dispute.timeout")
def _time_out(world: World, dispute_id: str, arguments: Body) -> None:
    """Nobody answered in time: inquiries are closed, disputes are lost."""
    dispute = found(world, dispute_id)
    if dispute["status"] in CLOSED:
        return
    if not dispute["evidence_details"]["submission_count"]:
        dispute["evidence_details"]["past_due"] = True
        world.store.save(dispute)
    inquiry = dispute["status"].startswith("warning_")
    decide(world, dispute_id, "warning_closed" if inquiry else "lost")


@agenda.job("dispute.decide")
def _decide_later(world: World, dispute_id: str, arguments: Body) -> None:
    if found(world, dispute_id)["status"] not in CLOSED:
        decide(world, dispute_id, arguments["outcome"])


def found(world: World, dispute_id: str) -> Body:
    """The dispute with this id. Raises `StripeError` when there is none."""
    dispute = world.store.owned(dispute_id, "dispute", None)
    if dispute is None:
        raise dangling("dispute", dispute_id, "id")
    return dispute
