"""The control page and its JSON API: look inside, and make things go wrong on purpose."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from local.stripe import (
    accounts,
    balance,
    behaviour,
    checkout,
    control_actions,
    deliveries,
    faults,
)
from local.stripe.account_views import iso, transfers_status
from local.stripe.cards import TEST_CARDS
from local.stripe.errors import StripeError
from local.stripe.store import Body
from local.stripe.world import World

Answer = str | Response | AnyResponse | tuple[Response, int]


def blueprint(world: World) -> Blueprint:
    """The control page over one world. Only this machine reaches it (see server.py)."""
    control = Blueprint("control", __name__)
    _views(control, world)
    _fault_routes(control, world)
    control_actions.register(control, world)

    @control.errorhandler(StripeError)
    def refused(error: StripeError) -> tuple[Response, int]:
        return jsonify(error.body()), error.status

    return control


def _views(control: Blueprint, world: World) -> None:
    @control.get("/")
    def home() -> str:
        return render_template(
            "control.html",
            **_state(world, 40),
            faults=faults.current(world.store),
            balance=balance.totals(world, None),
            statuses=accounts.STATUSES,
            cards=TEST_CARDS,
            endpoints=world.config.endpoints,
            switches=behaviour.of(world),
            choices=behaviour.CHOICES,
            policies=control_actions.REVERSAL_POLICIES,
            now=iso(world.time()),
            skew=world.skew,
            sums_of=lambda account: balance.totals(world, account),
            policy_of=lambda account: world.store.private(account).get("reversals", "default"),
            webhook_actions=faults.WEBHOOK_ACTIONS,
            api_actions=faults.API_ACTIONS,
        )

    @control.get("/healthz")
    def healthz() -> Response:
        world.store.setting("faults")
        return jsonify(ok=True)

    @control.get("/_control/state")
    def state() -> Response:
        limit = min(request.args.get("limit", 100, type=int), 1000)
        return jsonify(_state(world, limit))


def _state(world: World, limit: int) -> dict[str, list[Body]]:
    """The newest sessions, accounts, transfers and events, events with their deliveries."""
    checkout.expire_overdue(world)
    store = world.store
    found = {
        "sessions": store.all_of("checkout.session", limit=limit),
        "accounts": [
            account | {"transfers_status": transfers_status(account)}
            for account in store.all_of("v2.core.account", limit=limit)
        ],
        "transfers": store.all_of("transfer", limit=limit),
        "charges": store.all_of("charge", "account IS NULL", limit=limit),
        "refunds": store.all_of("refund", "account IS NULL", limit=limit),
        "disputes": store.all_of("dispute", limit=limit),
        "payouts": [
            payout | {"account": store.owner(payout["id"])}
            for payout in store.all_of("payout", limit=limit)
        ],
    }
    found["events"] = [
        event | {"deliveries": deliveries.of_event(store, event["id"])}
        for event in store.all_of("event", limit=limit)
    ]
    found["thin_events"] = [
        event | {"deliveries": deliveries.of_event(store, event["id"])}
        for event in store.all_of("v2.core.event", limit=limit)
    ]
    return found


def _fault_routes(control: Blueprint, world: World) -> None:
    @control.get("/_control/faults")
    def show_faults() -> Response:
        return jsonify(faults.current(world.store))

    @control.post("/_control/faults")
    def set_faults() -> Answer:
        wanted = _fault_form() if request.form else request.get_json(silent=True)
        try:
            with world.store.transaction():
                rules = faults.replace(world.store, wanted)
                deliveries.release_held(world.store, world.time())
        except faults.BadFault as problem:
            return jsonify(error=str(problem)), 400
        world.wake()
        return redirect("/", 303) if request.form else jsonify(rules)

    def _fault_form() -> Any:
        """The page's form adds one rule to those in force, or clears them all."""
        if "clear" in request.form:
            return {}
        rules = faults.current(world.store)
        family = request.form.get("family", "webhooks")
        rule: dict[str, Any] = {"action": request.form.get("action")}
        rule["type" if family == "webhooks" else "path"] = request.form.get("pattern") or "*"
        if request.form.get("times", "").isdigit():
            rule["times"] = int(request.form["times"])
        if request.form.get("seconds", "").isdigit():
            rule["seconds"] = int(request.form["seconds"])
        if request.form.get("percent", "").isdigit():
            rule["rate"] = int(request.form["percent"]) / 100
        return rules | {family: [*rules.get(family, []), rule]}
