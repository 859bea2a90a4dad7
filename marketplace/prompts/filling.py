"""Values into a template: the final prompt."""

from __future__ import annotations

from collections.abc import Mapping

from marketplace.prompts.errors import FillError, ValueProblem
from marketplace.prompts.kinds import spelled, typical_values
from marketplace.prompts.redaction import public_variable
from marketplace.prompts.template import Slot, Template, Variable
from marketplace.prompts.values import normalise_value, value_problem, variable_key


def fill(template: Template, values: Mapping[str, str]) -> str:
    """The final prompt with `values`, by variable name in any case and spacing, put in.

    A missing or blank value means the default. The result holds no bracket but those that the
    template carries as literals, for values may hold none.

    Raises FillError listing every value at fault: unknown name, missing without a default,
    longer than 120 characters, not among the choices, against its kind or limits, control
    characters, brackets.
    """
    resolved = resolve_values(template, values)
    return "".join(
        resolved[node.name] if isinstance(node, Slot) else node.value for node in template.nodes
    )


def resolve_values(template: Template, values: Mapping[str, str]) -> dict[str, str]:
    """The value of every variable, by its name as the template spells it, all checked.

    Raises FillError as `fill` does.
    """
    problems: dict[str, ValueProblem] = {}
    given: dict[str, str] = {}
    for name, value in values.items():
        variable = template.variable(name)
        if variable is None:
            problems[name] = ValueProblem("unknown", "This prompt has no variable of this name.")
        elif variable.name in given:
            problems[variable.name] = ValueProblem("twice", "This variable was given twice.")
        else:
            given[variable.name] = value

    resolved: dict[str, str] = {}
    for variable in template.variables:
        outcome = _resolve(variable, given.get(variable.name, ""))
        if isinstance(outcome, ValueProblem):
            problems.setdefault(variable.name, outcome)
        else:
            resolved[variable.name] = outcome
    if problems:
        raise FillError(problems)
    return resolved


def default_values(template: Template) -> dict[str, str]:
    """Defaults by variable name, of those variables that have one."""
    return {
        variable.name: variable.default
        for variable in template.variables
        if variable.default is not None
    }


def example_values(template: Template) -> dict[str, str]:
    """A valid value for every variable: its default or an example or, without one, its own name."""
    return {variable.name: example_value(variable) for variable in template.variables}


def example_value(variable: Variable) -> str:
    """A valid value for one variable."""
    if variable.default is not None:
        return variable.default
    if variable.examples:
        return variable.examples[0]
    typical = typical_values(public_variable(variable))
    return typical[0] if typical else variable.name[: variable.limits.longest].strip()


def example(template: Template) -> str:
    """The prompt filled with `example_values`. As secret as the template itself."""
    return fill(template, example_values(template))


def _resolve(variable: Variable, raw: str) -> str | ValueProblem:
    """The checked value for one variable, or what is wrong with it."""
    value = normalise_value(raw)
    if not value:
        if variable.default is None:
            return ValueProblem("missing", "This has no default; please fill it in.")
        return variable.default
    problem = value_problem(value)
    if problem is not None:
        return ValueProblem(*problem)
    value, problem = spelled(variable.kind, variable.limits, value)
    if problem is not None:
        return ValueProblem(*problem)
    if not variable.choices:
        return value
    for choice in variable.choices:
        if variable_key(choice) == variable_key(value):
            return choice
    return ValueProblem("not_a_choice", f"Choose one of: {', '.join(variable.choices)}.")
