"""Refunds of charges: at once, pending, or failing later, always from the platform's balance."""

from __future__ import annotations

import stripe

from local.stripe import agenda, balance, behaviour, fraud_warnings
from local.stripe.call import Call
from local.stripe.errors import StripeError, dangling, invalid
from local.stripe.listing import list_of, own
from local.stripe.money import dollars
from local.stripe.shapes import shape, whole
from local.stripe.store import Body
from local.stripe.world import World

IMPLEMENTED = frozenset(
    {
        "amount",
        "charge",
        "expand",
        "metadata",
        "payment_intent",
        "reason",
        "refund_application_fee",
        "reverse_transfer",
    }
)

# How long a refund that is not instant stays as it is.
_SETTLED_AFTER = 3 * balance.DAY
FAILURES = (
    "lost_or_stolen_card",
    "expired_or_canceled_card",
    "charge_for_pending_refund_disputed",
    "insufficient_funds",
    "declined",
    "merchant_request",
    "unknown",
)


def create(call: Call) -> Body:
    """`POST /v1/refunds`: all or part of a charge that succeeded."""
    params, world = call.params, call.world
    charge = _charge(call)
    rest = charge["amount_captured"] - charge["amount_refunded"]
    amount = params.get("amount", rest)
    _check(world, params, charge, amount, rest)
    refund = world.store.add(_new(world, params, charge, amount))
    _take_from_charge(world, charge["id"], amount)
    plan = behaviour.of(world)["refund"] or world.store.private(charge["id"]).get("refund")
    if behaviour.of(world)["refund_when_short"] == "pending" and amount > balance.whole_balance(
        world, None, refund["currency"]
    ):
        refund |= {"status": "pending", "pending_reason": "insufficient_funds"}
        agenda.plan(world, balance.DAY, "refund.retry", refund["id"])
    else:
        _book(world, refund)
        if plan == "pending":
            refund |= {"status": "pending", "pending_reason": "processing"}
            agenda.plan(world, _SETTLED_AFTER, "refund.succeed", refund["id"])
        elif plan == "fails":
            agenda.plan(world, _SETTLED_AFTER, "refund.fail", refund["id"], reason="unknown")
    world.store.save(refund)
    world.emit("refund.created", refund, origin=call.origin)
    world.emit("charge.refunded", world.store.find(charge["id"]) or charge, origin=call.origin)
    fraud_warnings.settle(world, charge["id"])
    return refund


def _charge(call: Call) -> Body:
    params, store = call.params, call.world.store
    given = [name for name in ("charge", "payment_intent") if name in params]
    if len(given) != 1:
        raise invalid(
            "One of the following params should be provided for this request:"
            " payment_intent or charge.",
            given[0] if given else None,
            "parameters_exclusive" if given else "parameter_missing",
        )
    kind = given[0]
    found = store.owned(params[kind], kind, call.account)
    if found is None:
        raise dangling(kind, params[kind], kind)
    if kind == "payment_intent":
        latest = found["latest_charge"]
        charge = store.owned(latest, "charge", call.account) if latest else None
        if charge is None:
            raise StripeError(
                f"This PaymentIntent ({found['id']}) does not have a successful charge to refund."
            )
        return charge
    return found


