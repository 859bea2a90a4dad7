"""JSON with one spelling: equal values have equal bytes, so that they can be signed.

The subset of RFC 8785 without fractional numbers: those differ between languages, so documents
write them as decimal strings (see `decimal`).
"""

from __future__ import annotations

import json
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

MAX_INTEGER = 2**53 - 1
"""Beyond this a reader that knows only doubles would round."""


class CanonicalError(ValueError):
    """A value that has no canonical spelling."""


def canonical(value: Any) -> bytes:
    """The value's one spelling in UTF-8: keys sorted by UTF-16 code unit, no white space.

    Raises:
        CanonicalError: for floats, integers beyond 2**53 - 1, lone surrogates, other types.
    """
    try:
        text = json.dumps(_ordered(value), ensure_ascii=False, separators=(",", ":"))
        return text.encode()
    except (UnicodeEncodeError, RecursionError) as error:
        raise CanonicalError(f"cannot be written: {type(error).__name__}") from None


def decimal(number: float, digits: int = 3) -> str:
    """A number as a plain decimal string, rounded half to even: 4.0 → "4", 0.125 → "0.125"."""
    rounded = Decimal(str(number)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN)
    text = f"{rounded:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _ordered(value: Any) -> Any:
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise CanonicalError("integers beyond 2**53 - 1 are written as strings")
        return value
    if isinstance(value, list | tuple):
        return [_ordered(item) for item in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise CanonicalError("keys must be strings")
        return {key: _ordered(value[key]) for key in sorted(value, key=_utf16)}
    raise CanonicalError(f"a {type(value).__name__} has no canonical spelling")


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be")
