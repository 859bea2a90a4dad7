"""What all resources share: lists with cursors and filters, and `expand`."""

from __future__ import annotations

import json
from typing import Any

from local.stripe import deliveries
from local.stripe.account_views import v1_view
from local.stripe.call import Call
from local.stripe.errors import StripeError, dangling, invalid, missing
from local.stripe.store import Body
from local.stripe.store_schema import index_for
from local.stripe.world import World

_CURSORS = {"limit", "starting_after", "ending_before", "expand", "created"}
_MAX_EXPAND_DEPTH = 4


def own(call: Call, kind: str, shown: str | None = None) -> Body:
    """The object an address names, if it belongs to the account the call is for.

    Raises `StripeError` (404) otherwise.
    """
    body = call.world.store.owned(call.ids["id"], kind, call.account)
    if body is None:
        raise missing(shown or kind, call.ids["id"])
    return body


def list_of(
    world: World,
    kind: str,
    params: Body,
    url: str,
    *,
    account: str | None = None,
    where: str = "1",
    values: tuple[Any, ...] = (),
    ignore: tuple[str, ...] = (),
) -> Body:
    """One page of a kind's objects, newest first.

    Every parameter that is not a cursor filters the field of the same name; `ignore` names those
    that the caller has turned into `where` itself.
    """
    limit = params.get("limit", 10)
    if not 1 <= limit <= 100:
        raise invalid("Invalid limit: must be between 1 and 100", "limit")
    if "starting_after" in params and "ending_before" in params:
        raise invalid("Send starting_after or ending_before, not both.", "ending_before")
    # The kind stands in the statement: only then do the indexes of one kind apply.
    clauses = [f"kind = '{kind}'", "account IS ?", f"({where})"]
    bound: list[Any] = [account, *values]
    index = None
    for path, value in _flat({k: v for k, v in params.items() if k not in (*_CURSORS, *ignore)}):
        index = index or index_for(kind, path)
        clauses.append(f"json_extract(body, '$.{path}') = ?")
        bound.append(value)
    _created(params.get("created"), clauses, bound)
    backwards = "ending_before" in params
    for cursor, sign in (("starting_after", "<"), ("ending_before", ">")):
        if cursor in params:
            clauses.append(f"seq {sign} ?")
            bound.append(_position(world, kind, params[cursor], cursor))
    rows = world.store.rows(
        f"SELECT body FROM objects {f'INDEXED BY {index}' if index else ''}"
        f" WHERE {' AND '.join(clauses)}"
        f" ORDER BY seq {'ASC' if backwards else 'DESC'} LIMIT ?",
        *bound,
        limit + 1,
    )
    data = [json.loads(row["body"]) for row in rows[:limit]]
    if backwards:
        data.reverse()
    return {
        "object": "list",
        "data": [present(world, body) for body in data],
        "has_more": len(rows) > limit,
        "url": url,
    }


def _flat(values: Body, at: str = "") -> list[tuple[str, Any]]:
    result: list[tuple[str, Any]] = []
    for name, value in values.items():
        path = f"{at}.{name}" if at else name
        result += _flat(value, path) if isinstance(value, dict) else [(path, value)]
    return result


def _created(wanted: Any, clauses: list[str], bound: list[Any]) -> None:
    if wanted is None:
        return
    signs = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
    bounds = wanted if isinstance(wanted, dict) else {"is": wanted}
    for name, value in bounds.items():
        clauses.append(f"created {signs.get(name, '=')} ?")
        bound.append(value)


def _position(world: World, kind: str, object_id: str, param: str) -> int:
    rows = world.store.rows("SELECT seq FROM objects WHERE id = ? AND kind = ?", object_id, kind)
    if not rows:
        raise dangling(kind, object_id, param)
    return int(rows[0]["seq"])


def present(world: World, body: Body) -> Body:
    """An object as it reads now: some fields depend on the clock, or on deliveries."""
    if body["object"] == "balance_transaction":
        status = "available" if body["available_on"] <= world.now() else "pending"
        return body | {"status": status}
    if body["object"] == "dispute":
        return body | {
            "balance_transactions": [present(world, t) for t in body["balance_transactions"]]
        }
    if body["object"] == "event":
        return body | {"pending_webhooks": deliveries.undelivered(world.store, body["id"])}
    return body


def expand(world: World, body: Body, paths: list[str]) -> Body:
    """Replace ids by their objects along each dotted path.

    Raises `StripeError` for a path that leads nowhere or is more than four levels deep.
    """
    for path in paths:
        steps = path.split(".")
        if len(steps) > _MAX_EXPAND_DEPTH:
            raise invalid("You cannot expand more than 4 levels of a property.", "expand")
        _expand(world, body, steps, path)
    return body


def _expand(world: World, node: Any, steps: list[str], path: str) -> None:
    if not steps or node is None:
        return
    if isinstance(node, list):
        for item in node:
            _expand(world, item, steps, path)
        return
    name, rest = steps[0], steps[1:]
    if not isinstance(node, dict):
        raise _cannot(path)
    if name not in node:
        node[name] = _includable(world, node, name, path)
    value = node[name]
    if isinstance(value, str):
        found = lookup(world, value)
        if found is None:
            raise _cannot(path)
        node[name] = value = found
    elif value is not None and not isinstance(value, dict | list):
        raise _cannot(path)
    _expand(world, value, rest, path)


def lookup(world: World, object_id: str) -> Body | None:
    """Any object that an id in another object may stand for."""
    found = world.store.find(object_id)
    if found is None:
        return None
    return v1_view(found) if found["object"] == "v2.core.account" else present(world, found)


def _includable(world: World, node: Body, name: str, path: str) -> Body:
    """Lists that an object carries only when asked for."""
    if (node.get("object"), name) == ("checkout.session", "line_items"):
        return line_items(world, node["id"])
    if (node.get("object"), name) == ("charge", "refunds"):
        url = f"/v1/charges/{node['id']}/refunds"
        owner = world.store.owner(node["id"])
        return list_of(world, "refund", {"charge": node["id"]}, url, account=owner)
    raise _cannot(path)


def line_items(world: World, session_id: str) -> Body:
    """A session's lines, as the list object Stripe returns."""
    items = world.store.private(session_id).get("line_items", [])
    return {
        "object": "list",
        "data": items,
        "has_more": False,
        "url": f"/v1/checkout/sessions/{session_id}/line_items",
    }


def _cannot(path: str) -> StripeError:
    return invalid(f"This property cannot be expanded ({path}).", "expand")
