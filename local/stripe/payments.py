"""Payment intents and charges: what happens when a card is tried on a checkout session.

All functions here run inside the caller's transaction.
"""

from __future__ import annotations

from typing import Any

import stripe

from local.stripe import balance, disputes, fraud_warnings
from local.stripe.call import Call
from local.stripe.cards import Card, Decline
from local.stripe.listing import list_of, own
from local.stripe.shapes import shape, whole
from local.stripe.store import Body
from local.stripe.world import World


def new_intent(world: World, amount: int, currency: str, data: Body) -> Body:
    """A payment intent from checked parameters, those of a session or of the API."""
    intent_id = world.ids.new("pi", 24)
    copied = ("allowed_payment_method_types", "description", "receipt_email", "transfer_group")
    values: Body = {name: data.get(name) for name in (*copied, "statement_descriptor_suffix")}
    if "automatic_payment_methods" in data:
        values["automatic_payment_methods"] = {
            "allow_redirects": "always",
            **data["automatic_payment_methods"],
        }
    values |= {
        "id": intent_id,
        "amount": amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "capture_method": "automatic_async",
        "client_secret": f"{intent_id}_secret_{world.ids.token(25)}",
        "confirmation_method": "automatic",
        "created": world.now(),
        "currency": currency,
        "metadata": data.get("metadata", {}),
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
    }
    return world.store.add(shape(stripe.PaymentIntent, values))


def require_challenge(world: World, intent: Body, card: Card) -> None:
    """The card wants 3-D Secure: wait for the buyer."""
    method = _payment_method(world, card)
    intent |= {
        "status": "requires_action",
        "payment_method": method["id"],
        "last_payment_error": None,
        "next_action": {"type": "use_stripe_sdk", "use_stripe_sdk": {}},
    }
    world.store.save(intent)


def fail(world: World, intent: Body, card: Card, decline: Decline, *, charged: bool = True) -> None:
    """The card was refused: the intent stays open for another one.

    `charged` is false when the issuer was never asked, as after a failed authentication.
    """
    method = _payment_method(world, card)
    charge = None
    if charged:
        charge = _charge(world, intent, card, method, decline)
        intent["latest_charge"] = charge["id"]
    error: Body = {
        "code": decline.code,
        "doc_url": f"https://docs.stripe.com/error-codes#{decline.code.replace('_', '-')}",
        "message": decline.message,
        "payment_method": method,
        "type": "card_error" if charged else "invalid_request_error",
    }
    if charge:
        error |= {"charge": charge["id"], "decline_code": decline.decline_code}
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_payment_error": error,
    }
    world.store.save(intent)
    world.emit("payment_intent.payment_failed", intent)


def succeed(world: World, intent: Body, card: Card, *, authenticated: bool = False) -> Body:
    """The money is taken: charge, balance transaction, events. Returns the charge."""
    method = _payment_method(world, card)
    charge = _charge(world, intent, card, method, None, authenticated=authenticated)
    now = world.now()
    booked = balance.record(
        world,
        charge["id"],
        charge["amount"],
        charge["currency"],
        type_="charge",
        fee=balance.processing_fee(charge["amount"], domestic=card.behaviour.country == "US"),
        available_on=now if card.behaviour.available_at_once else balance.settles_at(now),
        description=charge["description"],
    )
    charge["balance_transaction"] = booked["id"]
    world.store.save(charge)
    intent |= {
        "status": "succeeded",
        "amount_received": intent["amount"],
        "latest_charge": charge["id"],
        "payment_method": method["id"],
        "next_action": None,
        "last_payment_error": None,
    }
    world.store.save(intent)
    world.store.remember(charge["id"], refund=card.behaviour.refund)
    world.emit("charge.succeeded", charge)
    world.emit("payment_intent.succeeded", intent)
    return charge


def follow_up(world: World, charge: Body, card: Card) -> None:
    """What a test card brings after its payment: a dispute, an inquiry, a fraud warning."""
    if card.behaviour.fraud_warning:
        fraud_warnings.create(world, charge["id"])
    if card.behaviour.dispute:
        disputes.open_dispute(
            world,
            charge["id"],
            reason=card.behaviour.dispute,
            inquiry=card.behaviour.inquiry,
        )


def cancel(world: World, intent: Body, reason: str | None) -> None:
    """Nothing will be paid any more: the session expired, or the platform gave up."""
    intent |= {"status": "canceled", "canceled_at": world.now(), "next_action": None}
    intent["cancellation_reason"] = reason
    world.store.save(intent)


