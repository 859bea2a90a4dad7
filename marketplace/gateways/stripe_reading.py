"""Stripe's answers in the gateway's words. Statuses are open sets: unknown means the safe one."""

from __future__ import annotations

from typing import Any

from marketplace.core.money import Money
from marketplace.gateways.payments import CheckoutSession, Transfer, TransfersStatus

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


def checkout_session(session: Any) -> CheckoutSession:
    """A Checkout Session; the charge and the fee only where they were expanded and exist."""
    intent = part(session, "payment_intent")
    charge = part(intent, "latest_charge")
    booking = part(charge, "balance_transaction")
    fee = part(booking, "fee")
    status = part(session, "status")
    return CheckoutSession(
        session_id=session.id,
        url=part(session, "url"),
        # "open" changes nothing on our side: it is asked again later.
        status=status if status in CHECKOUT_STATUSES else "open",
        paid=part(session, "payment_status") == PAID,
        amount=Money(part(session, "amount_total") or 0, part(session, "currency") or ""),
        order_id=metadata(session).get("order_id"),
        livemode=bool(part(session, "livemode")),
        payment_intent_id=identifier(intent),
        # A declined attempt leaves a failed charge as the latest one: not the money's.
        charge_id=identifier(charge) if part(charge, "paid") else None,
        balance_transaction_id=identifier(booking),
        fee=None if fee is None else Money(fee, part(booking, "currency")),
    )


def transfer(made: Any) -> Transfer:
    """A transfer to a connected account."""
    return Transfer(
        transfer_id=made.id,
        amount=Money(made.amount, made.currency),
        destination=identifier(made.destination) or "",
    )


def transfers_status(account: Any) -> TransfersStatus:
    """Readiness of an account, from its capability to hold transferred money."""
    if part(account, "closed"):
        return TransfersStatus.REJECTED
    capability = part(
        account,
        "configuration",
        "recipient",
        "capabilities",
        "stripe_balance",
        "stripe_transfers",
    )
    status = part(capability, "status")
    if status == "restricted":
        details = part(capability, "status_details") or []
        waits_for_seller = any(part(one, "resolution") == "provide_info" for one in details)
        return TransfersStatus.ONBOARDING if waits_for_seller else TransfersStatus.RESTRICTED
    known = {
        None: TransfersStatus.NONE,
        "active": TransfersStatus.ACTIVE,
        "pending": TransfersStatus.PENDING,
        "rejected": TransfersStatus.REJECTED,
        "unsupported": TransfersStatus.REJECTED,
    }
    return known.get(status, TransfersStatus.RESTRICTED)
