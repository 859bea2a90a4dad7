"""Scripted journeys through the API, run against the emulator and against Stripe's sandbox.

Each returns the objects it met under names, so that their fields can be compared. They use cards
by token and leave nothing behind but test objects.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import stripe

Met = dict[str, Any]
Journey = Callable[[stripe.StripeClient, str], Met]

# Money of this card is available at once, so that transfers and refunds never wait for it.
CARD = "pm_card_bypassPending"


def _charge(client: stripe.StripeClient, mark: str, card: str = CARD, cents: int = 997) -> Any:
    """A payment by card, confirmed on the server."""
    return client.v1.payment_intents.create(
        {
            "amount": cents,
            "currency": "usd",
            "payment_method": card,
            "confirm": True,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "transfer_group": mark,
            "metadata": {"order_id": mark},
            "expand": ["latest_charge.balance_transaction"],
        },
        {"idempotency_key": f"pi-{mark}"},
    )


def checkout(client: stripe.StripeClient, mark: str) -> Met:
    """A checkout is opened, read and given up."""
    made = client.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": "usd",
                        "unit_amount": 199,
                        "product_data": {
                            "name": "Paper-cut skies",
                            "metadata": {"listing_id": "5"},
                        },
                    },
                }
            ],
            "allowed_payment_method_types": ["card"],
            "success_url": "https://example.com/done?sid={CHECKOUT_SESSION_ID}",
            "cancel_url": "https://example.com/p/5",
            "client_reference_id": mark,
            "customer_email": "buyer@example.com",
            "metadata": {"order_id": mark},
            "payment_intent_data": {"transfer_group": mark, "metadata": {"order_id": mark}},
        },
        {"idempotency_key": f"checkout-{mark}"},
    )
    lines = client.v1.checkout.sessions.line_items.list(made.id)
    client.v1.checkout.sessions.expire(made.id)
    closed = client.v1.checkout.sessions.retrieve(made.id)
    return {"checkout session": closed, "line item": lines.data[0], "price": lines.data[0].price}


def payment_and_refund(client: stripe.StripeClient, mark: str) -> Met:
    """A payment is refunded in two parts; one cent more is refused."""
    intent = _charge(client, mark)
    charge = intent.latest_charge
    first = client.v1.refunds.create(
        {"charge": charge.id, "amount": 299, "reason": "requested_by_customer"},
        {"idempotency_key": f"refund-{mark}"},
    )
    client.v1.refunds.create({"charge": charge.id})
    refund = client.v1.refunds.retrieve(first.id, {"expand": ["balance_transaction"]})
    return {
        "payment intent": intent,
        "charge": charge,
        "balance transaction": charge.balance_transaction,
        "refund": refund,
        "balance transaction of a refund": refund.balance_transaction,
        "refusal: refunded twice": _refused(
            lambda: client.v1.refunds.create({"charge": charge.id})
        ),
    }


def decline(client: stripe.StripeClient, mark: str) -> Met:
    """A card is declined: the error names the charge and the intent."""
    return {
        "refusal: declined card": _refused(
            lambda: _charge(client, mark, "pm_card_visa_chargeDeclined")
        )
    }


def seller(client: stripe.StripeClient, mark: str) -> Met:
    """A recipient account is opened, asked about and given a link; it cannot be paid yet."""
    made = client.v2.core.accounts.create(
        {
            "contact_email": "seller@example.com",
            "display_name": "Fox & Paper",
            "dashboard": "express",
            "identity": {"country": "us"},
            "configuration": {
                "recipient": {
                    "capabilities": {"stripe_balance": {"stripe_transfers": {"requested": True}}}
                }
            },
            "defaults": {
                "responsibilities": {
                    "fees_collector": "application",
                    "losses_collector": "application",
                }
            },
            "metadata": {"seller_id": mark},
        },
        {"idempotency_key": f"acct-{mark}"},
    )
    link = client.v2.core.account_links.create(
        {
            "account": made.id,
            "use_case": {
                "type": "account_onboarding",
                "account_onboarding": {
                    "refresh_url": "https://example.com/again",
                    "return_url": "https://example.com/back",
                },
            },
        }
    )
    include: list[Any] = ["configuration.recipient", "defaults", "identity", "requirements"]
    account = client.v2.core.accounts.retrieve(made.id, {"include": include})
    charge = _charge(client, f"{mark}-s").latest_charge
    return {
        "account (v2)": account,
        "account link (v2)": link,
        "account (v1)": client.v1.accounts.retrieve(made.id),
        "balance settings": client.v1.balance_settings.retrieve(
            options={"stripe_account": made.id}
        ),
        "refusal: transfer before onboarding": _refused(
            lambda: client.v1.transfers.create(
                {
                    "amount": 159,
                    "currency": "usd",
                    "destination": made.id,
                    "source_transaction": charge.id,
                }
            )
        ),
    }


def dispute(client: stripe.StripeClient, mark: str) -> Met:
    """A disputed payment cannot be refunded; evidence is sent."""
    intent = _charge(client, mark, "pm_card_createDispute")
    found = client.v1.disputes.list({"payment_intent": intent.id})
    if not found.data:
        return {}  # the sandbox opens the dispute a moment after the payment
    client.v1.disputes.update(
        found.data[0].id,
        {"evidence": {"access_activity_log": "downloaded at 10:00"}, "submit": False},
    )
    read = client.v1.disputes.retrieve(found.data[0].id)
    refusal = _refused(lambda: client.v1.refunds.create({"payment_intent": intent.id}))
    return {"dispute": read, "refusal: refund of a disputed charge": refusal}


def idempotency(client: stripe.StripeClient, mark: str) -> Met:
    """A key used again with other parameters is refused."""
    _charge(client, mark)
    return {"refusal: key used again": _refused(lambda: _charge(client, mark, cents=998))}


def bad_input(client: stripe.StripeClient, mark: str) -> Met:
    """Unknown, missing and mistyped parameters are refused by name."""
    create: Any = client.v1.refunds.create
    return {
        "refusal: unknown parameter": _refused(lambda: create({"colour": "red", "charge": "ch_1"})),
        "refusal: mistyped parameter": _refused(lambda: create({"charge": "ch_1", "amount": "x"})),
        "refusal: no such object": _refused(lambda: create({"charge": "ch_none"})),
    }


def books(client: stripe.StripeClient, mark: str) -> Met:
    """The balance, its transactions and the events, as the reconciler reads them."""
    _charge(client, mark)
    listed = client.v1.balance_transactions.list({"limit": 1, "type": "charge"})
    events = client.v1.events.list({"limit": 1, "types": ["charge.succeeded"]})
    return {
        "balance": client.v1.balance.retrieve(),
        "list": listed,
        "event": events.data[0] if events.data else None,
    }


JOURNEYS: dict[str, Journey] = {
    "checkout": checkout,
    "payment and refund": payment_and_refund,
    "decline": decline,
    "seller": seller,
    "dispute": dispute,
    "idempotency": idempotency,
    "bad input": bad_input,
    "books": books,
}


def _refused(call: Callable[[], Any]) -> Met:
    """The error's fields as the API sent them, or what came back instead of an error."""
    try:
        call()
    except stripe.StripeError as error:
        body: Any = error.json_body or {}
        fields = dict(body.get("error", {}))
        return {"http_status": error.http_status, "error_type": fields.get("type"), **fields}
    return {"http_status": 200}