def _check(world: World, params: Body, charge: Body, amount: int, rest: int) -> None:
    name = charge["id"]
    if amount < 1 and "amount" in params:
        raise invalid(
            "This value must be greater than or equal to 1.", "amount", "parameter_invalid_integer"
        )
    for flag, what in (("reverse_transfer", "transfer"), ("refund_application_fee", "fee")):
        if params.get(flag):
            raise StripeError(
                f"Cannot use {flag}: the charge {name} is not associated with a {what}"
                " (separate charges and transfers are reversed one by one).",
                param=flag,
            )
    if charge["status"] != "succeeded":
        raise StripeError(
            f"Charge {name} has not succeeded and cannot be refunded.", code="charge_not_refundable"
        )
    if charge["disputed"] and not _refundable(world, name):
        raise StripeError(
            f"Charge {name} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    if rest == 0:
        raise StripeError(
            f"Charge {name} has already been refunded.", code="charge_already_refunded"
        )
    if amount > rest:
        raise StripeError(
            f"Refund amount ({dollars(amount)}) is greater than unrefunded amount on charge"
            f" ({dollars(rest)})",
            param="amount",
        )


def _refundable(world: World, charge_id: str) -> bool:
    disputes = world.store.matching("dispute", "charge", charge_id, limit=1)
    return all(dispute["is_charge_refundable"] for dispute in disputes)


def _new(world: World, params: Body, charge: Body, amount: int) -> Body:
    card: Body = {"reference_status": "pending", "reference_type": None, "type": "refund"}
    values: Body = {
        "id": f"re_3{world.ids.token(23)}",
        "amount": amount,
        "charge": charge["id"],
        "created": world.now(),
        "currency": charge["currency"],
        "destination_details": whole({"card": card, "type": "card"}),
        "metadata": params.get("metadata", {}),
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": params.get("reason"),
        "status": "succeeded",
    }
    on_request = ("description", "instructions_email", "next_action", "presentment_details")
    return shape(stripe.Refund, values, omit=on_request)


def _book(world: World, refund: Body) -> None:
    booked = balance.record(
        world,
        refund["id"],
        -refund["amount"],
        refund["currency"],
        type_="refund",
        description=f"REFUND FOR CHARGE ({refund['charge']})",
    )
    refund["balance_transaction"] = booked["id"]


def _take_from_charge(world: World, charge_id: str, amount: int) -> None:
    """Add to (or, when a refund failed, take from) what a charge has given back."""
    charge = world.store.find(charge_id, "charge")
    if charge is None:
        raise LookupError(charge_id)
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    world.store.save(charge)


@agenda.job("refund.succeed")
def _succeed_later(world: World, refund_id: str, arguments: Body) -> None:
    succeed(world, refund_id)


@agenda.job("refund.fail")
def _fail_later(world: World, refund_id: str, arguments: Body) -> None:
    fail(world, refund_id, arguments["reason"])


@agenda.job("refund.retry")
def _retry_later(world: World, refund_id: str, arguments: Body) -> None:
    refund = world.store.find(refund_id, "refund")
    if refund is None or refund["pending_reason"] != "insufficient_funds":
        return
    if refund["amount"] > balance.whole_balance(world, None, refund["currency"]):
        agenda.plan(world, balance.DAY, "refund.retry", refund_id)
    else:
        succeed(world, refund_id)


def succeed(world: World, refund_id: str) -> Body:
    """A pending refund reached the buyer. Raises `StripeError` when it is not pending."""
    with world.store.transaction():
        refund = _found(world, refund_id)
        if refund["status"] != "pending":
            raise StripeError(f"This refund is {refund['status']}, not pending.")
        agenda.forget(world, refund_id)
        if refund["balance_transaction"] is None:
            _book(world, refund)
        refund |= {"status": "succeeded", "pending_reason": None}
        _changed(world, refund)
        return refund


def fail(world: World, refund_id: str, reason: str = "unknown") -> Body:
    """The card's bank sent a refund back: its money returns to the platform's balance.

    Raises `StripeError` when it has failed already or was canceled.
    """
    with world.store.transaction():
        refund = _found(world, refund_id)
        if refund["status"] not in ("succeeded", "pending"):
            raise StripeError(f"This refund is {refund['status']} already.")
        agenda.forget(world, refund_id)
        if refund["balance_transaction"] is not None:
            returned = balance.record(
                world,
                refund_id,
                refund["amount"],
                refund["currency"],
                type_="refund_failure",
                description=f"REFUND FAILURE FOR CHARGE ({refund['charge']})",
            )
            refund["failure_balance_transaction"] = returned["id"]
        refund |= {"status": "failed", "failure_reason": reason, "pending_reason": None}
        _take_from_charge(world, refund["charge"], -refund["amount"])
        _changed(world, refund)
        world.emit("refund.failed", refund)
        return refund


def _changed(world: World, refund: Body) -> None:
    world.store.save(refund)
    world.emit("refund.updated", refund)
    world.emit("charge.refund.updated", refund)


def _found(world: World, refund_id: str) -> Body:
    refund = world.store.owned(refund_id, "refund", None)
    if refund is None:
        raise dangling("refund", refund_id, "id")
    return refund


def retrieve(call: Call) -> Body:
    """`GET /v1/refunds/:id`, of the platform or of a connected account."""
    return own(call, "refund")


def list_refunds(call: Call) -> Body:
    """`GET /v1/refunds`, by charge or payment intent."""
    return list_of(call.world, "refund", call.params, call.path, account=call.account)


def update(call: Call) -> Body:
    """`POST /v1/refunds/:id`: metadata only, as Stripe has it."""
    refund = own(call, "refund")
    refund["metadata"] = behaviour.merged(refund["metadata"], call.params.get("metadata"))
    call.world.store.save(refund)
    call.world.emit("refund.updated", refund, origin=call.origin)
    return refund


def cancel(call: Call) -> Body:
    """`POST /v1/refunds/:id/cancel`: only refunds that wait for the buyer, never cards."""
    refund = own(call, "refund")
    raise StripeError(
        "You can only cancel refunds with a status of `requires_action`."
        f" This refund has a status of `{refund['status']}`."
    )
