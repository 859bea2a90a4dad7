"""The prompt language: template grammar, filling, redaction. Pure: no I/O, no Flask, no database.

Prompt text is the product. Nothing here logs, and no error or `repr` quotes a template's text.
"""

from marketplace.prompts.describing import describe_variable
from marketplace.prompts.errors import FillError, TemplateError, TemplateProblem, ValueProblem
from marketplace.prompts.filling import default_values, example, example_values, fill
from marketplace.prompts.grammar import MAX_TEMPLATE_CHARACTERS, MAX_VARIABLES, parse
from marketplace.prompts.kinds import Kind, Limits, typical_values
from marketplace.prompts.redaction import public_variables, skeleton
from marketplace.prompts.template import Slot, Template, Text, Variable, format_template
from marketplace.prompts.values import (
    MAX_NAME_CHARACTERS,
    MAX_VALUE_CHARACTERS,
    variable_key,
)
from marketplace.prompts.words import word_count

__all__ = [
    "MAX_NAME_CHARACTERS",
    "MAX_TEMPLATE_CHARACTERS",
    "MAX_VALUE_CHARACTERS",
    "MAX_VARIABLES",
    "FillError",
    "Kind",
    "Limits",
    "Slot",
    "Template",
    "TemplateError",
    "TemplateProblem",
    "Text",
    "ValueProblem",
    "Variable",
    "default_values",
    "describe_variable",
    "example",
    "example_values",
    "fill",
    "format_template",
    "parse",
    "public_variables",
    "skeleton",
    "typical_values",
    "variable_key",
    "word_count",
]
