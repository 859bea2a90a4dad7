"""The API's front door: key, version, faults, parameters, idempotency, then the operation."""

from __future__ import annotations

import hmac
import json
import socket
from typing import Any

import stripe
from flask import Blueprint, Response, current_app, request

from local.stripe import faults, idempotency, schema
from local.stripe.accounts import no_access
from local.stripe.call import Call, Route, refuse_unsupported
from local.stripe.errors import StripeError, invalid
from local.stripe.form import decode
from local.stripe.idempotency import Answer
from local.stripe.listing import expand
from local.stripe.routes import ROUTES
from local.stripe.store import Body, random_token
from local.stripe.world import Origin, World


def blueprint(world: World) -> Blueprint:
    """All API routes over one world."""
    api = Blueprint("api", __name__)
    for route in ROUTES:
        api.add_url_rule(
            route.rule,
            endpoint=f"{route.method} {route.rule}".replace(".", "_"),
            view_func=_view(world, route),
            methods=[route.method],
        )
    for version in ("v1", "v2"):
        api.add_url_rule(
            f"/{version}/<path:rest>",
            endpoint=f"unknown_{version}",
            view_func=lambda rest: _unknown(world),
            methods=["GET", "POST", "DELETE", "PUT", "PATCH"],
        )
    return api


def _view(world: World, route: Route) -> Any:
    def view(**ids: str) -> Response:
        request_id = f"req_{random_token(14)}"
        try:
            _authenticate(world)
            _check_version()
            broken = _break_on_purpose(world, request_id)
            if broken is not None:
                return broken
            answer, replayed = _answer(world, route, ids, request_id)
        except StripeError as error:
            answer, replayed = Answer(error.status, error.body(), request_id), False
        if request.environ.get("bracket.lose_answer"):
            _hang_up()
        return _respond(answer, request_id, replayed=replayed)

    return view


def _answer(
    world: World, route: Route, ids: dict[str, str], request_id: str
) -> tuple[Answer, bool]:
    """The answer, and whether it was given before. One transaction from key to event."""
    account = request.headers.get("Stripe-Account")
    raw = _raw_params(route)
    key = request.headers.get("Idempotency-Key") if route.method == "POST" else None
    scope, path = account or "", request.path
    print_ = idempotency.fingerprint(route.method, path, raw)
    with world.store.transaction():
        if key is not None:
            kept = idempotency.recall(world.store, key, scope, print_, path)
            if kept is not None:
                return kept, True
        params = schema.check(
            schema.params_class(route.params), raw, typed=route.v2 and route.method == "POST"
        )
        refuse_unsupported(route, params)
        if account is not None:
            if not route.on_accounts:
                raise StripeError(
                    "The emulator serves this route for the platform only.", executed=False
                )
            if world.store.find(account, "v2.core.account") is None:
                raise no_access(account)
        call = Call(world, params, ids, path, account, Origin(request_id, key))
        answer = Answer(*_execute(call, route), request_id)
        if key is not None:
            idempotency.keep(world.store, key, scope, print_, path, answer)
        return answer, False


def _execute(call: Call, route: Route) -> tuple[int, Body]:
    """Run the operation in a savepoint: a refusal undoes it, but is an answer worth keeping."""
    try:
        with call.world.store.transaction():
            body = json.loads(json.dumps(route.handler(call)))
            return 200, expand(call.world, body, call.params.get("expand", []))
    except StripeError as error:
        if not error.executed:
            raise
        return error.status, error.body()


def _raw_params(route: Route) -> Body:
    if route.method == "GET":
        return decode(request.args.items(multi=True))
    if not route.v2:
        return decode(request.form.items(multi=True))
    body = request.get_json(silent=True) if request.data else {}
    if not isinstance(body, dict):
        raise invalid("The request's body is not a JSON object.")
    return body


def _authenticate(world: World) -> None:
    given = request.headers.get("Authorization", "")
    key = given.removeprefix("Bearer ").strip()
    if request.authorization and request.authorization.type == "basic":
        key = request.authorization.username or ""
    if not key:
        raise StripeError("You did not provide an API key.", status=401, executed=False)
    if not hmac.compare_digest(key.encode(), world.config.api_key.encode()):
        shown = f"{key[:8]}{'*' * 8}{key[-4:]}" if len(key) > 16 else "*" * 8
        raise StripeError(f"Invalid API Key provided: {shown}", status=401, executed=False)


def _check_version() -> None:
    version = request.headers.get("Stripe-Version", stripe.api_version)
    if version != stripe.api_version:
        raise invalid(
            f"Invalid Stripe API version: {version}. The emulator speaks {stripe.api_version} only."
        )


def _break_on_purpose(world: World, request_id: str) -> Response | None:
    """Act on a fault rule for this call, before anything is done, or after for `lost_answer`."""
    rule = faults.for_call(world.store, request.method, request.path)
    if rule is None:
        return None
    if rule["action"] == "timeout":
        world.stopping.wait(rule["seconds"])
        _hang_up()
    if rule["action"] == "lost_answer":
        request.environ["bracket.lose_answer"] = True
        return None
    if rule["action"] == "429":
        error = StripeError("Too many requests hit the API too quickly.", status=429)
        error.code = "rate_limit"
    else:
        error = StripeError("An unknown error occurred.", status=500, type="api_error")
    return _respond(Answer(error.status, error.body(), request_id), request_id)


def _hang_up() -> None:
    """Close the connection without an answer, as a broken network would."""
    connection = request.environ.get("werkzeug.socket")
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("closed on purpose by a fault rule")


def _unknown(world: World) -> Response:
    try:
        _authenticate(world)
        raise StripeError(
            f"Unrecognized request URL ({request.method}: {request.path})."
            " Stripe may know it; the emulator does not.",
            status=404,
        )
    except StripeError as error:
        request_id = f"req_{random_token(14)}"
        return _respond(Answer(error.status, error.body(), request_id), request_id)


def _respond(answer: Answer, request_id: str, *, replayed: bool = False) -> Response:
    response: Response = current_app.response_class(
        json.dumps(answer.body, indent=2), status=answer.status, mimetype="application/json"
    )
    response.headers["Request-Id"] = request_id
    response.headers["Stripe-Version"] = stripe.api_version
    key = request.headers.get("Idempotency-Key")
    if key and request.method == "POST":
        response.headers["Idempotency-Key"] = key
        response.headers["Original-Request"] = answer.request_id
    if replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response
