"""Builds API objects with every field that the installed library documents for them.

Nullable fields that nobody filled are null, as in Stripe's answers. A field the class does not
know, or a required one without a value, is a mistake in the emulator and raises at once.
"""

from __future__ import annotations

import types
from functools import cache
from inspect import get_annotations
from typing import Any, ClassVar, Literal, NamedTuple, Union, get_args, get_origin

from stripe import StripeObject
from stripe._stripe_object import UntypedStripeObject

# Present only where Stripe says so: a deleted object's mark.
_NEVER_NULL = {"deleted"}
_NO_DEFAULT = object()


class _Field(NamedTuple):
    """What to do with one field: the class of a nested object or of a list's items, if any."""

    name: str
    optional: bool
    nested: type | None
    items: type | None
    default: Any


def shape(cls: type, values: dict[str, Any], *, omit: tuple[str, ...] = ()) -> dict[str, Any]:
    """An object of a library class as plain JSON.

    `omit` names fields to leave out when not given: those Stripe includes on request only
    (`line_items`), or `"*"` for every null, as in hashes keyed by a payment method's type.
    Raises `LookupError` for unknown or missing fields.
    """
    fields = _fields(cls)
    unknown = values.keys() - fields.keys()
    if unknown:
        raise LookupError(f"{cls.__qualname__} has no field {sorted(unknown)}")
    result: dict[str, Any] = {}
    for name, field in fields.items():
        if name in values:
            result[name] = _given(field, values[name])
        elif field.optional:
            if name not in _NEVER_NULL and name not in omit and "*" not in omit:
                result[name] = None
        elif name not in omit:
            result[name] = _default(cls, field)
    return result


def keys_of(cls: type) -> set[str]:
    """The names of all fields that a library class documents, or the resource it derives from."""
    resources = [base for base in cls.__mro__[1:] if "OBJECT_NAME" in vars(base)]
    return {name for one in (cls, *resources) for name in _fields(one)}


@cache
def _fields(cls: type) -> dict[str, _Field]:
    result = {}
    for name, annotation in get_annotations(cls).items():
        origin: Any = get_origin(annotation)
        if origin is ClassVar:
            continue
        inner = _inner(annotation)
        items = get_args(inner)[0] if get_origin(inner) is list else None
        result[name] = _Field(
            name,
            type(None) in get_args(annotation),
            inner if _is_object(inner) else None,
            items if _is_object(items) else None,
            _default_of(annotation),
        )
    return result


def _inner(annotation: Any) -> Any:
    """What is left of an annotation without None."""
    if get_origin(annotation) in (Union, types.UnionType):
        rest = [part for part in get_args(annotation) if part is not type(None)]
        if len(rest) == 1:
            return rest[0]
    return annotation


def _is_object(annotation: Any) -> bool:
    return (
        isinstance(annotation, type)
        and issubclass(annotation, StripeObject)
        and annotation is not UntypedStripeObject
        and bool(get_annotations(annotation))
    )


def _given(field: _Field, value: Any) -> Any:
    if isinstance(value, dict):
        if "__whole__" in value:
            return {key: part for key, part in value.items() if key != "__whole__"}
        return shape(field.nested, value) if field.nested else value
    if isinstance(value, list) and field.items:
        return [shape(field.items, part) for part in value]
    return value


def whole(values: dict[str, Any]) -> dict[str, Any]:
    """Mark a nested hash as complete already, so that no nulls are added to it."""
    return values | {"__whole__": True}


def _default_of(annotation: Any) -> Any:
    """What a required field holds when nobody fills it; lists and hashes as their types."""
    if annotation is bool:
        return False
    if get_origin(annotation) is list:
        return list
    if get_origin(annotation) is Literal and len(get_args(annotation)) == 1:
        return get_args(annotation)[0]
    if annotation is UntypedStripeObject or get_origin(annotation) is UntypedStripeObject:
        return dict
    return annotation if _is_object(annotation) else _NO_DEFAULT


def _default(cls: type, field: _Field) -> Any:
    if field.default is _NO_DEFAULT:
        raise LookupError(f"{cls.__qualname__}.{field.name} needs a value")
    if field.default in (list, dict):
        return field.default()
    return shape(field.default, {}) if isinstance(field.default, type) else field.default
