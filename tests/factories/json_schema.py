"""Checks data against the part of JSON Schema that our schemas use; other words are errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

TYPES = {
    "object": dict, "array": list, "string": str, "integer": int, "boolean": bool,
    "null": type(None),
}  # fmt: skip
NOTES = {"$schema", "$id", "$defs", "title", "description"}


def problems(schema: dict[str, Any], data: Any, root: dict[str, Any], at: str = "$") -> list[str]:
    """Everything in which the data differs from the schema, with its place."""
    return list(_problems(schema, data, root, at))


def _problems(schema: dict[str, Any], data: Any, root: dict[str, Any], at: str) -> Iterator[str]:
    for word, rule in schema.items():
        if word in NOTES or word in {"required", "additionalProperties"}:
            continue
        if word == "$ref":
            yield from _problems(root["$defs"][rule.rpartition("/")[2]], data, root, at)
        elif word in {"anyOf", "oneOf"}:
            fits = [option for option in rule if not problems(option, data, root, at)]
            if not fits or (word == "oneOf" and len(fits) > 1):
                yield f"{at}: {len(fits)} of {word} fit"
        elif word == "properties":
            yield from _in_object(schema, data, root, at)
        elif word == "items":
            for number, item in enumerate(data):
                yield from _problems(rule, item, root, f"{at}[{number}]")
        elif not _holds(word, rule, data):
            yield f"{at}: {data!r} against {word} {rule!r}"


def _in_object(schema: dict[str, Any], data: Any, root: dict[str, Any], at: str) -> Iterator[str]:
    if not isinstance(data, dict):
        return
    yield from (
        f"{at}: {name} is missing" for name in schema.get("required", ()) if name not in data
    )
    rest = schema.get("additionalProperties", True)
    for name, value in data.items():
        rule = schema["properties"].get(name, rest)
        if rule is False:
            yield f"{at}: {name} is not allowed"
        elif rule is not True:
            yield from _problems(rule, value, root, f"{at}.{name}")


def _holds(word: str, rule: Any, data: Any) -> bool:
    if word == "type":
        kind = TYPES[rule]
        return isinstance(data, kind) and (kind is not int or not isinstance(data, bool))
    if word == "pattern":
        return not isinstance(data, str) or re.search(rule, data) is not None
    if word in {"minimum", "maximum"}:
        return not isinstance(data, int) or (data >= rule if word == "minimum" else data <= rule)
    return {"enum": lambda: data in rule, "const": lambda: data == rule}[word]()
