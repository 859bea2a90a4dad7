"""Stripe's form encoding: `line_items[0][price_data][currency]=usd` and back to nested values."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from local.stripe.errors import invalid

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")


def decode(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Nested dicts and lists of strings from flat pairs.

    Raises `StripeError` for a malformed key, or a key used both as a value and as a hash.
    """
    root: dict[str, Any] = {}
    for key, value in pairs:
        _insert(root, _path(key), value, key)
    return {name: _lists(value) for name, value in root.items()}


def _path(key: str) -> list[str]:
    match = _KEY.fullmatch(key)
    if not match:
        raise invalid(f"Invalid parameter name: {key}", key)
    return [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]


def _insert(node: dict[str, Any], path: list[str], value: str, key: str) -> None:
    for step in path[:-1]:
        node = node.setdefault(step or str(len(node)), {})
        if not isinstance(node, dict):
            raise invalid(f"Invalid parameter: {key} is both a value and a hash", key)
    last = path[-1] or str(len(node))
    if last in node:
        raise invalid(f"The parameter {key} was sent twice.", key)
    node[last] = value


def _lists(node: Any) -> Any:
    """Hashes whose keys are 0, 1, 2… were lists before they were encoded."""
    if not isinstance(node, dict):
        return node
    values = {key: _lists(value) for key, value in node.items()}
    if values and all(key.isdigit() for key in values):
        return [values[key] for key in sorted(values, key=int)]
    return values
