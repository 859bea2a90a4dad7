"""The exception by which a declaration's mistake reaches the grammar."""

from __future__ import annotations


class DeclarationProblem(Exception):
    """A mistake in a declaration; `offset` counts from the opening bracket."""

    def __init__(self, offset: int, code: str, message: str) -> None:
        super().__init__(code)
        self.offset = offset
        self.code = code
        self.message = message
