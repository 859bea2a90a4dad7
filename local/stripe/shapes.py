"""Builds API objects with every field that the installed library documents for them.

Nullable fields that nobody filled are null, as in Stripe's answers. A field the class does not
know, or a required one without a value, is a mistake in the emulator and raises at once.
"""

from __future__ import annotations

import types
from inspect import get_annotations
from typing import Any, ClassVar, Literal, Union, get_args, get_origin

from stripe import StripeObject
from stripe._stripe_object import UntypedStripeObject

# Present only where Stripe says so: a deleted object's mark.
_NEVER_NULL = {"deleted"}


def shape(cls: type, values: dict[str, Any], *, omit: tuple[str, ...] = ()) -> dict[str, Any]:
    """An object of a library class as plain JSON.

    `omit` names fields to leave out when not given: those Stripe includes on request only
    (`line_items`), or `"*"` for every null, as in hashes keyed by a payment method's type.
    Raises `LookupError` for unknown or missing fields.
    """
    annotations = {
        name: annotation
        for name, annotation in get_annotations(cls).items()
        if get_origin(annotation) is not ClassVar
    }
    unknown = set(values) - set(annotations)
    if unknown:
        raise LookupError(f"{cls.__qualname__} has no field {sorted(unknown)}")
    result: dict[str, Any] = {}
    for name, annotation in annotations.items():
        if name in values:
            result[name] = _given(annotation, values[name])
        elif _optional(annotation):
            if name not in _NEVER_NULL and name not in omit and "*" not in omit:
                result[name] = None
        elif name not in omit:
            result[name] = _default(cls, name, annotation)
    return result


def _optional(annotation: Any) -> bool:
    return type(None) in get_args(annotation)


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


def _given(annotation: Any, value: Any) -> Any:
    inner = _inner(annotation)
    if _is_object(inner) and isinstance(value, dict) and "__whole__" not in value:
        return shape(inner, value)
    if get_origin(inner) is list and isinstance(value, list):
        (item,) = get_args(inner)
        if _is_object(item):
            return [shape(item, part) for part in value]
    if isinstance(value, dict):
        return {key: part for key, part in value.items() if key != "__whole__"}
    return value


def whole(values: dict[str, Any]) -> dict[str, Any]:
    """Mark a nested hash as complete already, so that no nulls are added to it."""
    return values | {"__whole__": True}


def _default(cls: type, name: str, annotation: Any) -> Any:
    if annotation is bool:
        return False
    if get_origin(annotation) is list:
        return []
    if get_origin(annotation) is Literal and len(get_args(annotation)) == 1:
        return get_args(annotation)[0]
    if annotation is UntypedStripeObject or get_origin(annotation) is UntypedStripeObject:
        return {}
    if _is_object(annotation):
        return shape(annotation, {})
    raise LookupError(f"{cls.__qualname__}.{name} needs a value")
