"""A parsed template as data, and the way back to its source."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from marketplace.prompts.values import variable_key

# A backslash is doubled only where the parser would otherwise read it as an escape.
_NEEDS_ESCAPE = re.compile(r"[\[\]]|\\(?=[\[\]\\]|\Z)")


@dataclass(frozen=True, slots=True)
class Text:
    """Literal words, escapes resolved. Secret: kept out of `repr`, hence out of tracebacks."""

    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Slot:
    """A place where a variable's value goes; `name` is spelled as in `Template.variables`."""

    name: str


@dataclass(frozen=True, slots=True)
class Variable:
    """A part that the buyer fills in.

    `choices` is empty for free text. With choices, the first of them is the default.
    """

    name: str
    default: str | None = field(default=None, repr=False)
    choices: tuple[str, ...] = field(default=(), repr=False)

    @property
    def key(self) -> str:
        """The name as compared: case and spacing do not count."""
        return variable_key(self.name)


@dataclass(frozen=True, slots=True)
class Template:
    """What `parse` returns: nodes in reading order, variables in order of first appearance.

    No two Text nodes are neighbours and none is empty.
    """

    nodes: tuple[Text | Slot, ...]
    variables: tuple[Variable, ...]

    def variable(self, name: str) -> Variable | None:
        """The variable of this name in any spelling, or None."""
        key = variable_key(name)
        return next((variable for variable in self.variables if variable.key == key), None)


def format_template(template: Template) -> str:
    """The source text of a template; `parse` of it gives an equal template back.

    Each variable is declared at its first occurrence and bare afterwards.
    """
    undeclared = {variable.name: variable for variable in template.variables}
    parts = []
    for node in template.nodes:
        if isinstance(node, Text):
            parts.append(_escape(node.value))
        else:
            variable = undeclared.pop(node.name, None)
            parts.append(_declaration(variable) if variable else f"[{node.name}]")
    return "".join(parts)


def _declaration(variable: Variable) -> str:
    if variable.choices:
        return f"[{variable.name}: {' | '.join(map(_escape, variable.choices))}]"
    if variable.default is not None:
        return f"[{variable.name}={_escape(variable.default)}]"
    return f"[{variable.name}]"


def _escape(text: str) -> str:
    return _NEEDS_ESCAPE.sub(lambda match: "\\" + match.group(), text)
