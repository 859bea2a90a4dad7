"""Checks requests against the parameter types of the installed `stripe` package.

The library's TypedDicts are generated from Stripe's own API description, so the names, the
required fields, the types and the enumerations are exactly those of the pinned version.
"""

from __future__ import annotations

import re
import sys
import types
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib import import_module
from typing import (
    Any,
    Literal,
    NamedTuple,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from stripe import RequestOptions
from stripe._stripe_object import UntypedStripeObject
from typing_extensions import is_typeddict

from local.stripe.errors import StripeError, invalid

# Parameters classes also serve the library's class methods, which mix options into the same dict.
_OPTION_NAMES = frozenset(RequestOptions.__annotations__)


class Field(NamedTuple):
    """One parameter: its type without the NotRequired wrapper, and whether it must be sent."""

    annotation: Any
    required: bool


@cache
def fields_of(params: type) -> dict[str, Field]:
    """The parameters of a TypedDict of `stripe.params`, without the library's own options."""
    own = {k: v for k, v in params.__annotations__.items() if k not in _OPTION_NAMES}
    hints = get_type_hints(
        types.SimpleNamespace(__annotations__=own),
        globalns=vars(sys.modules[params.__module__]),
        include_extras=True,
    )
    result = {}
    for name, annotation in hints.items():
        optional = get_origin(annotation) is NotRequired
        if get_origin(annotation) in (NotRequired, Required):
            annotation = get_args(annotation)[0]
        result[name] = Field(annotation, required=not optional)
    return result


@cache
def params_class(path: str) -> type:
    """The class for `checkout._session_create_params.SessionCreateParams` under `stripe.params`."""
    module, _, name = path.rpartition(".")
    found: type = getattr(import_module(f"stripe.params.{module}"), name)
    return found


def check(params: type, values: dict[str, Any], *, typed: bool) -> dict[str, Any]:
    """Check and convert a whole request.

    `typed` is true for JSON bodies, where a number must be a number; form values arrive as text.
    Returns the values in their Python types. Raises `StripeError` naming the parameter.
    """
    return _hash(params, values, "", typed)


def _hash(params: type, values: Any, at: str, typed: bool) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise invalid(f"Invalid hash for {at}.", at, "parameter_invalid_hash")
    fields = fields_of(params)
    for name in values:
        if name not in fields:
            where = _join(at, name)
            raise invalid(f"Received unknown parameter: {where}", where, "parameter_unknown")
    for name, field in fields.items():
        if field.required and name not in values:
            where = _join(at, name)
            raise invalid(f"Missing required param: {where}.", where, "parameter_missing")
    return {
        name: _value(fields[name].annotation, value, _join(at, name), typed)
        for name, value in values.items()
    }


def _join(at: str, name: str | int) -> str:
    return f"{at}[{name}]" if at else str(name)


def _value(annotation: Any, value: Any, at: str, typed: bool) -> Any:
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return _union(get_args(annotation), value, at, typed)
    if origin is Literal:
        return _literal(get_args(annotation), value, at)
    if origin is list:
        if not isinstance(value, list):
            raise invalid(f"Invalid array: {at} must be a list.", at, "parameter_invalid_array")
        (item,) = get_args(annotation)
        return [_value(item, part, _join(at, i), typed) for i, part in enumerate(value)]
    if origin in (dict, UntypedStripeObject) or annotation is UntypedStripeObject:
        return _mapping((get_args(annotation) or (str,))[-1], value, at, typed)
    if is_typeddict(annotation):
        return _hash(annotation, value, at, typed)
    return _scalar(annotation, value, at, typed)


def _union(options: tuple[Any, ...], value: Any, at: str, typed: bool) -> Any:
    """An enumeration is written `Literal[…] | str`: requests must still use a listed value."""
    if value == "" and any(get_origin(o) is Literal and "" in get_args(o) for o in options):
        return ""
    if value is None and type(None) in options:
        return None
    literals = tuple(
        choice
        for option in options
        if get_origin(option) is Literal
        for choice in get_args(option)
        if choice != ""
    )
    rest = [o for o in options if get_origin(o) is not Literal and o is not type(None)]
    if literals and all(o is str for o in rest):
        return _literal(literals, value, at)
    failure: StripeError | None = None
    # Hashes and lists before scalars, so that an error names the inner parameter.
    shaped = isinstance(value, dict | list)
    for option in sorted(rest, key=lambda o: (o in (str, int, float, bool, Decimal)) == shaped):
        try:
            return _value(option, value, at, typed)
        except StripeError as error:
            failure = failure or error
    raise failure or invalid(f"Invalid value for {at}.", at)


def _literal(choices: tuple[Any, ...], value: Any, at: str) -> Any:
    if value in choices:
        return value
    listed = ", ".join(str(choice) for choice in choices)
    raise invalid(f"Invalid {at}: must be one of {listed}", at, "parameter_invalid_enum")


def _mapping(item: Any, value: Any, at: str, typed: bool) -> dict[str, Any]:
    """A hash with free keys: metadata where its values are text, otherwise anything of one type."""
    if isinstance(value, list):  # keys that are all digits look like a list once decoded
        value = {str(i): part for i, part in enumerate(value)}
    if not isinstance(value, dict):
        raise invalid(f"Invalid hash for {at}.", at, "parameter_invalid_hash")
    if item is str:
        return _metadata(value, at)
    if set(get_args(item)) == {str, type(None)}:
        # In the second API null takes a key away.
        _metadata({key: text for key, text in value.items() if text is not None}, at)
        return value
    return {key: _value(item, part, _join(at, key), typed) for key, part in value.items()}


def _metadata(value: dict[str, Any], at: str) -> dict[str, str]:
    """Up to 50 keys of up to 40 characters with values of up to 500, as Stripe documents."""
    if len(value) > 50:
        raise invalid(f"{at} can have at most 50 keys.", at)
    for key, text in value.items():
        where = _join(at, key)
        if not isinstance(text, str):
            raise invalid(f"Metadata values must be strings: {where}", where)
        if len(key) > 40 or len(text) > 500:
            raise invalid("Metadata keys can have up to 40 characters and values up to 500.", where)
    return value


def without_empty_metadata(values: dict[str, Any]) -> dict[str, Any]:
    """What a new object keeps of its metadata: empty values, which unset in updates, mean none."""
    result: dict[str, Any] = {}
    for name, value in values.items():
        if name == "metadata":
            if value:
                result[name] = {key: text for key, text in value.items() if text != ""}
        elif isinstance(value, dict):
            result[name] = without_empty_metadata(value)
        elif isinstance(value, list):
            result[name] = [
                without_empty_metadata(part) if isinstance(part, dict) else part for part in value
            ]
        else:
            result[name] = value
    return result


def _scalar(annotation: Any, value: Any, at: str, typed: bool) -> Any:
    if annotation is Any:
        return value
    if annotation is str:
        if not isinstance(value, str):
            raise invalid(f"Invalid string: {at}", at, "parameter_invalid_string")
        if value == "":
            raise invalid(
                f"You passed an empty string for '{at}'. It cannot be unset.",
                at,
                "parameter_invalid_empty",
            )
        return value
    if annotation is bool:
        return _boolean(value, at, typed)
    if annotation is int:
        if type(value) is int and typed:
            return value
        if isinstance(value, str) and not typed and re.fullmatch(r"-?\d{1,18}", value):
            return int(value)
        raise invalid(f"Invalid integer: {value}", at, "parameter_invalid_integer")
    if annotation in (float, Decimal):
        try:
            return annotation(str(value))
        except (ValueError, InvalidOperation):
            raise invalid(f"Invalid decimal: {value}", at) from None
    raise TypeError(f"no check for {annotation!r} at {at}")


def _boolean(value: Any, at: str, typed: bool) -> bool:
    if isinstance(value, bool) and typed:
        return value
    if not typed and value in ("true", "false"):
        return bool(value == "true")
    raise invalid(f"Invalid boolean: {value}", at, "parameter_invalid_boolean")
