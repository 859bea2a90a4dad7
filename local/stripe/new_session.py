"""Creation of checkout sessions: the rules Stripe has beyond the types, lines, prices, totals."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import stripe
from stripe.checkout import Session

from local.stripe import tax
from local.stripe.call import Call
from local.stripe.errors import dangling, invalid, unsupported
from local.stripe.shapes import shape, whole
from local.stripe.store import Body
from local.stripe.world import World

SHORTEST_LIFE_SECONDS = 30 * 60
LONGEST_LIFE_SECONDS = 24 * 3600
SMALLEST_CHARGE_CENTS = 50
LARGEST_CHARGE_CENTS = 99_999_999
MOST_LINES = 100

# What the emulator acts upon; any other parameter Stripe knows is refused, not ignored.
IMPLEMENTED = frozenset(
    {
        "mode",
        "ui_mode",
        "line_items.quantity",
        "line_items.price",
        "line_items.price_data.currency",
        "line_items.price_data.unit_amount",
        "line_items.price_data.product_data.name",
        "line_items.price_data.product_data.description",
        "line_items.price_data.product_data.images",
        "line_items.price_data.product_data.metadata",
        "line_items.price_data.product_data.tax_code",
        "line_items.price_data.tax_behavior",
        "allowed_payment_method_types",
        "automatic_tax.enabled",
        "automatic_tax.liability.type",
        "billing_address_collection",
        "consent_collection.terms_of_service",
        "custom_text.after_submit.message",
        "custom_text.submit.message",
        "custom_text.terms_of_service_acceptance.message",
        "customer_creation",
        "payment_method_options.card.request_three_d_secure",
        "success_url",
        "cancel_url",
        "client_reference_id",
        "customer_email",
        "currency",
        "expires_at",
        "metadata",
        "payment_intent_data.description",
        "payment_intent_data.metadata",
        "payment_intent_data.receipt_email",
        "payment_intent_data.statement_descriptor_suffix",
        "payment_intent_data.transfer_group",
        "integration_identifier",
        "submit_type",
        "locale",
        "expand",
    }
)


_COPIED = (
    "allowed_payment_method_types",
    "billing_address_collection",
    "locale",
    "submit_type",
)


def create(call: Call) -> Body:
    """`POST /v1/checkout/sessions`: a hosted page for one payment by card."""
    params, world = call.params, call.world
    _check(params, world.now())
    now = world.now()
    session_id = world.ids.new("cs_test", 58)
    items = [
        _line_item(world, line, f"line_items[{i}]") for i, line in enumerate(params["line_items"])
    ]
    total = sum(item["amount_total"] for item in items)
    _check_total(total)
    url = f"{world.base_url}/c/pay/{session_id}"
    body = shape(Session, _values(params, session_id, total, url, now), omit=("line_items",))
    return world.store.add(
        body,
        private={
            "line_items": items,
            "payment_intent_data": params.get("payment_intent_data", {}),
        },
    )


def _values(params: Body, session_id: str, total: int, url: str, now: int) -> Body:
    copied = ("cancel_url", "client_reference_id", "customer_email", "integration_identifier")
    optional: Body = {name: params[name] for name in (*copied, *_COPIED) if name in params}
    options: Body = {"card": {"request_three_d_secure": "automatic"}} | params.get(
        "payment_method_options", {}
    )
    return optional | {
        "id": session_id,
        "adaptive_pricing": {"enabled": False},
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": tax.state(params),
        "created": now,
        "currency": "usd",
        "consent_collection": params.get("consent_collection"),
        "custom_text": params.get("custom_text", {}),
        "customer_creation": params.get("customer_creation", "if_required"),
        "expires_at": params.get("expires_at", now + LONGEST_LIFE_SECONDS),
        "livemode": False,
        "metadata": params.get("metadata", {}),
        "mode": "payment",
        "payment_method_collection": "if_required",
        "payment_method_options": whole(options),
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "phone_number_collection": {"enabled": False},
        "status": "open",
        "success_url": params["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": url,
    }


def _check(params: Body, now: int) -> None:
    if "mode" not in params:
        raise invalid("Missing required param: mode.", "mode", "parameter_missing")
    if params["mode"] != "payment":
        raise unsupported("mode")
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise unsupported("ui_mode")
    if not params.get("line_items"):
        raise invalid("Missing required param: line_items.", "line_items", "parameter_missing")
    if len(params["line_items"]) > MOST_LINES:
        raise invalid(f"line_items can have at most {MOST_LINES} items.", "line_items")
    if "success_url" not in params:
        raise invalid("Missing required param: success_url.", "success_url", "parameter_missing")
    for name in ("success_url", "cancel_url"):
        if name in params:
            check_url(params[name], name)
    for kind in params.get("allowed_payment_method_types", ["card"]):
        if kind != "card":
            raise invalid(
                f"The payment method type provided: {kind} is invalid: only card is activated.",
                "allowed_payment_method_types",
            )
    check_currency(params.get("currency", "usd"), "currency")
    if "customer_email" in params:
        check_email(params["customer_email"], "customer_email")
    receipt = params.get("payment_intent_data", {}).get("receipt_email")
    if receipt:
        check_email(receipt, "payment_intent_data[receipt_email]")
    if len(params.get("client_reference_id", "")) > 200:
        raise invalid("client_reference_id can have up to 200 characters.", "client_reference_id")
    suffix = params.get("payment_intent_data", {}).get("statement_descriptor_suffix", "A")
    if len(suffix) > 22 or re.search(r"[<>\\'\"*]", suffix) or not re.search("[A-Za-z]", suffix):
        raise invalid(
            "The statement descriptor suffix must have a letter, at most 22 characters,"
            " and none of < > \\ ' \" *.",
            "payment_intent_data[statement_descriptor_suffix]",
        )
    if "expires_at" in params:
        _check_expiry(params["expires_at"] - now)


def _check_expiry(life: int) -> None:
    # One minute of grace: the caller read its clock before the request travelled.
    limit = None
    if life < SHORTEST_LIFE_SECONDS - 60:
        limit = "at least 30 minutes"
    elif life > LONGEST_LIFE_SECONDS + 60:
        limit = "less than 24 hours"
    if limit:
        raise invalid(
            f"The `expires_at` timestamp must be {limit} from Checkout Session creation.",
            "expires_at",
        )


def _check_total(total: int) -> None:
    if total < SMALLEST_CHARGE_CENTS:
        raise invalid(
            "The Checkout Session's total amount must convert to at least 50 cents.",
            None,
            "amount_too_small",
        )
    if total > LARGEST_CHARGE_CENTS:
        raise invalid("The amount must be no more than $999,999.99.", None, "amount_too_large")


def check_url(url: str, param: str) -> None:
    """Raise unless this is an absolute web address."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", url):
        raise invalid(f"Not a valid URL: {param}", param, "url_invalid")
    if len(url) > 5000:
        raise invalid(f"{param} is longer than 5000 characters.", param, "url_invalid")


