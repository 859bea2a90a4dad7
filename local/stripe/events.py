"""The events API: what happened, and whether everyone has been told."""

from __future__ import annotations

from typing import Any

from local.stripe.call import Call
from local.stripe.errors import invalid
from local.stripe.listing import list_of, own, present
from local.stripe.store import Body

_UNDELIVERED = (
    "EXISTS (SELECT 1 FROM deliveries d WHERE d.event = objects.id AND NOT EXISTS"
    " (SELECT 1 FROM deliveries done WHERE done.event = d.event"
    " AND done.endpoint = d.endpoint AND done.state = 'delivered'))"
)


def retrieve(call: Call) -> Body:
    """`GET /v1/events/:id`."""
    return present(call.world, own(call, "event"))


def list_events(call: Call) -> Body:
    """`GET /v1/events`, by type (`charge.*` works) and by whether they were delivered."""
    params = call.params
    if "type" in params and "types" in params:
        raise invalid("Send type or types, not both.", "types")
    if len(params.get("types", [])) > 20:
        raise invalid("types can have at most 20 items.", "types")
    clauses, values = ["1"], list[Any]()
    wanted = params.get("types") or ([params["type"]] if "type" in params else [])
    if wanted:
        either = " OR ".join(["json_extract(body, '$.type') GLOB ?"] * len(wanted))
        clauses.append(f"({either})")
        values += wanted
    if "delivery_success" in params:
        clauses.append(f"NOT {_UNDELIVERED}" if params["delivery_success"] else _UNDELIVERED)
    return list_of(
        call.world,
        "event",
        params,
        call.path,
        account=call.account,
        where=" AND ".join(clauses),
        values=tuple(values),
        ignore=("type", "types", "delivery_success"),
    )
