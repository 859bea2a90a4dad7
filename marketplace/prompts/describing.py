"""What a variable takes, in words for buyers and sellers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marketplace.prompts.kinds import Kind

_KINDS = {Kind.NUMBER: "a number", Kind.COLOUR: "a colour", Kind.ASPECT: "an aspect such as 16:9"}


def describe_variable(variable: Mapping[str, Any]) -> str:
    """What a public variable (see redaction.PublicVariable) takes: "a number from 1 to 9"."""
    if variable.get("choices"):
        return ", ".join(variable["choices"])
    limits = variable.get("limits") or {}
    words = [_KINDS.get(Kind(variable.get("kind", Kind.TEXT)), "free text")]
    if "low" in limits:
        words.append(f"from {limits['low']} to {limits['high']}")
    if "step" in limits:
        words.append(f"in steps of {limits['step']}")
    if "longest" in limits:
        words.append(f"of at most {limits['longest']} characters")
    if variable.get("default"):
        words.append(f"(starts as “{variable['default']}”)")
    return " ".join(words)
