"""Bytes and foreign values into clean text, whole numbers and numbers. Nothing here raises."""

from __future__ import annotations

import json
import math
import re
from itertools import accumulate
from typing import Any

from marketplace.images.metadata.work import MAX_TEXT_BYTES

MAX_JSON_DEPTH = 64
MAX_JSON_CONTAINERS = 50_000
MAX_DIGITS = 24

# Possessive throughout: each pattern is one pass however the text is made.
_STRING = re.compile(r'"(?:[^"\\]++|\\.?)*+"?', re.DOTALL)
_NO_BRACKET = re.compile(r"[^\[\]{}]++")
_DIRECTION = {"[": 1, "{": 1, "]": -1, "}": -1}
# Control characters but tab and line break, halves of surrogate pairs, marks that reorder text.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_NUMBER = re.compile(r"[+-]?[0-9]{1,24}(?:\.[0-9]{0,24})?(?:[eE][+-]?[0-9]{1,3})?")
_CHARSETS = {b"ASCII\0\0\0": "utf-8", b"JIS\0\0\0\0\0": "iso2022_jp", b"\0" * 8: "utf-8"}


def decode_text(data: bytes) -> str:
    """UTF-8 where the bytes are that, else Latin-1 (PNG's own), which takes any bytes."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def decode_comment(data: bytes) -> str:
    """An EXIF UserComment: eight bytes name the character set; some writers leave them out."""
    if data.startswith(b"UNICODE\0"):
        return _utf16(data[8:])
    for prefix, charset in _CHARSETS.items():
        if data.startswith(prefix):
            return data[8:].rstrip(b"\0").decode(charset, "replace")
    return decode_text(data.rstrip(b"\0"))


def _utf16(data: bytes) -> str:
    """UTF-16 of either order: the standard names none, and tools differ."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    head = data[:2000]
    # In text the high byte varies least: it is nought, or one of few.
    big = len(set(head[0::2])) <= len(set(head[1::2]))
    return data.decode("utf-16-be" if big else "utf-16-le", "replace").rstrip("\0")


def clean(text: str, longest: int, lines: bool = False) -> str:
    """The text without invisible characters, cut to `longest`; one line unless `lines`."""
    text = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")[: 2 * longest])
    if not lines:
        text = " ".join(text.split())
    return text.strip()[:longest]


def has_invisible(text: str) -> bool:
    """True when `clean` would take characters out of the text."""
    return _INVISIBLE.search(text.replace("\r", "\n")) is not None


def as_text(value: Any, longest: int, lines: bool = False) -> str | None:
    """A string or number as clean text; None for anything else and for nothing but space."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return clean(str(value), longest, lines) or None


def as_number(value: Any, low: float, high: float) -> float | None:
    """A number within bounds, from a number or its text; None for anything else."""
    if isinstance(value, str):
        text = value.strip()[:60]
        if _NUMBER.fullmatch(text) is None:
            return None
        value = float(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not low <= value <= high:  # before float(): a whole number may be too large for one
        return None
    return float(value) if math.isfinite(value) else None


def as_integer(value: Any, low: int, high: int) -> int | None:
    """A whole number within bounds, from a number or its text; exact beyond 2^53."""
    if isinstance(value, str):
        text = value.strip()[:60].removesuffix(".0")
        if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) <= MAX_DIGITS):
            return None
        value = int(text)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if low <= value <= high else None


def read_json(text: str) -> Any:
    """The value of a JSON text; None for anything broken, too long, too deep or too wide.

    NaN and infinities become None, for ComfyUI writes them; so do numbers of more than 24 digits.
    """
    if len(text) > MAX_TEXT_BYTES or not _is_shallow(text):
        return None
    try:
        return json.loads(text, parse_int=_whole, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None


def _is_shallow(text: str) -> bool:
    brackets = _NO_BRACKET.sub("", _STRING.sub("", text))
    if len(brackets) > 2 * MAX_JSON_CONTAINERS:
        return False
    depths = accumulate(_DIRECTION[bracket] for bracket in brackets)
    return max(depths, default=0) <= MAX_JSON_DEPTH


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits) <= MAX_DIGITS else None
