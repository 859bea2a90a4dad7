"""The family of errors that features raise and the web turns into pages."""

from __future__ import annotations


class DomainError(Exception):
    """Something the rules refuse; ``message`` is written for the person who asked."""

    status = 400
    code = "refused"

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class NotFoundError(DomainError):
    """No such thing, or not yours: the two are never told apart."""

    status = 404
    code = "not_found"

    def __init__(self, message: str = "There is nothing here.") -> None:
        super().__init__(message)


class ForbiddenError(DomainError):
    """Known person, missing right."""

    status = 403
    code = "forbidden"


class ConflictError(DomainError):
    """The thing has changed since the person last saw it."""

    status = 409
    code = "conflict"


class InvalidError(DomainError):
    """Input that cannot be accepted; ``field`` names the form field where known."""

    status = 422
    code = "invalid"

    def __init__(self, message: str, code: str | None = None, field: str | None = None) -> None:
        super().__init__(message, code)
        self.field = field


class UnavailableError(DomainError):
    """An outside system does not answer; trying again later may help."""

    status = 503
    code = "unavailable"
