"""Stripe's answers in the gateway's words. Statuses are open sets: unknown means the safe one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from marketplace.core.money import Money
from marketplace.gateways.payment_facts import (
    BalanceLine,
    CardFacts,
    ChargeFacts,
    CheckoutSession,
    DisputeFacts,
    FailedPayment,
    RefundFacts,
    Reversal,
    Transfer,
    WarningFacts,
    WebhookEvent,
)

# With one payment for the whole sum, "no_payment_required" never applies to us.
PAID = "paid"
CHECKOUT_STATUSES = frozenset({"open", "complete", "expired"})


def part(thing: Any, *names: str) -> Any:
    """A nested field, or None where Stripe left it out, null or unexpanded."""
    for name in names:
        if thing is None or isinstance(thing, str):
            return None
        thing = getattr(thing, name, None)
    return thing


def identifier(thing: Any) -> str | None:
    """The id of something that may have been expanded or not."""
    return thing if thing is None or isinstance(thing, str) else str(thing.id)


def metadata(thing: Any) -> dict[str, str]:
    """An object's metadata as a plain dictionary."""
    values = part(thing, "metadata")
    return dict(values.to_dict()) if values is not None else {}


def moment(seconds: Any) -> datetime | None:
    """A time that Stripe counts in seconds."""
    return None if seconds is None else datetime.fromtimestamp(int(seconds), UTC)


def checkout_session(session: Any) -> CheckoutSession:
    """A Checkout Session; the charge and the fee only where they were expanded and exist."""
    intent = part(session, "payment_intent")
    charge_ = part(intent, "latest_charge")
    paid_charge = charge_ if part(charge_, "paid") else None
    booking = part(charge_, "balance_transaction")
    fee = part(booking, "fee")
    status = part(session, "status")
    currency = part(session, "currency") or ""
    tax = part(session, "total_details", "amount_tax")
    subtotal = part(session, "amount_subtotal")
    return CheckoutSession(
        session_id=session.id,
        url=part(session, "url"),
        # "open" changes nothing on our side: it is asked again later.
        status=status if status in CHECKOUT_STATUSES else "open",
        paid=part(session, "payment_status") == PAID,
        amount=Money(part(session, "amount_total") or 0, currency),
        order_id=metadata(session).get("order_id"),
        livemode=bool(part(session, "livemode")),
        payment_intent_id=identifier(intent),
        # A declined attempt leaves a failed charge as the latest one: not the money's.
        charge_id=identifier(paid_charge) if paid_charge else None,
        balance_transaction_id=identifier(booking),
        fee=None if fee is None else Money(fee, part(booking, "currency")),
        subtotal=None if subtotal is None else Money(subtotal, currency),
        tax=Money(tax or 0, currency),
        card=card(paid_charge) if paid_charge else None,
        billing_name=part(paid_charge, "billing_details", "name"),
        billing_country=part(paid_charge, "billing_details", "address", "country"),
    )


def card(thing: Any) -> CardFacts:
    """What may be kept of the card behind a charge, or of a payment method."""
    details = part(thing, "payment_method_details", "card") or part(thing, "card")
    return CardFacts(
        fingerprint=part(details, "fingerprint"),
        brand=part(details, "brand"),
        last4=part(details, "last4"),
        country=part(details, "country"),
    )


def failed_payment(intent: Any) -> FailedPayment | None:
    """The last refusal that a payment intent remembers; None where there is none."""
    error = part(intent, "last_payment_error")
    if error is None:
        return None
    latest = part(intent, "latest_charge")
    # After a try that never reached the bank, the latest charge is an older try's.
    failed = latest if identifier(latest) == identifier(part(error, "charge")) else None
    code = part(error, "decline_code") or part(error, "code")
    method = part(error, "payment_method")
    # Where the bank was never asked there is no charge: the payment method stands for the try.
    attempt = identifier(failed) or identifier(method) or "0"
    return FailedPayment(
        attempt_id=f"{intent.id}:{attempt}"[:80],
        order_id=metadata(intent).get("order_id"),
        code=code,
        card=card(failed) if part(failed, "payment_method_details") else card(method),
    )


