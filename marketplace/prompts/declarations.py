"""What stands between one pair of brackets: a name, perhaps a default, choices or a kind."""

from __future__ import annotations

import re
from dataclasses import replace

from marketplace.prompts.kind_declarations import parse_kind
from marketplace.prompts.problems import DeclarationProblem
from marketplace.prompts.template import Variable
from marketplace.prompts.values import (
    name_problem,
    normalise_name,
    normalise_value,
    value_problem,
    variable_key,
)

_ESCAPE = re.compile(r"\\([\[\]\\])")
_DELIMITER = re.compile(r"[=:]")


def unescape(text: str) -> str:
    """The text with `\\[`, `\\]` and `\\\\` resolved; other backslashes stay."""
    return _ESCAPE.sub(r"\1", text)


def parse_declaration(body: str) -> Variable:
    """The variable that the text between two brackets declares or names.

    Raises DeclarationProblem for the first mistake.
    """
    match = _DELIMITER.search(body)
    raw_name = body[: match.start()] if match else body
    name = normalise_name(raw_name)
    problem = name_problem(name)
    if problem is not None:
        raise DeclarationProblem(0, *problem)
    if match is None:
        return Variable(name)
    rest = match.end()
    if match.group() == "=":
        return Variable(name, default=_default(body[rest:], rest + 1))
    if "|" not in body:  # with one it has always been a list of choices
        variable = parse_kind(name, body[rest:], rest + 1)
        if variable is not None:
            return variable
    choices = _choices(body[rest:], rest + 1, name)
    return Variable(name, default=choices[0], choices=choices)


def same_declaration(one: Variable, other: Variable) -> bool:
    """True when two declarations agree; names are compared elsewhere."""
    return replace(one, name=other.name) == other


def _default(raw: str, offset: int) -> str:
    offset += len(raw) - len(raw.lstrip())
    if "|" in raw:
        raise DeclarationProblem(
            offset, "choices_need_colon", "To offer choices, write them as [name: a | b | c]."
        )
    default = _checked(raw, offset)
    if not default:
        raise DeclarationProblem(
            offset,
            "empty_default",
            "There is no default after the = sign. Write one, or remove the = sign.",
        )
    return default


def _choices(raw: str, offset: int, name: str) -> tuple[str, ...]:
    choices: list[str] = []
    seen: set[str] = set()
    for piece in raw.split("|"):
        at = offset + len(piece) - len(piece.lstrip())
        choice = _checked(piece, at)
        if not choice:
            raise DeclarationProblem(
                offset,
                "empty_choice",
                "One of the choices is empty. Separate choices by single | signs.",
            )
        if variable_key(choice) in seen:
            raise DeclarationProblem(at, "repeated_choice", "This choice is there twice.")
        seen.add(variable_key(choice))
        choices.append(choice)
        offset += len(piece) + 1
    if len(choices) == 1:
        raise DeclarationProblem(
            offset - len(raw) - 1,
            "one_choice",
            f"A single choice is none. Add more after a | sign, write [{name}=...] for a default "
            f"that buyers may replace, or a kind as in [{name}: number 1 to 9].",
        )
    return tuple(choices)


def _checked(raw: str, offset: int) -> str:
    """A default or choice, unescaped and normalised; may be empty."""
    value = normalise_value(unescape(raw))
    problem = value_problem(value)
    if problem is not None:
        raise DeclarationProblem(offset, *problem)
    return value
