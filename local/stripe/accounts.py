"""Connected accounts: creation, hosted onboarding links, readiness."""

from __future__ import annotations

import stripe
from stripe.v2.core import AccountLink

from local.stripe.account_views import (
    capability,
    iso,
    new_v2,
    requirements,
    seconds,
    transfers_status,
    v1_view,
    v2_view,
)
from local.stripe.call import Call
from local.stripe.errors import StripeError, invalid, missing
from local.stripe.shapes import shape, whole
from local.stripe.store import Body
from local.stripe.world import World

LINK_LIFETIME_SECONDS = 600


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
    account_id = f"acct_1{call.world.ids.token(15)}"
    body = call.world.store.add(new_v2(params, account_id, call.world.now()))
    return v2_view(body, params.get("include", []))


def retrieve(call: Call) -> Body:
    """`GET /v2/core/accounts/:id`, with the included parts."""
    return v2_view(_account(call.world, call.ids["id"]), call.params.get("include", []))


def retrieve_v1(call: Call) -> Body:
    """`GET /v1/accounts/:id`; an unknown account is a matter of access there (403)."""
    body = call.world.store.find(call.ids["id"], "v2.core.account")
    if body is None:
        raise no_access(call.ids["id"])
    return v1_view(body)


def no_access(account_id: str) -> StripeError:
    """What v1 says about an account that the key cannot reach."""
    return StripeError(
        f"The provided key does not have access to account '{account_id}'"
        " (or that account does not exist). Application access may have been revoked.",
        status=403,
        code="account_invalid",
        executed=False,
    )


def _account(world: World, account_id: str) -> Body:
    body = world.store.find(account_id, "v2.core.account")
    if body is None:
        raise missing("account", account_id)
    return body


def create_link(call: Call) -> Body:
    """`POST /v2/core/account_links`: a single-use address of the hosted onboarding page."""
    account = call.world.store.find(call.params["account"], "v2.core.account")
    if account is None:
        raise missing("account", call.params["account"], "account")
    use_case = call.params["use_case"]
    details = use_case.get(use_case["type"])
    if details is None:
        name = f"use_case.{use_case['type']}"
        raise invalid(f"{name} is required for this type.", name, "parameter_missing")
    now = call.world.now()
    token = call.world.ids.token(24)
    link = shape(
        AccountLink,
        {
            "account": account["id"],
            "created": iso(now),
            "expires_at": iso(now + LINK_LIFETIME_SECONDS),
            "url": f"{call.world.base_url}/setup/{token}",
            "use_case": whole(use_case),
        },
    )
    # Links have no id in the API; the emulator keeps them under their secret.
    call.world.store.add(
        {"id": token, "object": "emulator.link", "created": now, "link": link},
        private={"used": False},
    )
    return link


def open_link(world: World, token: str) -> tuple[Body, Body, bool] | None:
    """A link's account, its addresses, and whether it still works; None if there is no such link.

    The addresses are `refresh_url` and, perhaps, `return_url`.
    """
    found = world.store.find(token, "emulator.link")
    if found is None:
        return None
    link = found["link"]
    alive = not world.store.private(token)["used"] and world.now() < seconds(link["expires_at"])
    use_case = link["use_case"]
    return _account(world, link["account"]), use_case[use_case["type"]], alive


def use_link(world: World, token: str) -> None:
    """The seller pressed the button: use up the link and make the account ready."""
    with world.store.transaction():
        opened = open_link(world, token)
        if opened is None or not opened[2]:
            return
        world.store.remember(token, used=True)
        set_status(world, opened[0]["id"], "active")


def set_status(world: World, account_id: str, status: str) -> Body:
    """Change whether an account can be paid, and tell the Connect endpoints.

    Returns the account; raises `StripeError` when it does not exist.
    """
    with world.store.transaction():
        body = _account(world, account_id)
        before = v1_view(body)
        recipient = body["configuration"]["recipient"]
        balance = recipient["capabilities"]["stripe_balance"]
        if transfers_status(body) != status:
            balance["stripe_transfers"] = capability(status)
            body["requirements"] |= requirements(incomplete=False)
            world.store.save(body)
            after = v1_view(body)
            changed = {k: v for k, v in before.items() if after[k] != v}
            world.emit("account.updated", after, account=account_id, previous=changed)
        return body


def create_login_link(call: Call) -> Body:
    """`POST /v1/accounts/:id/login_links`: the seller's own page about their balance."""
    body = call.world.store.find(call.ids["id"], "v2.core.account")
    if body is None:
        raise no_access(call.ids["id"])
    if body["dashboard"] != "express" or not v1_view(body)["details_submitted"]:
        raise StripeError(
            "Cannot create a login link for an account that has not completed onboarding."
        )
    now = call.world.now()
    token = call.world.ids.token(24)
    call.world.store.add(
        {"id": token, "object": "emulator.login", "created": now, "account": body["id"]}
    )
    return shape(
        stripe.LoginLink, {"created": now, "url": f"{call.world.base_url}/express/{token}"}
    )
