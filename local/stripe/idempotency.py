"""Idempotency keys: the first answer is kept, and given again to whoever repeats the request."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from local.stripe.errors import StripeError
from local.stripe.store import Body, Store

_KEPT_SECONDS = {"/v1/": 24 * 3600, "/v2/": 30 * 24 * 3600}
LONGEST_KEY = 255


@dataclass(frozen=True)
class Answer:
    """A response as it was first given; `text` is its JSON body."""

    status: int
    text: str
    request_id: str


def fingerprint(method: str, path: str, params: Body) -> str:
    """A digest that is the same for the same request only."""
    text = json.dumps([method, path, params], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def recall(store: Store, key: str, scope: str, print_: str, path: str, now: float) -> Answer | None:
    """The answer kept under a key, or None.

    `scope` is the account the call is for. Raises `StripeError` when the key was first used with
    another request.
    """
    if len(key) > LONGEST_KEY:
        raise StripeError(
            "Idempotency keys can have up to 255 characters.",
            type="idempotency_error",
            executed=False,
        )
    rows = store.rows("SELECT * FROM idempotency WHERE key = ? AND scope = ?", key, scope)
    if not rows:
        return None
    if rows[0]["expires"] < now:
        store.execute("DELETE FROM idempotency WHERE key = ? AND scope = ?", key, scope)
        return None
    if rows[0]["fingerprint"] != print_:
        raise StripeError(
            "Keys for idempotent requests can only be used with the same parameters they were"
            f" first used with. Try using a key other than '{key}' if you meant to execute a"
            f" different request (to {path}).",
            type="idempotency_error",
            executed=False,
        )
    return Answer(rows[0]["status"], rows[0]["body"], rows[0]["request_id"])


def keep(
    store: Store, key: str, scope: str, print_: str, path: str, answer: Answer, now: float
) -> None:
    """Keep an answer: a day for v1, errors included; a month for v2, successes only."""
    if path.startswith("/v2/") and answer.status >= 400:
        return
    store.execute(
        "INSERT INTO idempotency VALUES (?, ?, ?, ?, ?, ?, ?)",
        key,
        scope,
        print_,
        answer.status,
        answer.text,
        answer.request_id,
        now + _KEPT_SECONDS[path[:4]],
    )


def purge(store: Store, now: float) -> int:
    """Forget the answers that are too old to be given again; returns how many."""
    return store.execute("DELETE FROM idempotency WHERE expires < ?", now)
