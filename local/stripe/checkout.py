"""Checkout sessions: from creation to paid or expired, and the buyer's attempts in between."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

from local.stripe import payments, tax
from local.stripe.call import Call
from local.stripe.cards import AUTHENTICATION_FAILED, TEST_CARDS, Behaviour, Card
from local.stripe.errors import StripeError, missing
from local.stripe.listing import line_items as line_items_of
from local.stripe.listing import list_of
from local.stripe.store import Body
from local.stripe.world import Origin, World


@dataclass(frozen=True)
class Attempt:
    """How one press of the pay button ended; `message` is for the buyer when it was declined."""

    result: Literal["paid", "declined", "challenge", "closed"]
    message: str = ""


def retrieve(call: Call) -> Body:
    """`GET /v1/checkout/sessions/:id`."""
    return current(call.world, call.ids["id"])


def list_sessions(call: Call) -> Body:
    """`GET /v1/checkout/sessions`."""
    expire_overdue(call.world)
    return list_of(call.world, "checkout.session", call.params, call.path)


def list_line_items(call: Call) -> Body:
    """`GET /v1/checkout/sessions/:id/line_items`; a session has few enough for one page."""
    session = current(call.world, call.ids["id"])
    return line_items_of(call.world, session["id"])


def current(world: World, session_id: str) -> Body:
    """The session as it stands now, expired if its time has come.

    Raises `StripeError` when there is none.
    """
    with world.store.transaction():
        session = world.store.find(session_id, "checkout.session")
        if session is None:
            raise missing("checkout.session", session_id, "session")
        if session["status"] == "open" and session["expires_at"] <= world.now():
            session = _expire(world, session)
        return session


def expire_overdue(world: World) -> int:
    """Expire every open session whose time is over; returns how many."""
    with world.store.transaction():
        overdue = world.store.all_of(
            "checkout.session",
            "json_extract(body, '$.status') = 'open' AND json_extract(body, '$.expires_at') <= ?",
            world.now(),
        )
        for session in overdue:
            _expire(world, session)
        return len(overdue)


def expire(call: Call) -> Body:
    """`POST /v1/checkout/sessions/:id/expire`: only an open session can be expired."""
    session = current(call.world, call.ids["id"])
    if session["status"] != "open":
        raise StripeError(
            'Only Checkout Sessions with a status in ["open"] can be expired.'
            f" This Checkout Session has a status of `{session['status']}`."
        )
    return _expire(call.world, session, call.origin)


def expire_now(world: World, session_id: str) -> Body:
    """Bring a session's expiry forward to this moment, as if its time had passed."""
    with world.store.transaction():
        session = current(world, session_id)
        if session["status"] == "open":
            session = _expire(world, world.store.save(session | {"expires_at": world.now()}))
        return session


def _expire(world: World, session: Body, origin: Origin | None = None) -> Body:
    session |= {"status": "expired", "url": None}
    world.store.save(session)
    intent = _intent(world, session)
    if intent is not None:
        payments.cancel(world, intent, "expired")
    world.emit("checkout.session.expired", session, origin=origin)
    return session


def _intent(world: World, session: Body) -> Body | None:
    return world.store.find(session["payment_intent"]) if session["payment_intent"] else None


def give_address(world: World, session_id: str, address: Body | None) -> Body:
    """The buyer says where they are: tax, if asked for, is added. Returns the session."""
    with world.store.transaction():
        session = current(world, session_id)
        if session["status"] == "open":
            tax.apply(world, session, address)
        return session


def pay(
    world: World, session_id: str, card: Card, email: str, address: Body | None = None
) -> Attempt:
    """Try a card on a session. Two tabs cannot both pay: the second finds it closed.

    `address` has `country` and `postal_code`; without one the one given before counts.
    """
    with world.store.transaction():
        session = current(world, session_id)
        if session["status"] != "open":
            return Attempt("closed")
        if address is not None:
            tax.apply(world, session, address)
        intent = _intent_for(world, session)
        world.store.remember(session_id, challenge=None)
        if card.behaviour.challenge or _must_challenge(session, card):
            payments.require_challenge(world, intent, card)
            world.store.remember(session_id, challenge=dataclasses.asdict(card) | {"email": email})
            return Attempt("challenge")
        return _finish(world, session, intent, card, email)


def _intent_for(world: World, session: Body) -> Body:
    """The session's payment intent over its present total; the first attempt makes it."""
    intent = _intent(world, session)
    if intent is None:
        data = world.store.private(session["id"]).get("payment_intent_data", {})
        intent = payments.new_intent(world, session["amount_total"], session["currency"], data)
        session["payment_intent"] = intent["id"]
        world.store.save(session)
    elif intent["amount"] != session["amount_total"]:
        intent["amount"] = session["amount_total"]
        world.store.save(intent)
    return intent


def _must_challenge(session: Body, card: Card) -> bool:
    """Whether the platform asked for 3-D Secure; a wallet has authenticated its owner already."""
    options = (session["payment_method_options"] or {}).get("card", {})
    return options.get("request_three_d_secure") in ("any", "challenge") and not card.wallet


def answer_challenge(world: World, session_id: str, *, passed: bool) -> Attempt:
    """The buyer came through 3-D Secure, or did not."""
    with world.store.transaction():
        session = current(world, session_id)
        intent = _intent(world, session)
        waiting = world.store.private(session_id).get("challenge")
        if session["status"] != "open" or intent is None or waiting is None:
            return Attempt("closed")
        world.store.remember(session_id, challenge=None)
        email = waiting.pop("email")
        card = _restored(waiting)
        if not passed:
            payments.fail(world, intent, card, AUTHENTICATION_FAILED, charged=False)
            return Attempt("declined", AUTHENTICATION_FAILED.message)
        return _finish(world, session, intent, card, email, authenticated=True)


def challenged(world: World, session_id: str) -> bool:
    """Whether the session waits for a 3-D Secure answer."""
    return world.store.private(session_id).get("challenge") is not None


def _restored(values: Body) -> Card:
    """A card that waited in the store; what it does comes from the table again."""
    token = values["behaviour"]["token"]
    known = [behaviour for behaviour in TEST_CARDS.values() if behaviour.token == token]
    return Card(**values | {"behaviour": known[0] if known else Behaviour("visa")})


def _finish(
    world: World,
    session: Body,
    intent: Body,
    card: Card,
    email: str,
    *,
    authenticated: bool = False,
) -> Attempt:
    if card.behaviour.decline:
        payments.fail(world, intent, card, card.behaviour.decline)
        return Attempt("declined", card.behaviour.decline.message)
    charge = payments.succeed(world, intent, card, authenticated=authenticated)
    address = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    given = world.store.private(session["id"]).get("address") or {"country": card.behaviour.country}
    if (session["consent_collection"] or {}).get("terms_of_service") == "required":
        session["consent"] = {"promotions": None, "terms_of_service": "accepted"}
    session |= {
        "status": "complete",
        "payment_status": "paid",
        "url": None,
        "customer_details": {
            "address": address | given,
            "business_name": None,
            "email": email,
            "individual_name": None,
            "name": card.holder,
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": [],
        },
    }
    world.store.save(session)
    world.emit("checkout.session.completed", session)
    payments.follow_up(world, charge, card)
    return Attempt("paid")
