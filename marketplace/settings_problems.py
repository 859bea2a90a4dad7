"""What is wrong with a configuration, in lines that a person can act on."""

from __future__ import annotations

from pydantic import ValidationError


def readable(error: ValidationError) -> str:
    """One line per problem, naming the variable but never showing its value."""
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        name = ".".join(str(part) for part in problem["loc"][:1])
        text = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "missing":
            text = "is not set"
        for part in text.split("; ") if not name else [text]:
            lines.append(f"  - {name or 'unsafe'}: {part}")
    return "Bracket cannot start with these settings:\n" + "\n".join(lines)
