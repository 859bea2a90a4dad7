"""Hints on a prompt in the spirit of prompt-writing guides: never blocking, each with a place.

What is looked for stands in rules.json; the modules here say only how it is looked for.
"""

from marketplace.prompts.lint.findings import Finding, LintContext, Severity
from marketplace.prompts.lint.run import lint
from marketplace.prompts.lint.tokens import estimated_tokens

__all__ = ["Finding", "LintContext", "Severity", "estimated_tokens", "lint"]
