"""A parsed template as data, and the way back to its source."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from marketplace.prompts.kinds import NO_LIMITS, Kind, Limits, number_text
from marketplace.prompts.values import variable_key

# A backslash is doubled only where the parser would otherwise read it as an escape.
_NEEDS_ESCAPE = re.compile(r"[\[\]]|\\(?=[\[\]\\]|\Z)")
# Inside a declaration with a kind, semicolons, commas and equals signs separate.
_NEEDS_LONG_ESCAPE = re.compile(r"[\[\];,=]|\\(?=[\[\]\\;,=]|\Z)")


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

    `choices` is empty for free text. With choices, the first of them is the default unless another
    one is named. `label` and `help` are for the form that a buyer fills in, `examples` too.
    """

    name: str
    default: str | None = field(default=None, repr=False)
    choices: tuple[str, ...] = field(default=(), repr=False)
    kind: Kind = Kind.TEXT
    limits: Limits = NO_LIMITS
    label: str = field(default="", repr=False)
    help: str = field(default="", repr=False)
    examples: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if self.choices and self.kind is Kind.TEXT:
            object.__setattr__(self, "kind", Kind.CHOICE)

    @property
    def is_declared(self) -> bool:
        """True when more than the name is known."""
        return self != Variable(self.name)

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
    if _needs_kind(variable):
        return _long_declaration(variable)
    if variable.choices:
        return f"[{variable.name}: {' | '.join(map(_escape, variable.choices))}]"
    if variable.default is not None:
        return f"[{variable.name}={_escape(variable.default)}]"
    return f"[{variable.name}]"


def _needs_kind(variable: Variable) -> bool:
    """True where the short forms cannot say everything."""
    plain = Variable(variable.name, variable.default, variable.choices)
    return variable != plain or bool(
        variable.choices and variable.default not in (None, variable.choices[0])
    )


def _long_declaration(variable: Variable) -> str:
    limits = variable.limits
    words = [variable.kind.value]
    if variable.choices:
        words.append("of " + ", ".join(map(escape_long, variable.choices)))
    if limits.longest is not None:
        words.append(f"up to {limits.longest}")
    if limits.low is not None and limits.high is not None:
        words.append(f"{number_text(limits.low)} to {number_text(limits.high)}")
    if limits.step is not None:
        words.append(f"step {number_text(limits.step)}")
    # A choice's default is its first, and need not be said.
    if variable.default is not None and variable.default != next(iter(variable.choices), None):
        words.append(f"= {escape_long(variable.default)}")
    parts = [" ".join(words)]
    if variable.label:
        parts.append(f"label={escape_long(variable.label)}")
    if variable.help:
        parts.append(f"help={escape_long(variable.help)}")
    if variable.examples:
        parts.append(f"examples={', '.join(map(escape_long, variable.examples))}")
    return f"[{variable.name}: {'; '.join(parts)}]"


def _escape(text: str) -> str:
    return _NEEDS_ESCAPE.sub(lambda match: "\\" + match.group(), text)


def escape_long(text: str) -> str:
    """A text as it stands in a declaration with a kind: see kind_declarations."""
    return _NEEDS_LONG_ESCAPE.sub(lambda match: "\\" + match.group(), text)
