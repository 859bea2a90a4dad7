"""A prompt's source as the lint reads it: slots blanked out, every offset kept."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from marketplace.prompts.template import Template, Variable
from marketplace.prompts.values import variable_key

_SLOT = re.compile(r"\\[\[\]\\]|\[(?:\\[\[\]\\]|[^\[\]\n])*\]")
_NAME = re.compile(r"[=:]")


@dataclass(frozen=True, slots=True)
class SlotPlace:
    """Where a variable stands."""

    start: int
    end: int
    variable: Variable


@dataclass(frozen=True, slots=True)
class Source:
    """`text` has the source's length; what stands in brackets is spaces there."""

    text: str = field(repr=False)
    slots: tuple[SlotPlace, ...]
    template: Template

    def supplies(self, names: frozenset[str]) -> bool:
        """Whether a variable is called by one of these names, alone or among other words."""
        return any(
            variable_key(variable.name) in names
            or names & set(variable_key(variable.name).replace("-", " ").split())
            for variable in self.template.variables
        )

    def offered(self) -> str:
        """Everything that variables offer: defaults, choices, examples, one after the other."""
        return " . ".join(
            value
            for variable in self.template.variables
            for value in (variable.default or "", *variable.choices, *variable.examples)
        )


def read_source(source: str, template: Template) -> Source:
    """The source of a template that was parsed from it, line breaks as LF."""
    slots: list[SlotPlace] = []
    blanked = []
    last = 0
    for match in _SLOT.finditer(source):
        if match.group().startswith("\\"):
            continue
        name = _NAME.split(match.group()[1:-1], maxsplit=1)[0]
        variable = template.variable(name)
        if variable is None:
            continue
        slots.append(SlotPlace(match.start(), match.end(), variable))
        blanked.append(source[last : match.start()] + " " * (match.end() - match.start()))
        last = match.end()
    blanked.append(source[last:])
    return Source("".join(blanked), tuple(slots), template)
