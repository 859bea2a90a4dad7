"""Transfer reversals: money comes back from a connected account to the platform."""

from __future__ import annotations

import stripe

from local.stripe import balance, behaviour
from local.stripe.call import Call
from local.stripe.errors import StripeError, invalid, missing
from local.stripe.listing import list_of
from local.stripe.money import dollars
from local.stripe.shapes import shape, whole
from local.stripe.store import Body
from local.stripe.world import World

IMPLEMENTED = frozenset({"amount", "description", "expand", "metadata", "refund_application_fee"})


def create(call: Call) -> Body:
    """`POST /v1/transfers/:id/reversals`: all or part of what is left of a transfer."""
    params, world = call.params, call.world
    transfer = _transfer(call)
    rest = transfer["amount"] - transfer["amount_reversed"]
    amount = params.get("amount", rest)
    if "amount" in params and amount < 1:
        raise invalid(
            "This value must be greater than or equal to 1.", "amount", "parameter_invalid_integer"
        )
    if params.get("refund_application_fee"):
        raise StripeError(
            "Cannot refund the application fee: the transfer has none.",
            param="refund_application_fee",
        )
    if rest == 0:
        raise StripeError(f"Transfer {transfer['id']} is already fully reversed.")
    if amount > rest:
        raise StripeError(
            f"Reversal amount ({dollars(amount)}) is greater than unreversed amount on transfer"
            f" ({dollars(rest)})",
            param="amount",
        )
    _check_cover(world, transfer, amount)
    reversal = _book(world, params, transfer, amount)
    world.store.add(reversal)
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    transfer["reversals"] = listed(world, transfer["id"])
    world.store.save(transfer)
    world.emit("transfer.reversed", transfer, origin=call.origin)
    return reversal


def _check_cover(world: World, transfer: Body, amount: int) -> None:
    """Refuse what the account's balance does not cover, where the switches say so."""
    account = transfer["destination"]
    policy = world.store.private(account).get("reversals", "default")
    if policy == "default":
        policy = behaviour.of(world)["reversal_when_short"]
    if policy == "negative":
        return
    if policy == "refuse_all" or amount > balance.whole_balance(
        world, account, transfer["currency"]
    ):
        raise StripeError(
            "The destination account does not have enough available balance to reverse this"
            " transfer.",
            code="balance_insufficient",
        )


def _book(world: World, params: Body, transfer: Body, amount: int) -> Body:
    """Move the money on both sides, available when the transfer's own money is."""
    reversal_id = f"trr_1{world.ids.token(23)}"
    refund_id = f"pyr_1{world.ids.token(23)}"
    account, currency = transfer["destination"], transfer["currency"]
    sent = world.store.find(transfer["balance_transaction"])
    ready = sent["available_on"] if sent else world.now()
    back = balance.record(
        world, reversal_id, amount, currency, type_="transfer_refund", available_on=ready
    )
    gone = balance.record(
        world,
        refund_id,
        -amount,
        currency,
        type_="payment_refund",
        available_on=ready,
        account=account,
    )
    _refund_payment(world, transfer, refund_id, reversal_id, amount, gone["id"])
    return shape(
        stripe.TransferReversal,
        {
            "id": reversal_id,
            "amount": amount,
            "balance_transaction": back["id"],
            "created": world.now(),
            "currency": currency,
            "destination_payment_refund": refund_id,
            "metadata": params.get("metadata", {}),
            "transfer": transfer["id"],
        },
    )


def _refund_payment(
    world: World, transfer: Body, refund_id: str, reversal_id: str, amount: int, booked: str
) -> None:
    """The seller's side: a refund of the payment that the transfer made there."""
    payment = world.store.find(transfer["destination_payment"], "charge")
    if payment is None:
        raise LookupError(transfer["destination_payment"])
    payment["amount_refunded"] += amount
    payment["refunded"] = payment["amount_refunded"] == payment["amount"]
    world.store.save(payment)
    values: Body = {
        "id": refund_id,
        "amount": amount,
        "balance_transaction": booked,
        "charge": payment["id"],
        "created": world.now(),
        "currency": transfer["currency"],
        "destination_details": whole({"type": "stripe_account"}),
        "metadata": {},
        "source_transfer_reversal": reversal_id,
        "status": "succeeded",
    }
    on_request = ("description", "instructions_email", "next_action", "presentment_details")
    world.store.add(shape(stripe.Refund, values, omit=on_request), account=transfer["destination"])


def listed(world: World, transfer_id: str) -> Body:
    """The newest ten reversals, as a transfer carries them."""
    params = {"transfer": transfer_id}
    url = f"/v1/transfers/{transfer_id}/reversals"
    return list_of(world, "transfer_reversal", params, url)


def _transfer(call: Call) -> Body:
    transfer = call.world.store.owned(call.ids["id"], "transfer", None)
    if transfer is None:
        raise missing("transfer", call.ids["id"])
    return transfer


def _own(call: Call) -> Body:
    transfer = _transfer(call)
    found = call.world.store.owned(call.ids["reversal"], "transfer_reversal", None)
    if found is None or found["transfer"] != transfer["id"]:
        raise missing("transfer_reversal", call.ids["reversal"])
    return found


def retrieve(call: Call) -> Body:
    """`GET /v1/transfers/:id/reversals/:reversal`."""
    return _own(call)


def update(call: Call) -> Body:
    """`POST /v1/transfers/:id/reversals/:reversal`: metadata only."""
    reversal = _own(call)
    reversal["metadata"] = behaviour.merged(reversal["metadata"], call.params.get("metadata"))
    return call.world.store.save(reversal)


def list_reversals(call: Call) -> Body:
    """`GET /v1/transfers/:id/reversals`."""
    params = call.params | {"transfer": _transfer(call)["id"]}
    return list_of(call.world, "transfer_reversal", params, call.path)
