"""Errors as Stripe words them: a type, a code, a parameter and an HTTP status."""

from __future__ import annotations

from typing import Any


class StripeError(Exception):
    """An API call that Stripe would refuse.

    `executed` says whether the refusal came from the operation itself: such answers are kept under
    their idempotency key, while refusals of the request's form are not.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        executed: bool = True,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.type = type
        self.code = code
        self.param = param
        self.executed = executed

    def body(self, request_id: str | None = None) -> dict[str, Any]:
        """The JSON body of the answer; absent parts are left out, as Stripe does."""
        error = {"message": self.message, "type": self.type}
        if request_id:
            error["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}"
        if self.code:
            error["code"] = self.code
            error["doc_url"] = f"https://docs.stripe.com/error-codes#{self.code.replace('_', '-')}"
        if self.param:
            error["param"] = self.param
        return {"error": error}


def invalid(message: str, param: str | None = None, code: str | None = None) -> StripeError:
    """A request whose form is wrong: refused before anything is done."""
    return StripeError(message, param=param, code=code, executed=False)


def missing(kind: str, object_id: str, param: str = "id") -> StripeError:
    """No such object, when the id stands in the address (404)."""
    return StripeError(
        f"No such {kind}: '{object_id}'", status=404, code="resource_missing", param=param
    )


def dangling(kind: str, object_id: str, param: str) -> StripeError:
    """No such object, when the id stands in a parameter (400)."""
    return StripeError(f"No such {kind}: '{object_id}'", code="resource_missing", param=param)


def unsupported(param: str) -> StripeError:
    """A real parameter that the emulator does not implement: refused rather than ignored."""
    return StripeError(
        f"The emulator does not implement `{param}`. Stripe would accept it.",
        code="emulator_unsupported",
        param=param,
        executed=False,
    )
