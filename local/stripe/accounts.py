"""Connected accounts through both APIs, and what changes about them from outside."""

from __future__ import annotations

from typing import Any

import stripe

from local.stripe import balance, payouts, thin
from local.stripe.account_views import (
    ROUTINE,
    capability,
    new_v2,
    requirements,
    transfers_status,
    v1_view,
    v2_view,
)
from local.stripe.behaviour import merged
from local.stripe.call import Call
from local.stripe.errors import StripeError, invalid, missing
from local.stripe.listing import list_of
from local.stripe.shapes import shape
from local.stripe.store import Body
from local.stripe.world import Origin, World

KIND = "v2.core.account"
# The last is no status of Stripe's: the account as new, with everything still to be provided.
STATUSES = ("active", "pending", "restricted", "rejected", "onboarding")
V1_IMPLEMENTED = frozenset(
    {
        "capabilities.transfers.requested",
        "controller.fees.payer",
        "controller.losses.payments",
        "controller.stripe_dashboard.type",
        "country",
        "default_currency",
        "email",
        "expand",
        "metadata",
    }
)


def create(call: Call) -> Body:
    """`POST /v2/core/accounts`: a recipient that cannot be paid before it is onboarded."""
    params = call.params
    try:
        wanted = params["configuration"]["recipient"]["capabilities"]["stripe_balance"]
        requested = wanted["stripe_transfers"]["requested"]
    except KeyError:
        requested = False
    if not requested:
        raise invalid(
            "The emulator creates recipients only: request"
            " configuration.recipient.capabilities.stripe_balance.stripe_transfers.",
            "configuration",
            "emulator_unsupported",
        )
    if "country" not in params.get("identity", {}):
        raise invalid("identity.country is required.", "identity.country", "parameter_missing")
    if params.get("dashboard") == "express" and "responsibilities" not in params.get(
        "defaults", {}
    ):
        raise invalid(
            "defaults.responsibilities is required with the express dashboard.",
            "defaults.responsibilities",
            "parameter_missing",
        )
    return v2_view(_open(call, params), params.get("include", []))


def create_v1(call: Call) -> Body:
    """`POST /v1/accounts`: the same kind of account for platforms without the second API."""
    params = call.params
    controller = params.get("controller", {})
    if controller.get("stripe_dashboard", {}).get("type") != "express":
        raise invalid(
            "The emulator creates accounts with controller[stripe_dashboard][type]=express only.",
            "controller[stripe_dashboard][type]",
            "emulator_unsupported",
        )
    if not params.get("capabilities", {}).get("transfers", {}).get("requested"):
        raise invalid(
            "Request capabilities[transfers], or the account can never be paid.", "capabilities"
        )
    collectors = {
        "fees_collector": controller.get("fees", {}).get("payer", "application"),
        "losses_collector": controller.get("losses", {}).get("payments", "application"),
    }
    if set(collectors.values()) != {"application"}:
        raise invalid(
            "With the express dashboard the application must pay fees and losses.", "controller"
        )
    same: Body = {
        "contact_email": params.get("email"),
        "dashboard": "express",
        "defaults": {
            "currency": params.get("default_currency", "usd"),
            "responsibilities": collectors,
        },
        "identity": {"country": params.get("country", "US")},
        "metadata": params.get("metadata", {}),
    }
    return _v1(call.world, _open(call, same))


def _open(call: Call, params: Body) -> Body:
    account_id = f"acct_1{call.world.ids.token(15)}"
    now = call.world.now()
    body = call.world.store.add(new_v2(params, account_id, now), created=now)
    thin.emit(call.world, "v2.core.account.created", account_id, origin=call.origin)
    return body


def retrieve(call: Call) -> Body:
    """`GET /v2/core/accounts/:id`, with the included parts."""
    return v2_view(account(call.world, call.ids["id"]), call.params.get("include", []))


def update(call: Call) -> Body:
    """`POST /v2/core/accounts/:id`: contact, name and metadata."""
    body, params = account(call.world, call.ids["id"]), call.params
    if body["closed"]:
        raise StripeError("The account is closed.", code="account_closed")
    for name in ("contact_email", "display_name"):
        if name in params:
            body[name] = params[name]
    if "metadata" in params:
        cleared = {key: "" if value is None else value for key, value in params["metadata"].items()}
        body["metadata"] = merged(body["metadata"], cleared)
    call.world.store.save(body)
    thin.emit(call.world, "v2.core.account.updated", body["id"], origin=call.origin)
    return v2_view(body, params.get("include", []))