def _payment_method(world: World, card: Card) -> Body:
    details: Body = {
        "brand": card.behaviour.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": None if card.wallet else "pass",
        },
        "country": card.behaviour.country,
        "display_brand": card.behaviour.brand,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "fingerprint": card.fingerprint,
        "funding": "credit",
        "last4": card.last4,
        "wallet": _wallet(card),
    }
    values: Body = {
        "id": world.ids.new("pm"),
        "billing_details": _billing(card),
        "card": details,
        "created": world.now(),
        "customer": None,
        "metadata": {},
        "type": "card",
    }
    method = shape(stripe.PaymentMethod, values, omit=("*",))
    return world.store.add(method)


def _wallet(card: Card) -> Body | None:
    if card.wallet is None:
        return None
    return whole({"type": card.wallet, "dynamic_last4": card.last4, card.wallet: {}})


def _billing(card: Card) -> Body:
    return {"name": card.holder, "address": dict.fromkeys(_ADDRESS)}


_ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")


def _charge(
    world: World,
    intent: Body,
    card: Card,
    method: Body,
    decline: Decline | None,
    *,
    authenticated: bool = False,
) -> Body:
    """A charge of the intent's whole amount, succeeded or refused, without its booking."""
    paid = decline is None
    secure: Body | None = None
    if authenticated:
        secure = {"authentication_flow": "challenge", "result": "authenticated", "version": "2.2.0"}
    details: dict[str, Any] = {
        "amount_authorized": intent["amount"] if paid else None,
        "brand": card.behaviour.brand,
        "checks": method["card"]["checks"],
        "country": card.behaviour.country,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "fingerprint": card.fingerprint,
        "funding": "credit",
        "last4": card.last4,
        "network": card.behaviour.brand,
        "three_d_secure": secure,
        "wallet": _wallet(card),
    }
    card_class = stripe.Charge.PaymentMethodDetails.Card
    values: Body = {
        "id": world.ids.new("ch"),
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if paid else 0,
        "amount_refunded": 0,
        "billing_details": _billing(card),
        "calculated_statement_descriptor": _descriptor(world, intent),
        "captured": paid,
        "created": world.now(),
        "currency": intent["currency"],
        "description": intent["description"],
        "failure_code": decline.code if decline else None,
        "failure_message": decline.message if decline else None,
        "fraud_details": {},
        "metadata": intent["metadata"],
        "outcome": _outcome(decline),
        "paid": paid,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": whole({"type": "card", "card": shape(card_class, details)}),
        "receipt_email": intent["receipt_email"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": "succeeded" if paid else "failed",
        "transfer_group": intent["transfer_group"],
    }
    return world.store.add(shape(stripe.Charge, values, omit=("refunds", "transfer", "level3")))


def _descriptor(world: World, intent: Body) -> str:
    suffix = intent["statement_descriptor_suffix"]
    merchant = world.config.merchant.upper()
    return f"{merchant}* {suffix}"[:22] if suffix else merchant[:22]


def _outcome(decline: Decline | None) -> Body:
    if decline is None:
        return {
            "advice_code": None,
            "network_status": "approved_by_network",
            "risk_level": "normal",
            "seller_message": "Payment complete.",
            "type": "authorized",
        }
    return {
        "network_status": "declined_by_network",
        "reason": decline.decline_code,
        "risk_level": "normal",
        "seller_message": "The bank did not return any further details with this decline.",
        "type": "issuer_declined",
    }


def retrieve_intent(call: Call) -> Body:
    """`GET /v1/payment_intents/:id`."""
    return own(call, "payment_intent")


def list_intents(call: Call) -> Body:
    """`GET /v1/payment_intents`."""
    return list_of(call.world, "payment_intent", call.params, call.path, account=call.account)


def retrieve_charge(call: Call) -> Body:
    """`GET /v1/charges/:id`, of the platform or of a connected account."""
    return own(call, "charge")


def list_charges(call: Call) -> Body:
    """`GET /v1/charges`."""
    return list_of(call.world, "charge", call.params, call.path, account=call.account)


def list_charge_refunds(call: Call) -> Body:
    """`GET /v1/charges/:id/refunds`."""
    charge = own(call, "charge")
    params = call.params | {"charge": charge["id"]}
    return list_of(call.world, "refund", params, call.path, account=call.account)
