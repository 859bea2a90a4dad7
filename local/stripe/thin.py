"""Events of the second API: small notifications, and the events themselves on request."""

from __future__ import annotations

from typing import Any

from stripe.v2.core import Event

from local.stripe.account_views import iso, seconds
from local.stripe.call import Call
from local.stripe.errors import invalid, missing
from local.stripe.shapes import shape, whole
from local.stripe.store import Body
from local.stripe.world import Origin, World

KIND = "v2.core.event"
TRANSFERS = "stripe_balance.stripe_transfers"


def emit(
    world: World,
    type_: str,
    account_id: str,
    *,
    data: Body | None = None,
    origin: Origin | None = None,
) -> Body:
    """Store a thin event about an account, and queue it for the event destinations.

    Call it inside the transaction of the change. What an endpoint gets has no `data`.
    """
    reason = None
    if origin is not None and origin.request_id:
        asked = {"id": origin.request_id, "idempotency_key": origin.idempotency_key or ""}
        reason = {"type": "request", "request": asked}
    event = {
        "id": f"evt_test_6{world.ids.token(23)}",
        "object": KIND,
        "context": None,
        "created": iso(world.time()),
        "livemode": False,
        "reason": reason,
        "related_object": {
            "id": account_id,
            "type": "v2.core.account",
            "url": f"/v2/core/accounts/{account_id}",
        },
        "type": type_,
    }
    world.store.add(event, private={"data": data}, created=world.now())
    world.send(event, [e.name for e in world.config.endpoints if e.thin])
    return event


def capability_changed(world: World, account_id: str, origin: Origin | None = None) -> None:
    """Tell that an account may or may not receive transfers now."""
    emit(
        world,
        "v2.core.account[configuration.recipient].capability_status_updated",
        account_id,
        data={"updated_capability": TRANSFERS},
        origin=origin,
    )


def _full(world: World, event: Body) -> Body:
    """The event as the API shows it."""
    known = {k: v for k, v in event.items() if k != "related_object"}
    shown = shape(Event, {**known, "reason": whole(event["reason"]) if event["reason"] else None})
    shown["related_object"] = event["related_object"]
    data = world.store.private(event["id"]).get("data")
    return shown | {"data": data} if data else shown


def retrieve(call: Call) -> Body:
    """`GET /v2/core/events/:id`."""
    event = call.world.store.owned(call.ids["id"], KIND, None)
    if event is None:
        raise missing("v2.core.event", call.ids["id"])
    return _full(call.world, event)


def list_events(call: Call) -> Body:
    """`GET /v2/core/events`, by object and type, a page at a time."""
    params, clauses = call.params, ["1"]
    values: list[Any] = []
    if "object_id" in params:
        clauses.append("json_extract(body, '$.related_object.id') = ?")
        values.append(params["object_id"])
    if params.get("types"):
        clauses.append(f"json_extract(body, '$.type') IN ({', '.join('?' * len(params['types']))})")
        values += params["types"]
    for name, sign in (("gt", ">"), ("gte", ">="), ("lt", "<"), ("lte", "<=")):
        if name in params.get("created", {}):
            clauses.append(f"created {sign} ?")
            values.append(_moment(params["created"][name]))
    page = page_of(call, KIND, " AND ".join(clauses), tuple(values))
    return page | {"data": [_full(call.world, event) for event in page["data"]]}


def _moment(text: str) -> int:
    try:
        return seconds(text)
    except ValueError:
        raise invalid("created takes times such as 2026-11-01T00:00:00Z.", "created") from None


def page_of(call: Call, kind: str, where: str, values: tuple[Any, ...]) -> Body:
    """One page of a v2 list, newest first; the next page's address holds the cursor."""
    limit = call.params.get("limit", 20)
    if not 1 <= limit <= 100:
        raise invalid("Invalid limit: must be between 1 and 100", "limit")
    cursor = str(call.params.get("page", ""))
    if cursor and not cursor.isdigit():
        raise invalid("page must come from next_page_url.", "page")
    rows = call.world.store.rows(
        f"SELECT seq, id FROM objects WHERE kind = '{kind}' AND seq < ? AND ({where})"
        " ORDER BY seq DESC LIMIT ?",
        int(cursor) if cursor else 2**62,
        *values,
        limit + 1,
    )
    found = [call.world.store.find(row["id"]) for row in rows[:limit]]
    more = f"{call.path}?limit={limit}&page={rows[limit - 1]['seq']}" if len(rows) > limit else None
    return {"data": found, "next_page_url": more, "previous_page_url": None}
