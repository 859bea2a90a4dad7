"""Early fraud warnings: an issuer believes that a payment is fraud, before any dispute."""

from __future__ import annotations

from stripe.radar import EarlyFraudWarning

from local.stripe.call import Call
from local.stripe.errors import StripeError
from local.stripe.listing import list_of, own
from local.stripe.shapes import shape
from local.stripe.store import Body
from local.stripe.world import World

_KIND = "radar.early_fraud_warning"


def create(world: World, charge_id: str, fraud_type: str = "made_with_stolen_card") -> Body:
    """An issuer warns of a charge. Raises `StripeError` when there is no such charge."""
    with world.store.transaction():
        charge = world.store.owned(charge_id, "charge", None)
        if charge is None or charge["status"] != "succeeded":
            raise StripeError(f"No charge that succeeded: '{charge_id}'", status=404)
        values: Body = {
            "id": f"issfr_1{world.ids.token(23)}",
            "actionable": not charge["refunded"] and not charge["disputed"],
            "charge": charge_id,
            "created": world.now(),
            "fraud_type": fraud_type,
            "payment_intent": charge["payment_intent"],
        }
        warning = world.store.add(shape(EarlyFraudWarning, values))
        world.emit(f"{_KIND}.created", warning)
        return warning


def settle(world: World, charge_id: str) -> None:
    """A charge was refunded or disputed: its warnings ask for nothing any more."""
    for warning in world.store.matching(_KIND, "charge", charge_id):
        if warning["actionable"]:
            warning["actionable"] = False
            world.store.save(warning)
            world.emit(f"{_KIND}.updated", warning, previous={"actionable": True})


def retrieve(call: Call) -> Body:
    """`GET /v1/radar/early_fraud_warnings/:id`."""
    return own(call, _KIND, "early fraud warning")


def list_warnings(call: Call) -> Body:
    """`GET /v1/radar/early_fraud_warnings`, by charge or payment intent."""
    return list_of(call.world, _KIND, call.params, call.path)
