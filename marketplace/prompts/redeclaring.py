"""Saying what a variable takes by a form instead of by its declaration's spelling."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from marketplace.prompts.declarations import parse_declaration
from marketplace.prompts.kinds import Kind, number_text
from marketplace.prompts.problems import DeclarationProblem
from marketplace.prompts.template import (
    Template,
    Variable,
    escape_long,
    format_template,
)

PARTS = (
    "label", "kind", "default", "choices", "low", "high", "step", "longest", "help", "examples",
)  # fmt: skip
"""What a form may say of a variable, each as one text; choices and examples with commas."""
_ITEM = re.compile(r"(?:\\.|[^,])+")
_ESCAPED = re.compile(r"\\([\\,])")
_SPECIAL = re.compile(r"[\\,]")
_LISTED = (Kind.CHOICE, Kind.COLOUR, Kind.ASPECT)


def parts_of(variable: Variable) -> dict[str, str]:
    """A variable as a form shows it; ``declared`` of it gives the variable back."""
    limits = variable.limits
    numbers = {"low": limits.low, "high": limits.high, "step": limits.step}
    return {
        "label": variable.label,
        "kind": variable.kind.value,
        "default": variable.default or "",
        "choices": _listed(variable.choices),
        **{name: "" if number is None else number_text(number) for name, number in numbers.items()},
        "longest": "" if limits.longest is None else str(limits.longest),
        "help": variable.help,
        "examples": _listed(variable.examples),
    }


def declared(name: str, parts: Mapping[str, str]) -> Variable:
    """The variable that a form describes; parts that its kind does not have are left out.

    Raises:
        DeclarationProblem: for the first mistake, in words that say how to mend it.
    """
    # A | sign would make the declaration one of the short form.
    said = {part: " ".join(parts.get(part, "").replace("|", "/").split()) for part in PARTS}
    kind = Kind(said["kind"]) if said["kind"] in {kind.value for kind in Kind} else Kind.TEXT
    head = f"{kind.value}{_limits(kind, said)}"
    if said["default"]:
        head += f" = {escape_long(said['default'])}"
    pieces = [head]
    pieces += [f"{part}={escape_long(said[part])}" for part in ("label", "help") if said[part]]
    examples = _items(said["examples"])
    if examples:
        pieces.append(f"examples={', '.join(map(escape_long, examples))}")
    return parse_declaration(f"{name}: {'; '.join(pieces)}")


def redeclared(template: Template, variable: Variable) -> str:
    """The template's source with another declaration of one of its variables."""
    others = [
        replace(variable, name=one.name) if one.key == variable.key else one
        for one in template.variables
    ]
    return format_template(Template(template.nodes, tuple(others)))


def _limits(kind: Kind, said: Mapping[str, str]) -> str:
    if kind in _LISTED:
        items = _items(said["choices"])
        return f" of {', '.join(map(escape_long, items))}" if items else ""
    if kind is Kind.TEXT:
        return f" up to {escape_long(said['longest'])}" if said["longest"] else ""
    text = ""
    if said["low"] or said["high"]:
        if not (said["low"] and said["high"]):
            raise DeclarationProblem(
                0, "half_a_range", "Give both the smallest and the largest number, or neither."
            )
        text += f" {escape_long(said['low'])} to {escape_long(said['high'])}"
    return text + (f" step {escape_long(said['step'])}" if said["step"] else "")


def _items(text: str) -> list[str]:
    """What stands between commas; a backslash makes one, or a comma, part of an item."""
    pieces = (_ESCAPED.sub(r"\1", match.group()).strip() for match in _ITEM.finditer(text))
    return [piece for piece in pieces if piece]


def _listed(items: tuple[str, ...]) -> str:
    return ", ".join(_SPECIAL.sub(r"\\\g<0>", item) for item in items)
