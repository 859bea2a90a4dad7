"""What can be wrong with a template or with the values for it, in words a seller or buyer reads.

Messages name variables (they are public) but never quote the template's text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from marketplace.core.errors import InvalidError


@dataclass(frozen=True, slots=True)
class TemplateProblem:
    """One mistake in a template; line and column count from 1, in characters."""

    code: str
    message: str
    line: int
    column: int


class TemplateError(InvalidError):
    """A template that cannot be accepted.

    `problems` lists every mistake found, in reading order and never empty; `code`, `message`,
    `line` and `column` are those of the first.
    """

    def __init__(self, problems: Sequence[TemplateProblem]) -> None:
        first = problems[0]
        super().__init__(first.message, first.code, field="prompt")
        self.problems = tuple(problems)
        self.line = first.line
        self.column = first.column


@dataclass(frozen=True, slots=True)
class ValueProblem:
    """One value that cannot be filled in."""

    code: str
    message: str


class FillError(InvalidError):
    """Values that do not fit a template; `problems` maps a variable's name to its problem.

    The key is the template's spelling of the name or, for a name that the template does not
    have, the name as it was given.
    """

    def __init__(self, problems: Mapping[str, ValueProblem]) -> None:
        first = next(iter(problems.values()))
        super().__init__(first.message, first.code, field="values")
        self.problems = dict(problems)
