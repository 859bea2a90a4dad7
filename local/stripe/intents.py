"""Payment intents made through the API, as server code and tests make them: cards by token."""

from __future__ import annotations

from local.stripe import payments
from local.stripe.behaviour import merged
from local.stripe.call import Call, Refusal
from local.stripe.cards import Card, card_named
from local.stripe.errors import StripeError, dangling, invalid
from local.stripe.listing import own
from local.stripe.new_session import LARGEST_CHARGE_CENTS, SMALLEST_CHARGE_CENTS, check_currency
from local.stripe.store import Body

IMPLEMENTED = frozenset(
    {
        "allowed_payment_method_types",
        "amount",
        "automatic_payment_methods.allow_redirects",
        "automatic_payment_methods.enabled",
        "confirm",
        "currency",
        "description",
        "expand",
        "metadata",
        "payment_method",
        "receipt_email",
        "statement_descriptor_suffix",
        "transfer_group",
    }
)
CONFIRM = frozenset({"expand", "payment_method", "receipt_email"})
_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


def create(call: Call) -> Body | Refusal:
    """`POST /v1/payment_intents`, confirmed at once where asked for."""
    params, world = call.params, call.world
    check_currency(params["currency"], "currency")
    amount = params["amount"]
    if amount < SMALLEST_CHARGE_CENTS:
        raise invalid("Amount must be at least $0.50 usd", "amount", "amount_too_small")
    if amount > LARGEST_CHARGE_CENTS:
        raise invalid("Amount must be no more than $999,999.99", "amount", "amount_too_large")
    card = _card(params)
    intent = payments.new_intent(world, amount, "usd", params)
    world.emit("payment_intent.created", intent, origin=call.origin)
    if params.get("confirm"):
        if card is None:
            raise invalid(
                "You cannot confirm this PaymentIntent because it's missing a payment method.",
                "payment_method",
                "parameter_missing",
            )
        return _confirm(call, intent, card)
    if card is not None:
        # Kept by its token: no number ever is.
        world.store.remember(intent["id"], token=card.behaviour.token)
        intent["status"] = "requires_confirmation"
        world.store.save(intent)
    return intent


def _card(params: Body) -> Card | None:
    if "payment_method" not in params:
        return None
    card = card_named(params["payment_method"])
    if card is None or not params["payment_method"].startswith("pm_card_"):
        raise dangling("PaymentMethod", params["payment_method"], "payment_method")
    return card


def confirm(call: Call) -> Body | Refusal:
    """`POST /v1/payment_intents/:id/confirm`: try the card."""
    intent = own(call, "payment_intent")
    if intent["status"] not in _OPEN:
        raise StripeError(
            f"This PaymentIntent's status is {intent['status']}; it cannot be confirmed any more.",
            code="payment_intent_unexpected_state",
        )
    card = _card(call.params) or card_named(
        call.world.store.private(intent["id"]).get("token", "none")
    )
    if card is None:
        raise invalid(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            "payment_method",
            "parameter_missing",
        )
    if "receipt_email" in call.params:
        intent["receipt_email"] = call.params["receipt_email"] or None
    return _confirm(call, intent, card)


def _confirm(call: Call, intent: Body, card: Card) -> Body | Refusal:
    world = call.world
    if card.behaviour.challenge:
        payments.require_challenge(world, intent, card)
        world.emit("payment_intent.requires_action", intent, origin=call.origin)
        return intent
    decline = card.behaviour.decline
    if decline is None:
        charge = payments.succeed(world, intent, card)
        payments.follow_up(world, charge, card)
        return intent
    payments.fail(world, intent, card, decline)
    error = dict(intent["last_payment_error"] or {})
    return Refusal(402, error | {"payment_intent": intent})


def update(call: Call) -> Body:
    """`POST /v1/payment_intents/:id`: description and metadata."""
    intent = own(call, "payment_intent")
    intent["metadata"] = merged(intent["metadata"], call.params.get("metadata"))
    if "description" in call.params:
        intent["description"] = call.params["description"]
    return call.world.store.save(intent)


def cancel(call: Call) -> Body:
    """`POST /v1/payment_intents/:id/cancel`: only while nothing was charged."""
    intent = own(call, "payment_intent")
    if intent["status"] not in _OPEN:
        raise StripeError(
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}.",
            code="payment_intent_unexpected_state",
        )
    if call.world.store.matching("checkout.session", "payment_intent", intent["id"], limit=1):
        raise StripeError(
            "You cannot cancel PaymentIntents created by Checkout; expire the Checkout Session."
        )
    payments.cancel(call.world, intent, call.params.get("cancellation_reason"))
    call.world.emit("payment_intent.canceled", intent, origin=call.origin)
    return intent
