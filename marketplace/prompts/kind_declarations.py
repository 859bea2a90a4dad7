"""Declarations with a kind: `[name: kind limits = default; label=…; help=…; examples=a, b]`.

Kinds and their limits: `text up to 40`, `choice of red, teal, gold`, `number 1 to 99 step 2`,
`colour of red, teal`, `aspect of 1:1, 16:9`; each limit may be left out. A backslash makes `;`, `,`
and `=` literal. All this was refused before as "a single choice", so no older template changes.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from marketplace.prompts.kinds import NO_LIMITS, Kind, Limits, read_number, spelled
from marketplace.prompts.problems import DeclarationProblem
from marketplace.prompts.template import Variable
from marketplace.prompts.values import (
    MAX_VALUE_CHARACTERS,
    is_control,
    normalise_value,
    value_problem,
    variable_key,
)

MAX_LABEL, MAX_HELP, MAX_EXAMPLES = 60, 200, 6
_KINDS = {kind.value: kind for kind in Kind} | {"color": Kind.COLOUR}
_ESCAPE = re.compile(r"\\([\[\]\\;,=])")
_BEFORE_EQUALS = re.compile(r"(?:\\.|[^\\=])*", re.DOTALL)
_PIECES = {sign: re.compile(rf"(?:\\.|[^\\{sign}])+", re.DOTALL) for sign in ";,"}
_UP_TO = re.compile(r"up to ([0-9]{1,4})\s*")
_RANGE = re.compile(r"([+-]?[0-9.,]{1,14}) to ([+-]?[0-9.,]{1,14})\s*")
_STEP = re.compile(r"step ([0-9.,]{1,14})\s*")
_ATTRIBUTES = ("label", "help", "examples")


def parse_kind(name: str, raw: str, offset: int) -> Variable | None:
    """The variable that a declaration with a kind declares; None where the text begins with none.

    Args:
        raw: what stands after the colon; it holds no | sign.
        offset: its place, counted from the opening bracket.

    Raises:
        DeclarationProblem: for the first mistake.
    """
    pieces = [(match.group(), offset + match.start()) for match in _PIECES[";"].finditer(raw)]
    if not pieces:
        return None
    head, at = pieces[0]
    at += len(head) - len(head.lstrip())
    word, _, rest = head.strip().partition(" ")
    bare, equals, _ = word.partition("=")
    kind = _KINDS.get(bare.lower())
    if kind is None:
        return None
    rest = f"={word.partition('=')[2]} {rest}" if equals else rest
    variable = _with_limits(Variable(name, kind=kind), rest.strip(), at)
    for piece, where in pieces[1:]:
        variable = _with_attribute(variable, piece, where)
    if kind is Kind.CHOICE and not variable.choices:
        raise DeclarationProblem(
            at, "no_choices", f"Write the choices as [{name}: choice of red, teal, gold]."
        )
    return variable


def _with_limits(variable: Variable, text: str, at: int) -> Variable:
    """The variable with what stands between its kind and the first semicolon."""
    before = _BEFORE_EQUALS.match(text)
    limits_text = before.group().strip() if before else ""
    rest = text[before.end() :] if before else text
    equals, default = rest[:1], rest[1:]
    if limits_text.startswith("of ") and variable.kind is not Kind.TEXT:
        variable = _with_choices(variable, limits_text[3:], at)
    else:
        variable = replace(variable, limits=_limits(variable, limits_text, at))
    if not equals:
        return variable
    value = _value(variable, default, at)
    if not value:
        raise DeclarationProblem(
            at,
            "empty_default",
            "There is no default after the = sign. Write one, or remove the = sign.",
        )
    return replace(variable, default=value)


def _limits(variable: Variable, text: str, at: int) -> Limits:
    limits = NO_LIMITS
    if variable.kind is Kind.TEXT and (match := _UP_TO.fullmatch(text)):
        limits = Limits(longest=_length(int(match.group(1)), at))
    elif variable.kind is Kind.NUMBER and text:
        match = _RANGE.match(text)
        rest = text[match.end() :] if match else text
        low, high = (_number(match.group(side), at) for side in (1, 2)) if match else (None, None)
        step = _STEP.fullmatch(rest)
        if (rest and step is None) or (match is None and step is None):
            raise _misplaced(variable.kind, at)
        limits = Limits(low, high, _number(step.group(1), at) if step else None)
        _check_range(limits, at)
    elif text:
        raise _misplaced(variable.kind, at)
    return limits


def _check_range(limits: Limits, at: int) -> None:
    if limits.low is not None and limits.high is not None and limits.low >= limits.high:
        raise DeclarationProblem(at, "bad_range", "Write the smaller number first, as in 1 to 9.")
    if limits.step is not None and limits.step <= 0:
        raise DeclarationProblem(at, "bad_step", "A step is larger than nought, as in step 0.5.")


def _length(longest: int, at: int) -> int:
    if not 1 <= longest <= MAX_VALUE_CHARACTERS:
        raise DeclarationProblem(
            at, "bad_length", f"A text may have up to 1 to {MAX_VALUE_CHARACTERS} characters."
        )
    return longest


def _number(text: str, at: int) -> Decimal:
    number = read_number(text)
    if number is None:
        raise DeclarationProblem(at, "not_a_number", "Write numbers as in number 0.5 to 2.")
    return number


def _misplaced(kind: Kind, at: int) -> DeclarationProblem:
    forms = {
        Kind.TEXT: "text, or text up to 40",
        Kind.CHOICE: "choice of red, teal, gold",
        Kind.NUMBER: "number, number 1 to 9, or number 0 to 1 step 0.1",
        Kind.COLOUR: "colour, or colour of red, teal, gold",
        Kind.ASPECT: "aspect, or aspect of 1:1, 16:9",
    }
    return DeclarationProblem(
        at,
        "bad_limits",
        f"This kind is written as {forms[kind]}; a default follows after an = sign, and help "
        "after a semicolon.",
    )


def _with_choices(variable: Variable, text: str, at: int) -> Variable:
    choices: list[str] = []
    for match in _PIECES[","].finditer(text):
        choice = _value(variable, match.group(), at)
        if not choice:
            raise DeclarationProblem(at, "empty_choice", "One of the choices is empty.")
        if variable_key(choice) in map(variable_key, choices):
            raise DeclarationProblem(at, "repeated_choice", "This choice is there twice.")
        choices.append(choice)
    if len(choices) < 2:
        raise DeclarationProblem(
            at, "one_choice", "Name at least two choices, separated by commas."
        )
    return replace(variable, choices=tuple(choices), default=choices[0])


def _with_attribute(variable: Variable, piece: str, at: int) -> Variable:
    key, equals, raw = piece.strip().partition("=")
    key = key.strip().lower()
    if not equals or key not in _ATTRIBUTES:
        raise DeclarationProblem(
            at,
            "unknown_attribute",
            "After a semicolon write label=…, help=… or examples=…; for a semicolon in the text, "
            "write \\;.",
        )
    if key == "examples":
        return replace(variable, examples=_examples(variable, raw, at))
    text = normalise_value(_ESCAPE.sub(r"\1", raw))
    longest = MAX_LABEL if key == "label" else MAX_HELP
    if len(text) > longest or any(map(is_control, text)):
        raise DeclarationProblem(
            at, f"bad_{key}", f"Write the {key} in one line of at most {longest} characters."
        )
    return replace(variable, label=text) if key == "label" else replace(variable, help=text)


def _examples(variable: Variable, raw: str, at: int) -> tuple[str, ...]:
    pieces = [match.group() for match in _PIECES[","].finditer(raw)]
    found = dict.fromkeys(filter(None, (_value(variable, piece, at) for piece in pieces)))
    if len(found) > MAX_EXAMPLES:
        raise DeclarationProblem(
            at, "too_many_examples", f"Give at most {MAX_EXAMPLES} examples, separated by commas."
        )
    return tuple(found)


def _value(variable: Variable, raw: str, at: int) -> str:
    """A default, choice or example: unescaped, in its one spelling, checked; may be empty."""
    value = normalise_value(_ESCAPE.sub(r"\1", raw))
    if not value:
        return value
    problem = value_problem(value)
    if problem is None:
        value, problem = spelled(variable.kind, variable.limits, value)
    if problem is None and variable.choices:
        known = {variable_key(choice): choice for choice in variable.choices}
        if variable_key(value) not in known:
            raise DeclarationProblem(at, "not_a_choice", "This is none of the choices before it.")
        value = known[variable_key(value)]
    if problem is not None:
        raise DeclarationProblem(at, *problem)
    return value
