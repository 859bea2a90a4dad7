"""Transfers to connected accounts under the rules of separate charges and transfers."""

from __future__ import annotations

import stripe

from local.stripe import balance, behaviour
from local.stripe.account_views import transfers_status
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
        "currency",
        "description",
        "destination",
        "expand",
        "metadata",
        "source_transaction",
        "transfer_group",
    }
)


def create(call: Call) -> Body:
    """`POST /v1/transfers`: money of one charge, or of the available balance, to a seller."""
    params, world = call.params, call.world
    if "amount" not in params:
        raise invalid("Missing required param: amount.", "amount", "parameter_missing")
    if params["amount"] < 1:
        raise invalid(
            "This value must be greater than or equal to 1.", "amount", "parameter_invalid_integer"
        )
    account = world.store.find(params["destination"], "v2.core.account")
    if account is None or account["closed"]:
        raise dangling("destination", params["destination"], "destination")
    charge = _source(world, params)
    if transfers_status(account) != "active":
        raise StripeError(
            "Your destination account needs to have at least one of the following capabilities"
            " enabled: transfers, crypto_transfers, legacy_payments",
            code="insufficient_capabilities_for_transfer",
        )
    transfer = _transfer(world, params, charge)
    world.store.add(transfer)
    world.emit("transfer.created", transfer, origin=call.origin)
    return transfer


def _source(world: World, params: Body) -> Body | None:
    """The charge that pays for the transfer; without one the available balance must suffice."""
    if "source_transaction" not in params:
        available = balance.available(world, None, params["currency"].lower())
        if params["amount"] > available:
            raise StripeError(
                "You have insufficient available funds in your Stripe account. Try adding funds"
                " directly to your available balance by creating Charges using the"
                " 4000000000000077 test card.",
                code="balance_insufficient",
            )
        return None
    charge = world.store.find(params["source_transaction"], "charge")
    if charge is None or world.store.owner(charge["id"]) is not None:
        raise dangling("charge", params["source_transaction"], "source_transaction")
    if charge["status"] != "succeeded":
        raise StripeError(
            "Cannot use a charge that has not succeeded as source_transaction.",
            param="source_transaction",
        )
    if params["currency"].lower() != charge["currency"]:
        raise StripeError(
            f"The currency of source_transaction's balance transaction ({charge['currency']})"
            f" must be the same as the transfer currency ({params['currency']})",
            param="currency",
        )
    sent = _sent_from(world, charge["id"])
    if sent + params["amount"] > charge["amount"]:
        raise StripeError(
            "Transfers using this transaction as a source must not exceed the source amount of"
            f" {dollars(charge['amount'])}. (There are already {dollars(sent)} in transfers"
            " using this source.)",
            param="amount",
        )
    return charge


def _sent_from(world: World, charge_id: str) -> int:
    """What was transferred from a charge; less what came back, unless that is switched off."""
    net = behaviour.of(world)["source_counts"] == "net"
    made = world.store.matching("transfer", "source_transaction", charge_id)
    return sum(t["amount"] - (t["amount_reversed"] if net else 0) for t in made)


def _transfer(world: World, params: Body, charge: Body | None) -> Body:
    transfer_id = f"tr_1{world.ids.token(23)}"
    payment_id = f"py_1{world.ids.token(23)}"
    amount, currency = params["amount"], params["currency"].lower()
    ready = _available_on(world, charge)
    booked = balance.record(
        world, transfer_id, -amount, currency, type_="transfer", available_on=ready
    )
    account = params["destination"]
    received = balance.record(
        world, payment_id, amount, currency, type_="payment", available_on=ready, account=account
    )
    group = params.get("transfer_group") or (charge["transfer_group"] if charge else None)
    if group is None and charge is not None:
        # Stripe makes up a group, so that the charge and its transfers can be found together.
        group = f"group_{charge['payment_intent']}"
        world.store.save(charge | {"transfer_group": group})
    world.store.add(
        _payment(world, payment_id, transfer_id, amount, currency, received["id"]),
        account=account,
    )
    values: Body = {
        "id": transfer_id,
        "amount": amount,
        "amount_reversed": 0,
        "balance_transaction": booked["id"],
        "created": world.now(),
        "currency": currency,
        "description": params.get("description"),
        "destination": account,
        "destination_payment": payment_id,
        "metadata": params.get("metadata", {}),
        "reversals": {
            "object": "list",
            "data": [],
            "has_more": False,
            "url": f"/v1/transfers/{transfer_id}/reversals",
        },
        "source_transaction": charge["id"] if charge else None,
        "source_type": "card",
        "transfer_group": group,
    }
    return shape(stripe.Transfer, values)


def _available_on(world: World, charge: Body | None) -> int:
    """A transfer from a charge becomes available together with it."""
    booked = world.store.find(charge["balance_transaction"]) if charge else None
    return int(booked["available_on"]) if booked else world.now()


def _payment(
    world: World, payment_id: str, transfer_id: str, amount: int, currency: str, booked: str
) -> Body:
    """The seller's side of a transfer: a charge of their own account, called a payment."""
    values: Body = {
        "id": payment_id,
        "amount": amount,
        "amount_captured": amount,
        "amount_refunded": 0,
        "balance_transaction": booked,
        "billing_details": {},
        "captured": True,
        "created": world.now(),
        "currency": currency,
        "fraud_details": {},
        "metadata": {},
        "paid": True,
        "payment_method_details": whole({"type": "stripe_account", "stripe_account": {}}),
        "source_transfer": transfer_id,
        "status": "succeeded",
    }
    return shape(stripe.Charge, values, omit=("refunds", "transfer", "level3"))


def retrieve(call: Call) -> Body:
    """`GET /v1/transfers/:id`."""
    return own(call, "transfer")


def update(call: Call) -> Body:
    """`POST /v1/transfers/:id`: description and metadata."""
    transfer = own(call, "transfer")
    transfer["metadata"] = behaviour.merged(transfer["metadata"], call.params.get("metadata"))
    if "description" in call.params:
        transfer["description"] = call.params["description"]
    call.world.store.save(transfer)
    call.world.emit("transfer.updated", transfer, origin=call.origin)
    return transfer


def list_transfers(call: Call) -> Body:
    """`GET /v1/transfers`, by group or destination."""
    return list_of(call.world, "transfer", call.params, call.path)