def list_v2(call: Call) -> Body:
    """`GET /v2/core/accounts`: open ones, or closed ones where asked for."""
    closed = 1 if call.params.get("closed") else 0
    page = thin.page_of(call, KIND, "json_extract(body, '$.closed') = ?", (closed,))
    return page | {"data": [v2_view(body, []) for body in page["data"]]}


def close(call: Call) -> Body:
    """`POST /v2/core/accounts/:id/close`: only without money on it."""
    body = account(call.world, call.ids["id"])
    if any(
        amount
        for sums in balance.totals(call.world, body["id"]).values()
        for amount in sums.values()
    ):
        raise StripeError("An account can be closed only when its balance is zero.")
    return v2_view(close_now(call.world, body["id"], call.origin), [])


def close_now(world: World, account_id: str, origin: Origin | None = None) -> Body:
    """The account ends, whatever money is on it. Raises `StripeError` when there is none."""
    with world.store.transaction():
        body = account(world, account_id)
        if body["closed"]:
            return body
        recipient = body["configuration"]["recipient"]
        recipient["capabilities"]["stripe_balance"]["stripe_transfers"] = capability("unsupported")
        body |= {"closed": True, "requirements": requirements()}
        world.store.save(body)
        thin.emit(world, "v2.core.account.closed", account_id, origin=origin)
        thin.capability_changed(world, account_id, origin)
        application = shape(
            stripe.Application, {"id": "ca_emulator", "name": world.config.merchant}
        )
        world.emit("account.application.deauthorized", application, account=account_id)
        return body


def retrieve_v1(call: Call) -> Body:
    """`GET /v1/accounts/:id`; an unknown account is a matter of access there (403)."""
    body = call.world.store.find(call.ids["id"], KIND)
    if body is None or body["closed"]:
        raise no_access(call.ids["id"])
    return _v1(call.world, body)


def list_v1(call: Call) -> Body:
    """`GET /v1/accounts`."""
    page = list_of(
        call.world,
        KIND,
        call.params,
        call.path,
        where="json_extract(body, '$.closed') IS NOT 1",
    )
    return page | {"data": [_v1(call.world, body) for body in page["data"]]}


def _v1(world: World, body: Body) -> Body:
    return v1_view(body, payouts.bank_of(world, body["id"]))


def no_access(account_id: str) -> StripeError:
    """What v1 says about an account that the key cannot reach."""
    return StripeError(
        f"The provided key does not have access to account '{account_id}'"
        " (or that account does not exist). Application access may have been revoked.",
        status=403,
        code="account_invalid",
        executed=False,
    )


def account(world: World, account_id: str) -> Body:
    """The stored account, closed ones too. Raises `StripeError` (404) when there is none."""
    body = world.store.find(account_id, KIND)
    if body is None:
        raise missing("account", account_id)
    return body


def set_status(
    world: World,
    account_id: str,
    status: str,
    *,
    due: tuple[str, ...] = (),
    error: str | None = None,
) -> Body:
    """Change whether an account can be paid and what it must provide, and tell the endpoints.

    Returns the account; raises `StripeError` when it does not exist or is closed.
    """
    with world.store.transaction():
        body = account(world, account_id)
        if body["closed"]:
            raise StripeError("The account is closed.", code="account_closed")
        fresh = status == "onboarding"
        due = ROUTINE if fresh else due
        wanted: dict[str, Any] = {
            "capability": capability("restricted" if fresh else status, incomplete=bool(due)),
            "requirements": requirements(due, error=error),
        }
        before = _v1(world, body)
        transfers = body["configuration"]["recipient"]["capabilities"]["stripe_balance"]
        changed = transfers["stripe_transfers"] != wanted["capability"]
        asked = body["requirements"] != wanted["requirements"]
        if not changed and not asked:
            return body
        transfers["stripe_transfers"] = wanted["capability"]
        body["requirements"] = wanted["requirements"]
        world.store.save(body)
        _tell(world, body, before, capability_too=changed, requirements_too=asked)
        if transfers_status(body) == "active":
            payouts.start_schedule(world, account_id)
        return body


def _tell(
    world: World, body: Body, before: Body, *, capability_too: bool, requirements_too: bool
) -> None:
    after = _v1(world, body)
    previous = {k: v for k, v in before.items() if after[k] != v}
    world.emit("account.updated", after, account=body["id"], previous=previous)
    if capability_too:
        values = {
            "id": "transfers",
            "account": body["id"],
            "requested": True,
            "requested_at": after["created"],
            "status": after["capabilities"]["transfers"],
        }
        shown = shape(stripe.Capability, values)
        world.emit("capability.updated", shown, account=body["id"])
        thin.capability_changed(world, body["id"])
    if requirements_too:
        thin.emit(world, "v2.core.account[requirements].updated", body["id"])