def check_email(text: str, param: str) -> None:
    """Raise unless this could be a mail address."""
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text) or len(text) > 512:
        raise invalid(f"Invalid email address: {text}", param, "email_invalid")


def check_currency(currency: str, param: str) -> None:
    """Raise for any currency but the dollar."""
    if currency.lower() != "usd":
        raise invalid(
            f"Invalid currency: {currency}. The emulator knows usd only.", param, "invalid_currency"
        )


def _line_item(world: World, line: Body, at: str) -> Body:
    """A line with its one-off price and product, which are stored so that they can be expanded."""
    if "price" in line:
        raise dangling("price", line["price"], f"{at}[price]")
    if "price_data" not in line:
        raise invalid(f"You must specify {at}[price_data].", at, "parameter_missing")
    data: Body = line["price_data"]
    for name in ("unit_amount", "product_data"):
        if name not in data:
            where = f"{at}[price_data][{name}]"
            raise invalid(f"Missing required param: {where}.", where, "parameter_missing")
    check_currency(data["currency"], f"{at}[price_data][currency]")
    if data.get("tax_behavior") == "inclusive":
        raise unsupported(f"{at}[price_data][tax_behavior]")
    unit = data["unit_amount"]
    if unit < 0:
        raise invalid(
            "This value must be greater than or equal to 0.",
            f"{at}[price_data][unit_amount]",
            "parameter_invalid_integer",
        )
    if "quantity" not in line:
        raise invalid("Quantity is required.", f"{at}[quantity]", "parameter_missing")
    quantity = line["quantity"]
    if not 1 <= quantity <= 999_999:
        raise invalid("Quantity must be from 1 to 999999.", f"{at}[quantity]")
    product = world.store.add(_product(world, data["product_data"]))
    price = world.store.add(
        _price(world, product["id"], unit, data.get("tax_behavior", "unspecified"))
    )
    amount = unit * quantity
    values: dict[str, Any] = {
        "id": f"li_1{world.ids.token(23)}",
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": "usd",
        "description": product["name"],
        "object": "item",
        "price": price,
        "quantity": quantity,
    }
    return shape(stripe.LineItem, values, omit=("discounts", "taxes", "adjustable_quantity"))


def _product(world: World, data: Body) -> Body:
    values: Body = data | {
        "id": world.ids.new("prod", 14),
        # Made for one session only, so not offered elsewhere.
        "active": False,
        "created": world.now(),
        "type": "service",
        "updated": world.now(),
    }
    return shape(stripe.Product, values)


def _price(world: World, product_id: str, unit_amount: int, tax_behavior: str) -> Body:
    values: Body = {
        "id": f"price_1{world.ids.token(23)}",
        "active": False,
        "billing_scheme": "per_unit",
        "created": world.now(),
        "currency": "usd",
        "product": product_id,
        "tax_behavior": tax_behavior,
        "type": "one_time",
        "unit_amount": unit_amount,
        "unit_amount_decimal": str(unit_amount),
    }
    return shape(stripe.Price, values, omit=("currency_options", "tiers"))
