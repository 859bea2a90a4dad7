"""From a template's source text to a Template, with every mistake reported at once.

The language: `[name]` is a variable, `[name=default]` one with a default, `[name: a | b | c]`
one with choices, the first being the default; `[name: number 1 to 9 = 3; help=…]` is one with a
kind, see kind_declarations. `\\[`, `\\]` and `\\\\` are a literal bracket or backslash; a backslash
before anything else is just a backslash. A name may occur more than once and is one variable,
declared at any one of its occurrences.
"""

from __future__ import annotations

import re
from dataclasses import replace

from marketplace.prompts.declarations import parse_declaration, same_declaration, unescape
from marketplace.prompts.errors import TemplateError, TemplateProblem
from marketplace.prompts.problems import DeclarationProblem
from marketplace.prompts.template import Slot, Template, Text, Variable
from marketplace.prompts.values import is_control

MAX_TEMPLATE_CHARACTERS = 4_000
MAX_VARIABLES = 12
MAX_PROBLEMS = 20  # more would bury the first, which is the one to mend

_TEXT = re.compile(r"(?:\\[\[\]\\]|[^\[\]])+")
_SLOT_BODY = re.compile(r"(?:\\[\[\]\\]|[^\[\]\n])*")


def parse(source: str) -> Template:
    """Parse a template of at most 4,000 characters and 12 variables; CRLF counts as one.

    Raises TemplateError with every problem found, each with its line and column.
    """
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    if len(source) > MAX_TEMPLATE_CHARACTERS:
        message = (
            f"The prompt has {len(source)} characters; "
            f"shorten it to {MAX_TEMPLATE_CHARACTERS} or fewer."
        )
        raise TemplateError([_problem(source, MAX_TEMPLATE_CHARACTERS, "too_long", message)])
    if not source.strip():
        raise TemplateError([_problem(source, 0, "empty", "The prompt is empty; write it here.")])
    return _Parser(source).parse()


def _problem(source: str, offset: int, code: str, message: str) -> TemplateProblem:
    line = source.count("\n", 0, offset) + 1
    column = offset - source.rfind("\n", 0, offset)
    return TemplateProblem(code, message, line, column)


class _Parser:
    """One walk over one source; collects nodes, variables and problems."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.found: list[tuple[int, str, str]] = []  # offset, code, message
        self.nodes: list[Text | Slot] = []
        self.variables: dict[str, Variable] = {}  # by key, in order of first appearance
        # Set after a bracket left open at a line's end: its late "]" is no second mistake.
        self.late_bracket_expected = False

    def parse(self) -> Template:
        self._check_characters()
        offset = 0
        while offset < len(self.source):
            char = self.source[offset]
            if char == "[":
                offset = self._slot(offset)
            elif char == "]":
                offset = self._stray(offset)
            else:
                offset = self._text(offset)
        if self.found:
            ordered = sorted(self.found, key=lambda found: found[0])[:MAX_PROBLEMS]
            raise TemplateError([_problem(self.source, *found) for found in ordered])
        return Template(tuple(self.nodes), tuple(self.variables.values()))

    def _report(self, offset: int, code: str, message: str) -> None:
        self.found.append((offset, code, message))

    def _check_characters(self) -> None:
        for offset, char in enumerate(self.source):
            if char not in "\n\t" and is_control(char):
                self._report(
                    offset,
                    "control_character",
                    "There is an invisible control character here; delete it and type the "
                    "characters around it again.",
                )
                return  # where there is one there are often hundreds

    def _text(self, offset: int) -> int:
        match = _TEXT.match(self.source, offset)
        assert match is not None  # the caller saw a character that is no bracket
        self.nodes.append(Text(unescape(match.group())))
        return match.end()

    def _stray(self, offset: int) -> int:
        if not self.late_bracket_expected:
            self._report(
                offset,
                "stray_bracket",
                "This ] closes nothing. Remove it or, for a bracket in the text, write \\].",
            )
        self.late_bracket_expected = False
        return offset + 1

    def _slot(self, offset: int) -> int:
        self.late_bracket_expected = False
        match = _SLOT_BODY.match(self.source, offset + 1)
        assert match is not None  # the pattern matches the empty string
        end = match.end()
        closing = self.source[end : end + 1]
        if closing != "]":
            self._report(
                offset,
                "open_bracket",
                "This [ is not closed on its line. Close it with ] or, for a bracket in the "
                "text, write \\[.",
            )
            self.late_bracket_expected = closing == "\n"
            return end
        try:
            variable = parse_declaration(match.group())
        except DeclarationProblem as problem:
            self._report(offset + problem.offset, problem.code, problem.message)
        else:
            self._occurrence(offset, variable)
        return end + 1

    def _occurrence(self, offset: int, variable: Variable) -> None:
        """Take in one well-formed slot, checking it against earlier ones of the same name."""
        known = self.variables.get(variable.key)
        if known is None:
            known = self.variables[variable.key] = variable
            if len(self.variables) == MAX_VARIABLES + 1:
                self._report(
                    offset,
                    "too_many_variables",
                    f"This is variable number {MAX_VARIABLES + 1}; a prompt has at most "
                    f"{MAX_VARIABLES}. Make some of them plain text.",
                )
        elif variable.is_declared:
            if not known.is_declared:  # declared late: the first occurrence's spelling stays
                self.variables[variable.key] = replace(variable, name=known.name)
            elif not same_declaration(known, variable):
                self._report(
                    offset,
                    "conflicting_declaration",
                    f"[{known.name}] was given another default or other choices before. Say "
                    f"them once and write [{known.name}] elsewhere.",
                )
        self.nodes.append(Slot(known.name))
