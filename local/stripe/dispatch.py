"""The API's front door: key, version, faults, parameters, idempotency, then the operation.

It knows nothing of sockets: `api.py` serves it over HTTP, `inprocess.py` calls it directly.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import stripe

from local.stripe import agenda, faults, idempotency, schema
from local.stripe.accounts import no_access
from local.stripe.call import Call, Refusal, Route, refuse_unsupported
from local.stripe.errors import StripeError, invalid
from local.stripe.form import decode
from local.stripe.idempotency import Answer
from local.stripe.listing import expand
from local.stripe.routes import ROUTES
from local.stripe.store import Body
from local.stripe.world import Origin, World


@dataclass(frozen=True)
class Request:
    """One call as it arrives. Header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes | str = b""


@dataclass(frozen=True)
class Reply:
    """What goes back: status, JSON text and headers."""

    status: int
    text: str
    headers: dict[str, str] = field(default_factory=dict)


class NoAnswerError(Exception):
    """A fault rule breaks the connection; `seconds` is how long the caller is kept waiting."""

    def __init__(self, seconds: float = 0) -> None:
        super().__init__("no answer, on purpose")
        self.seconds = seconds


class Dispatcher:
    """Answers API calls over one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._exact: dict[tuple[str, str], Route] = {}
        self._patterns: dict[tuple[str, int], list[tuple[list[str], Route]]] = {}
        for route in ROUTES:
            steps = route.rule.split("/")
            if "<" in route.rule:
                same_size = self._patterns.setdefault((route.method, len(steps)), [])
                same_size.append((steps, route))
            else:
                self._exact[route.method, route.rule] = route

    def handle(self, request: Request) -> Reply:
        """Answer one call.

        Raises `NoAnswerError` when a fault rule wants the connection to break.
        """
        request_id = f"req_{self.world.ids.token(14)}"
        replayed = lost = False
        try:
            self._authenticate(request)
            route, ids = self._find(request)
            _check_version(request)
            lost = self._break_on_purpose(request)
            agenda.run_due(self.world)
            answer, replayed = self._answer(request, route, ids, request_id)
        except StripeError as error:
            answer = Answer(error.status, json.dumps(error.body(request_id)), request_id)
        if lost:
            raise NoAnswerError
        return _reply(request, answer, request_id, replayed=replayed)

    def _find(self, request: Request) -> tuple[Route, dict[str, str]]:
        exact = self._exact.get((request.method, request.path))
        if exact is not None:
            return exact, {}
        steps = request.path.split("/")
        for pattern, route in self._patterns.get((request.method, len(steps)), []):
            if all(p == s or (p[:1] == "<" and s) for p, s in zip(pattern, steps, strict=True)):
                pairs = zip(pattern, steps, strict=True)
                return route, {p[1:-1]: s for p, s in pairs if p[:1] == "<"}
        raise StripeError(
            f"Unrecognized request URL ({request.method}: {request.path})."
            " Stripe may know it; the emulator does not.",
            status=404,
        )

    def _answer(
        self, request: Request, route: Route, ids: dict[str, str], request_id: str
    ) -> tuple[Answer, bool]:
        """The answer, and whether it was given before. One transaction from key to event."""
        world, path = self.world, request.path
        account = request.headers.get("stripe-account") or None
        key = request.headers.get("idempotency-key") if route.method == "POST" else None
        raw = _raw_params(request, route)
        print_ = idempotency.fingerprint(route.method, path, raw) if key is not None else ""
        scope = account or ""
        with world.store.transaction():
            if key is not None:
                kept = idempotency.recall(world.store, key, scope, print_, path, world.time())
                if kept is not None:
                    return kept, True
            extra = {name: raw.pop(name) for name in route.extra if name in raw}
            params = schema.check(
                schema.params_class(route.params), raw, typed=route.v2 and route.method == "POST"
            )
            refuse_unsupported(route, params)
            if not route.rule.endswith(">"):
                params = schema.without_empty_metadata(params)
            if account is not None:
                self._check_account(route, account)
            call = Call(world, params | extra, ids, path, account, Origin(request_id, key))
            answer = _execute(call, route, request_id)
            if key is not None:
                idempotency.keep(world.store, key, scope, print_, path, answer, world.time())
            return answer, False

    def _check_account(self, route: Route, account: str) -> None:
        if not route.on_accounts:
            raise StripeError(
                "The emulator serves this route for the platform only.", executed=False
            )
        body = self.world.store.find(account, "v2.core.account")
        if body is None or body["closed"]:
            raise no_access(account)

    def _authenticate(self, request: Request) -> None:
        given = request.headers.get("authorization", "")
        scheme, _, key = given.partition(" ")
        if scheme.lower() == "basic":
            try:
                key = base64.b64decode(key, validate=True).decode().partition(":")[0]
            except ValueError:
                key = ""
        key = key.strip() if scheme.lower() in ("basic", "bearer") else ""
        if not key:
            raise StripeError("You did not provide an API key.", status=401, executed=False)
        if not hmac.compare_digest(key.encode(), self.world.config.api_key.encode()):
            shown = f"{key[:8]}{'*' * 8}{key[-4:]}" if len(key) > 16 else "*" * 8
            raise StripeError(f"Invalid API Key provided: {shown}", status=401, executed=False)

    def _break_on_purpose(self, request: Request) -> bool:
        """Act on a fault rule before anything is done; true when the answer shall be lost."""
        world = self.world
        rule = faults.for_call(world.store, request.method, request.path, world.random)
        if rule is None:
            return False
        if rule["action"] == "timeout":
            raise NoAnswerError(rule["seconds"])
        if rule["action"] == "429":
            raise StripeError(
                "Too many requests hit the API too quickly.",
                status=429,
                code="rate_limit",
                executed=False,
            )
        if rule["action"] == "500":
            raise StripeError(
                "An unknown error occurred.", status=500, type="api_error", executed=False
            )
        if rule["action"] == "refuse":
            raise StripeError(
                "Refused by a fault rule of the emulator.", code=rule["code"], executed=False
            )
        return True


def _execute(call: Call, route: Route, request_id: str) -> Answer:
    """Run the operation in a savepoint: a refusal undoes it, but is an answer worth keeping."""
    try:
        with call.world.store.transaction():
            body = route.handler(call)
            if isinstance(body, Refusal):
                return Answer(body.status, json.dumps({"error": body.error}), request_id)
            paths = call.params.get("expand")
            if paths:
                # Expansion replaces ids in place; nothing stored may change with it.
                body = expand(call.world, json.loads(json.dumps(body)), paths)
            return Answer(200, json.dumps(body), request_id)
    except StripeError as error:
        if not error.executed:
            raise
        return Answer(error.status, json.dumps(error.body(request_id)), request_id)


def _raw_params(request: Request, route: Route) -> Body:
    if request.method != "POST":
        return decode(parse_qsl(request.query, keep_blank_values=True))
    body = request.body if isinstance(request.body, str) else _text(request.body)
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    wanted = "application/json" if route.v2 else "application/x-www-form-urlencoded"
    if body and given != wanted:
        raise invalid(f"Invalid Content-Type {given or '(none)'}: this route takes {wanted}.")
    if not route.v2:
        return decode(parse_qsl(body, keep_blank_values=True))
    return _json(body)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise invalid("The request's body is not UTF-8.") from None


def _json(text: str) -> Body:
    if not text:
        return {}
    try:
        values: Any = json.loads(text)
    except ValueError:
        raise invalid("The request's body is not valid JSON.") from None
    if not isinstance(values, dict):
        raise invalid("The request's body is not a JSON object.")
    return values


def _check_version(request: Request) -> None:
    version = request.headers.get("stripe-version", stripe.api_version)
    if version != stripe.api_version:
        raise invalid(
            f"Invalid Stripe API version: {version}. The emulator speaks {stripe.api_version} only."
        )


def _reply(request: Request, answer: Answer, request_id: str, *, replayed: bool) -> Reply:
    headers = {
        "Content-Type": "application/json",
        "Request-Id": request_id,
        "Stripe-Version": stripe.api_version,
    }
    key = request.headers.get("idempotency-key")
    if key and request.method == "POST":
        headers["Idempotency-Key"] = key
        headers["Original-Request"] = answer.request_id
    account = request.headers.get("stripe-account")
    if account:
        headers["Stripe-Account"] = account
    if replayed:
        headers["Idempotent-Replayed"] = "true"
    return Reply(answer.status, answer.text, headers)
