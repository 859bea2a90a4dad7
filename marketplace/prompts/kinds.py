"""Kinds of variables besides free text and choices: number, colour, aspect; their limits.

A value is brought to one spelling ("1,50" to "1.5", "1920x1080" to "16:9") before it is filled in,
so that a sample's values and a buyer's compare as they should.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from math import gcd
from typing import Any

from marketplace.prompts.colours import COLOUR_WORDS, COMMON_COLOURS

MAX_SIDES = 10  # an aspect is at most ten times as wide as high, or the other way round
COMMON_ASPECTS = ("1:1", "3:2", "2:3", "4:3", "3:4", "16:9", "9:16")
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}(?:[.,][0-9]{1,4})?")
_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})")
_ASPECT = re.compile(r"([0-9]{1,5})\s*[:x×/]\s*([0-9]{1,5})")
_WORD = re.compile(r"[a-z]+")
_COLOUR = re.compile(r"[^\W\d_]+(?:[ '-][^\W\d_]+){0,3}")
_MANY = 7


class Kind(StrEnum):
    """What a variable takes."""

    TEXT = "text"
    CHOICE = "choice"
    NUMBER = "number"
    COLOUR = "colour"
    ASPECT = "aspect"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a value must keep to, besides its kind; None: nothing more.

    `low`, `high` and `step` belong to numbers, `longest` (in characters) to text.
    """

    low: Decimal | None = None
    high: Decimal | None = None
    step: Decimal | None = None
    longest: int | None = None

    @property
    def decimals(self) -> int:
        """Digits after the point that a number may have; limits in whole numbers mean none."""
        if self.step is not None:
            return _places(self.step)
        given = [number for number in (self.low, self.high) if number is not None]
        return max(map(_places, given)) if given else 4

    def sentence(self) -> str:
        """The limits in words, as part of a sentence: "from 1 to 99, in steps of 2"; or ""."""
        parts = []
        if self.low is not None and self.high is not None:
            parts.append(f"from {number_text(self.low)} to {number_text(self.high)}")
        if self.step is not None:
            parts.append(f"in steps of {number_text(self.step)}")
        if self.longest is not None:
            parts.append(f"of at most {self.longest} characters")
        return ", ".join(parts)


NO_LIMITS = Limits()


def number_text(number: Decimal) -> str:
    """A number in its one spelling: no needless noughts, no exponent."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def read_number(text: str) -> Decimal | None:
    """A number as people type it, with a point or a comma; None for anything else."""
    if _NUMBER.fullmatch(text.strip()) is None:
        return None
    return Decimal(text.strip().replace(",", ".")) + 0  # "-0" is nought


def spelled(kind: Kind, limits: Limits, value: str) -> tuple[str, tuple[str, str] | None]:
    """A normalised, non-empty value in its one spelling, and (code, message) if it breaks a rule.

    The message says how to mend it and never quotes the template.
    """
    if kind is Kind.NUMBER:
        return _spelled_number(limits, value)
    if kind is Kind.COLOUR:
        return _spelled_colour(value)
    if kind is Kind.ASPECT:
        return _spelled_aspect(value)
    if limits.longest is not None and len(value) > limits.longest:
        return value, (
            "too_long",
            f"This has {len(value)} characters; use at most {limits.longest}.",
        )
    return value, None


def typical_values(variable: Mapping[str, Any]) -> list[str]:
    """Values that a public variable of a special kind may be given, several where there are;
    empty for text and choices. Part of the public drawing rule: see verification.consistency.
    """
    kind, limits = variable.get("kind"), variable.get("limits") or {}
    if kind == Kind.COLOUR:
        return list(COMMON_COLOURS)
    if kind == Kind.ASPECT:
        return list(COMMON_ASPECTS)
    if kind != Kind.NUMBER:
        return []
    if "low" not in limits:
        own = [*variable.get("examples", ()), variable.get("default")]
        return list(dict.fromkeys(filter(None, own))) or ["1", "2", "3", "5", "8"]
    low, high = Decimal(limits["low"]), Decimal(limits["high"])
    step = Decimal(limits["step"]) if "step" in limits else _finest(low, high)
    count = int((high - low) / step)
    picked = {round(count * part / (_MANY - 1)) for part in range(_MANY)}
    return [number_text(low + step * index) for index in sorted(picked)]


def messages(kind: Kind, limits: Limits) -> dict[str, str]:
    """What is said of each mistake, by code; the buyer's page says the same as he types."""
    where = limits.sentence()
    if kind is Kind.NUMBER:
        whole = "a whole number" if limits.decimals == 0 else f"{limits.decimals} decimals at most"
        return {
            "not_a_number": f"Write a number {where or 'such as 3 or 2.5'}.",
            "out_of_range": f"Write a number {where}.",
            "too_fine": f"Write {whole}{', ' + where if where else ''}.",
            "not_a_step": f"Write a number {where}.",
        }
    if kind is Kind.COLOUR:
        return {
            "not_a_code": "Write a colour code as # and six digits: #1e90ff.",
            "not_a_colour": "Write a colour in up to four words, one of them a colour's name, such "
            "as deep teal, or a code such as #1e90ff.",
        }
    if kind is Kind.ASPECT:
        return {
            "not_an_aspect": "Write width and height with a colon, such as 16:9.",
            "out_of_range": f"One side may be at most {MAX_SIDES} times the other, such as 3:1.",
        }
    return {}


def _refused(kind: Kind, limits: Limits, value: str, code: str) -> tuple[str, tuple[str, str]]:
    return value, (code, messages(kind, limits)[code])


def _spelled_number(limits: Limits, value: str) -> tuple[str, tuple[str, str] | None]:
    number = read_number(value)
    if number is None:
        return _refused(Kind.NUMBER, limits, value, "not_a_number")
    text = number_text(number)
    low, high, step = limits.low, limits.high, limits.step
    if (low is not None and number < low) or (high is not None and number > high):
        return _refused(Kind.NUMBER, limits, text, "out_of_range")
    if _places(number) > limits.decimals:
        return _refused(Kind.NUMBER, limits, text, "too_fine")
    if step is not None and (number - (low or 0)) % step != 0:
        return _refused(Kind.NUMBER, limits, text, "not_a_step")
    return text, None


def _spelled_colour(value: str) -> tuple[str, tuple[str, str] | None]:
    lowered = value.lower()
    if lowered.startswith("#"):
        if _HEX.fullmatch(lowered) is None:
            return _refused(Kind.COLOUR, NO_LIMITS, value, "not_a_code")
        digits = lowered[1:]
        return "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits)), None
    if _COLOUR.fullmatch(value) and COLOUR_WORDS & set(_WORD.findall(lowered)):
        return value, None
    return _refused(Kind.COLOUR, NO_LIMITS, value, "not_a_colour")


def _spelled_aspect(value: str) -> tuple[str, tuple[str, str] | None]:
    match = _ASPECT.fullmatch(value)
    wide, high = (int(match.group(1)), int(match.group(2))) if match else (0, 0)
    if not wide or not high:
        return _refused(Kind.ASPECT, NO_LIMITS, value, "not_an_aspect")
    if max(wide, high) > MAX_SIDES * min(wide, high):
        return _refused(Kind.ASPECT, NO_LIMITS, value, "out_of_range")
    common = gcd(wide, high)
    return f"{wide // common}:{high // common}", None


def _places(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _finest(low: Decimal, high: Decimal) -> Decimal:
    return Decimal(1).scaleb(-max(_places(low), _places(high)))
