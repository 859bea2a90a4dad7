"""Account links, the hosted onboarding behind them, and links to the seller's own page."""

from __future__ import annotations

import re
from dataclasses import dataclass

import stripe
from stripe.v2.core import AccountLink

from local.stripe import accounts, agenda, balance, payouts, thin
from local.stripe.account_views import DOCUMENT, iso, seconds, transfers_status, v1_view
from local.stripe.call import Call
from local.stripe.errors import StripeError, invalid, missing
from local.stripe.new_session import check_url
from local.stripe.shapes import shape, whole
from local.stripe.store import Body
from local.stripe.world import World

LINK_LIFETIME_SECONDS = 600
_KIND = "emulator.link"

# What the page asks for, with invented answers that are filled in already.
FIELDS = {
    "given_name": ("First name", "Sam"),
    "surname": ("Last name", "Sample"),
    "birth": ("Date of birth", "1990-04-12"),
    "line1": ("Street", "123 Example Street"),
    "city": ("City", "Springfield"),
    "postal_code": ("ZIP code", "62701"),
    "ssn_last_4": ("Last 4 digits of the SSN", "0000"),
    "account_number": ("Bank account number", "000123456789"),
}
_PATTERNS = {
    "birth": (r"(19|20)\d\d-\d\d-\d\d", "Write the date as 1990-04-12."),
    "postal_code": (r"\d{5}", "Write five digits."),
    "ssn_last_4": (r"\d{4}", "Write four digits."),
}
# Effects of special answers, as Stripe's own test values have them.
NEEDS_DOCUMENT, UNDER_REVIEW = "1111", "2222"


@dataclass(frozen=True)
class Opened:
    """A link that somebody follows. `urls` has `refresh_url` and, perhaps, `return_url`."""

    account: Body
    urls: Body
    alive: bool


def create_link(call: Call) -> Body:
    """`POST /v2/core/account_links`: a single-use address of the hosted onboarding page."""
    account = call.world.store.find(call.params["account"], accounts.KIND)
    if account is None or account["closed"]:
        raise missing("account", call.params["account"], "account")
    use_case = call.params["use_case"]
    details = use_case.get(use_case["type"])
    if details is None:
        name = f"use_case.{use_case['type']}"
        raise invalid(f"{name} is required for this type.", name, "parameter_missing")
    for name in ("refresh_url", "return_url"):
        if name in details:
            check_url(details[name], f"use_case.{use_case['type']}.{name}")
    now = call.world.now()
    values: Body = {
        "account": account["id"],
        "created": iso(now),
        "expires_at": iso(now + LINK_LIFETIME_SECONDS),
        "url": _keep(call.world, account["id"], details, now),
        "use_case": whole(use_case),
    }
    return shape(AccountLink, values)


def create_link_v1(call: Call) -> Body:
    """`POST /v1/account_links`: the same page for platforms without the second API."""
    params = call.params
    account = call.world.store.find(params["account"], accounts.KIND)
    if account is None or account["closed"]:
        raise accounts.no_access(params["account"])
    for name in ("refresh_url", "return_url"):
        if name not in params:
            raise invalid(f"Missing required param: {name}.", name, "parameter_missing")
        check_url(params[name], name)
    now = call.world.now()
    urls = {name: params[name] for name in ("refresh_url", "return_url")}
    values = {
        "created": now,
        "expires_at": now + LINK_LIFETIME_SECONDS,
        "url": _keep(call.world, account["id"], urls, now),
    }
    return shape(stripe.AccountLink, values)


def _keep(world: World, account_id: str, urls: Body, now: int) -> str:
    """Links have no id in the API; the emulator keeps them under their secret."""
    token = world.ids.token(24)
    link = {"account": account_id, "urls": urls, "expires_at": iso(now + LINK_LIFETIME_SECONDS)}
    stored = {"id": token, "object": _KIND, "created": now, "link": link}
    world.store.add(stored, private={"used": False})
    return f"{world.base_url}/setup/{token}"


def open_link(world: World, token: str) -> Opened | None:
    """Follow a link; None if there is no such link."""
    found = world.store.find(token, _KIND)
    if found is None:
        return None
    link = found["link"]
    account = accounts.account(world, link["account"])
    used = world.store.private(token)["used"] or account["closed"]
    return Opened(account, link["urls"], not used and world.now() < seconds(link["expires_at"]))


def check_answers(form: dict[str, str]) -> dict[str, str]:
    """One message per answer that is wrong. A form without any takes the invented answers."""
    if not any(name in form for name in FIELDS):
        return {}
    errors = {}
    for name in FIELDS:
        text = form.get(name, "").strip()
        pattern, help_ = _PATTERNS.get(
            name, (r".{1,100}", "Fill this in; anything invented will do.")
        )
        if not re.fullmatch(pattern, text):
            errors[name] = help_
    number = form.get("account_number", "").strip()
    if "account_number" not in errors and number not in payouts.TEST_BANKS:
        errors["account_number"] = "Only the test numbers below work. Never type a real one."
    return errors


def submit(world: World, token: str, form: dict[str, str]) -> Opened | None:
    """The seller sent checked answers: use up the link, and let them have their effect."""
    with world.store.transaction():
        opened = open_link(world, token)
        if opened is None or not opened.alive:
            return opened
        world.store.remember(token, used=True)
        account_id = opened.account["id"]
        thin.emit(
            world,
            "v2.core.account_link.returned",
            account_id,
            data={
                "account_id": account_id,
                "configurations": ["recipient"],
                "use_case": "account_onboarding",
            },
        )
        payouts.give_bank(world, account_id, form.get("account_number", "").strip())
        code = form.get("ssn_last_4", "")
        if code == NEEDS_DOCUMENT:
            accounts.set_status(
                world,
                account_id,
                "restricted",
                due=(DOCUMENT,),
                error="The details could not be verified: show an identity document.",
            )
        elif code == UNDER_REVIEW:
            accounts.set_status(world, account_id, "pending")
            agenda.plan(world, balance.DAY, "account.activate", account_id)
        else:
            accounts.set_status(world, account_id, "active")
        return opened


@agenda.job("account.activate")
def _activate_later(world: World, account_id: str, arguments: Body) -> None:
    account = accounts.account(world, account_id)
    if not account["closed"] and transfers_status(account) == "pending":
        accounts.set_status(world, account_id, "active")


def leave(world: World, token: str) -> Opened | None:
    """The seller goes back without finishing: the link is used up, nothing else changes."""
    with world.store.transaction():
        opened = open_link(world, token)
        if opened is not None and opened.alive:
            world.store.remember(token, used=True)
        return opened


def create_login_link(call: Call) -> Body:
    """`POST /v1/accounts/:id/login_links`: the seller's own page about their balance."""
    body = call.world.store.find(call.ids["id"], accounts.KIND)
    if body is None or body["closed"]:
        raise accounts.no_access(call.ids["id"])
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
