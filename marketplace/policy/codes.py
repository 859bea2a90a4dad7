"""The closed list of reason codes, read from data/reason_codes.json."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Literal

from pydantic import Field, model_validator

from marketplace.policy.data_files import Strict, load
from marketplace.policy.findings import Severity

CODE_COUNT = 17
POINTS_LAST_DAYS = 180
SUSPEND_AT = 6
"""Points that count at the same time, from which on a shop is suspended."""
SUSPENDED_DAYS = 30


class ReasonCode(Strict):
    """Why a listing may be turned away, in the words that its seller reads."""

    number: int = Field(ge=1, le=CODE_COUNT)
    key: str = Field(pattern=r"^[A-Z]+(_[A-Z]+)*$")
    name: str = Field(min_length=3, max_length=60)
    severity: Severity
    """The most that a finding with this code weighs."""
    rule: str = Field(min_length=10, max_length=200)
    seller_text: str = Field(min_length=10, max_length=300)
    fix_hint: str = Field(min_length=10, max_length=300)
    how: str = Field(min_length=10, max_length=400)
    """How it is found, for the guidelines."""
    good: tuple[str, ...]
    bad: tuple[str, ...]
    """Examples of what passes and of what does not."""
    source: Literal["text", "verification"]
    """What finds it: the checks of the texts, or the re-run of the samples."""
    resubmit: bool
    """The seller may mend it and submit again."""
    appeal: bool
    hands: int = Field(1, ge=1, le=2)
    """How many moderators must approve a listing with a hard finding of this code."""
    points: int = Field(0, ge=0, le=10)
    """What a rejection for it counts against the seller, until it expires."""


class ReasonCodes(Strict):
    """The whole list; numbers and keys are those of the closed list, each once."""

    version: str
    codes: tuple[ReasonCode, ...] = Field(min_length=CODE_COUNT, max_length=CODE_COUNT)

    @model_validator(mode="after")
    def _closed(self) -> ReasonCodes:
        if [code.number for code in self.codes] != list(range(1, CODE_COUNT + 1)):
            raise ValueError("numbers must run from 1, in order")
        if len({code.key for code in self.codes}) != CODE_COUNT:
            raise ValueError("a key is there twice")
        return self

    def __iter__(self) -> Iterator[ReasonCode]:  # type: ignore[override]
        return iter(self.codes)


@cache
def reason_codes() -> ReasonCodes:
    """All codes in their order."""
    return load(ReasonCodes, "reason_codes.json")


@cache
def _by_key() -> dict[str, ReasonCode]:
    return {code.key: code for code in reason_codes()}


def name_of(key: str) -> str:
    """What people call a finding's code; one that is no reason code is told by its own words."""
    known = _by_key().get(key)
    return known.name if known is not None else key.replace("_", " ").capitalize()


def code_of(key: str) -> ReasonCode:
    """One code by its key. Raises KeyError."""
    return _by_key()[key]
