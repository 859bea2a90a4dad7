"""A toy of automatic tax: ten per cent on top, wherever the buyer gives an address.

Real tax depends on place, product and registrations. This one only shows that amounts with and
without tax are told apart; only Stripe's sandbox can show the real thing.
"""

from __future__ import annotations

from typing import Any

from local.stripe.store import Body
from local.stripe.world import World

PER_CENT = 10


def tax_on(cents: int) -> int:
    """Tax on a net amount, rounded half up."""
    return (cents * PER_CENT + 50) // 100


def state(params: Body) -> Body:
    """The `automatic_tax` of a new session."""
    asked = params.get("automatic_tax", {})
    if not asked.get("enabled"):
        return {"enabled": False}
    liability = asked.get("liability", {"type": "self"})
    return {
        "enabled": True,
        "liability": {"type": liability["type"]},
        "provider": "stripe",
        "status": "requires_location_inputs",
    }


def apply(world: World, session: Body, address: Body | None) -> None:
    """Add the tax for an address to an open session, or take it off again without one."""
    if not session["automatic_tax"]["enabled"]:
        return
    items: list[dict[str, Any]] = world.store.private(session["id"])["line_items"]
    for item in items:
        item["amount_tax"] = tax_on(item["amount_subtotal"]) if address else 0
        item["amount_total"] = item["amount_subtotal"] + item["amount_tax"]
    tax = sum(item["amount_tax"] for item in items)
    world.store.remember(session["id"], line_items=items, address=address)
    session["automatic_tax"]["status"] = "complete" if address else "requires_location_inputs"
    session["total_details"]["amount_tax"] = tax
    session["amount_total"] = session["amount_subtotal"] + tax
    world.store.save(session)