def charge(thing: Any, refund_ids: Sequence[str]) -> ChargeFacts:
    """A charge."""
    return ChargeFacts(
        charge_id=thing.id,
        amount=Money(thing.amount, thing.currency),
        refunded=Money(part(thing, "amount_refunded") or 0, thing.currency),
        order_id=metadata(thing).get("order_id"),
        payment_intent_id=identifier(part(thing, "payment_intent")),
        disputed=bool(part(thing, "disputed")),
        refund_ids=tuple(refund_ids),
    )


def transfer(made: Any) -> Transfer:
    """A transfer to a connected account."""
    return Transfer(
        transfer_id=made.id,
        amount=Money(made.amount, made.currency),
        destination=identifier(made.destination) or "",
        reversed_cents=part(made, "amount_reversed") or 0,
    )


def reversal(made: Any) -> Reversal:
    """Money called back from a transfer."""
    return Reversal(reversal_id=made.id, amount=Money(made.amount, made.currency))


def refund(made: Any) -> RefundFacts:
    """A refund."""
    return RefundFacts(
        refund_id=made.id,
        amount=Money(made.amount, made.currency),
        status=part(made, "status") or "pending",
        charge_id=identifier(part(made, "charge")),
        row_id=metadata(made).get("refund_row"),
        taken=part(made, "balance_transaction") is not None,
        returned=part(made, "failure_balance_transaction") is not None,
        failure_code=part(made, "failure_reason"),
        reason=part(made, "reason"),
        short=part(made, "pending_reason") == "insufficient_funds",
    )


def balance_line(transaction: Any) -> BalanceLine:
    """A balance transaction."""
    currency = transaction.currency
    return BalanceLine(
        transaction_id=transaction.id,
        type=transaction.type,
        reporting_category=part(transaction, "reporting_category") or "",
        amount=Money(transaction.amount, currency),
        fee=Money(transaction.fee, currency),
        net=Money(transaction.net, currency),
        source_id=identifier(part(transaction, "source")),
        created=datetime.fromtimestamp(transaction.created, UTC),
    )


def dispute(made: Any) -> DisputeFacts:
    """A dispute. What moved the money is in its balance transactions."""
    details = part(made, "evidence_details")
    return DisputeFacts(
        dispute_id=made.id,
        charge_id=identifier(made.charge) or "",
        payment_intent_id=identifier(part(made, "payment_intent")),
        amount=Money(made.amount, made.currency),
        reason=part(made, "reason") or "general",
        status=part(made, "status") or "",
        created=datetime.fromtimestamp(made.created, UTC),
        due_by=moment(part(details, "due_by")),
        evidence_sent=bool(part(details, "submission_count")),
        past_due=bool(part(details, "past_due")),
        lines=tuple(balance_line(one) for one in part(made, "balance_transactions") or []),
    )


def warning(made: Any) -> WarningFacts:
    """An early fraud warning."""
    return WarningFacts(
        warning_id=made.id,
        charge_id=identifier(made.charge) or "",
        fraud_type=part(made, "fraud_type") or "",
        actionable=bool(part(made, "actionable")),
    )


def event(payload: dict[str, Any], livemode: bool, skew_seconds: int = 0) -> WebhookEvent:
    """An event with its object, from a webhook or from the list of events."""
    subject = payload.get("data", {}).get("object", {})
    return WebhookEvent(
        event_id=payload["id"],
        type=payload["type"],
        account=payload.get("account"),
        livemode=livemode,
        api_version=payload.get("api_version"),
        created=datetime.fromtimestamp(payload.get("created", 0), UTC),
        object_id=subject.get("id"),
        payload=payload,
        skew_seconds=skew_seconds,
    )


def thin_event(payload: dict[str, Any], livemode: bool, skew_seconds: int) -> WebhookEvent:
    """A notification of the second API: it names its object and says nothing about it."""
    related = payload.get("related_object") or {}
    return WebhookEvent(
        event_id=payload["id"],
        type=payload["type"],
        account=None,
        livemode=livemode,
        api_version=None,
        created=datetime.fromisoformat(payload["created"]),
        object_id=related.get("id"),
        payload=payload,
        skew_seconds=skew_seconds,
    )
